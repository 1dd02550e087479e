// The numbers that the book, its notebooks and PyTorch print; they are in lessons/golden/.
#pragma once
#include <string>

#include "tensor/tensor.h"

namespace gradus::lessons::golden {

/// The tensor of this name, such as "01_simplified_self_attention/inputs". The files have only the
/// first values of a long tensor; these are then returned, in one dimension. A single number has no
/// dimensions. Throws if there is no such name.
Tensor get(const std::string& name);
bool has(const std::string& name);

struct Comparison {
  bool same;
  double largest_difference;
  std::string where;  // "" when same
};
/// Whether x equals the tensor of this name within 2e-6. Shape, infinities and NaN must agree
/// exactly. Of a long tensor the shape and the first values are compared.
Comparison compare(const Tensor& x, const std::string& name);
/// Whether a and b have the same shape and are equal within `tolerance`.
Comparison compare(const Tensor& a, const Tensor& b, double tolerance);

}  // namespace gradus::lessons::golden
