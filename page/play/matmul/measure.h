// How fast the steps of the matrix product are: on the machine, or in the page, where this runs.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gradus::page {

struct Measured {
  std::string where;                // the processor, or "this tab"
  int64_t size = 0;                 // n of C = A B with n x n numbers
  int64_t vector = 0;               // bytes in a vector
  double peak = 0;                  // multiply-adds of numbers in registers: GFLOP/s, one thread
  std::vector<double> gflops = {};  // of each step, and at last of the library's product
};

/// Measures each step for about `seconds` with one thread; the best time counts. n is a multiple of
/// 256. Throws Error if a step computes another product than the library.
Measured measure(int64_t n, double seconds);

}  // namespace gradus::page
