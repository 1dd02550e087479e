// What this machine can do at most, measured by loops of our own.
#pragma once
#include <string>

namespace bench {

struct Peaks {
  double flops;      // fused multiply-adds of float32, counted as two, per second
  double bandwidth;  // bytes read per second from memory that no cache holds
};

/// With so many threads; each loop runs for about `seconds`, several times, and the best counts.
Peaks measure_peaks(int threads, double seconds);

std::string processor_name();

}  // namespace bench
