// What is wrong with a tensor, seen from the right one: how many elements differ, which the most,
// and which of the usual mistakes explains all of it.
#pragma once
#include "tensor/tensor.h"

namespace gradus {

/// How a tensor differs from the right one.
struct Difference {
  int64_t wrong = 0, of = 0;    // elements
  double worst = 0;             // the largest |yours - right|
  Shape at;                     // where that is
  double yours = 0, right = 0;  // and what is there
  std::string guess;            // the mistake that explains every element, or ""
};

/// An element is right if |yours - right| <= atol + rtol |right|.
struct Tolerance {
  double rtol = 1e-7, atol = 1e-9;
};

/// Compares two floating-point tensors of one shape. `unknown` (bool, the same shape) marks
/// elements to leave out; `sizes` are numbers, besides those of the shape, that a forgotten
/// division could be by.
Difference compare(const Tensor& yours, const Tensor& right, const Tolerance& tolerance = {},
                   const Tensor& unknown = {}, const std::vector<int64_t>& sizes = {});

/// "yours 0.4127, right 0.2063 at [0, 1, 3] (192 of 192 elements differ)"
std::string to_string(const Difference& difference, const char* yours = "yours",
                      const char* right = "right");

}  // namespace gradus
