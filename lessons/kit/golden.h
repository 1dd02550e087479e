// The numbers that the book, its notebooks and PyTorch print: lessons/golden/lessons.json.
#pragma once
#include <string>

#include "tensor/tensor.h"

namespace gradus::lessons::golden {

/// The tensor of this name, such as "01_simplified_self_attention/inputs"; of a long one the first
/// values only, in one dimension. Numbers that are not tensors have no dimensions. Throws if there
/// is none.
Tensor get(const std::string& name);
bool has(const std::string& name);

struct Comparison {
  bool same;
  double largest_difference;
  std::string where;  // "" when same
};
/// Whether x is the tensor of this name within 2e-6: shape, infinities and NaN exactly; of a long
/// one its first values.
Comparison compare(const Tensor& x, const std::string& name);
/// Whether a and b, of one shape, are the same within `tolerance`.
Comparison compare(const Tensor& a, const Tensor& b, double tolerance);

}  // namespace gradus::lessons::golden
