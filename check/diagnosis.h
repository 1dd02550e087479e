// What is wrong with a tensor, compared with the right one: how many elements differ, which differs
// most, and which common mistake explains all of them.
#pragma once
#include "tensor/tensor.h"

namespace gradus {

/// How a tensor differs from the right one.
struct Difference {
  int64_t wrong = 0;  // how many elements differ,
  int64_t of = 0;     // of how many that were compared
  double worst = 0;   // the largest |yours - right|
  Shape at;           // its index
  double yours = 0;   // and the two values there
  double right = 0;
  std::string guess;  // the mistake that explains every element, or ""
};

/// An element is right if |yours - right| <= atol + rtol |right|.
struct Tolerance {
  double rtol = 1e-7;
  double atol = 1e-9;
};

/// Compares two floating-point tensors of the same shape. `unknown` (bool, of that shape) marks
/// elements to leave out. `sizes` are numbers that a forgotten division could be by, besides those
/// of the shape.
Difference compare(const Tensor& yours, const Tensor& right, const Tolerance& tolerance = {},
                   const Tensor& unknown = {}, const std::vector<int64_t>& sizes = {});

/// "yours 0.4127, right 0.2063 at [0, 1, 3] (192 of 192 elements differ)"; only the two numbers if
/// there is only one element.
std::string to_string(const Difference& difference, const char* yours = "yours",
                      const char* right = "right");

/// Two lines, "yours [1, 1.5, 3]" and "right [1, 2, 4]": the row of the largest difference, or
/// eight elements of it. "" for a single number.
std::string rows_to_string(const Difference& difference, const Tensor& yours, const Tensor& right);

}  // namespace gradus
