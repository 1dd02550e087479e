// A row of the table of ops: what to compute from which tensors.
#pragma once
#include <fmt/format.h>

#include <cmath>

#include "autograd/ops.h"
#include "tensor/random.h"

namespace gradus::tests {

using Tensors = std::vector<Tensor>;
using X = const Tensor&;

struct Row {
  std::string op, name;  // the function in ops.h, and which form of it
  Definition f;
  Tensors inputs;          // float64, or indices and masks
  bool is_fused = false;   // f is one fused op: its value is its definition's
  bool is_smooth = false;  // for third derivatives
  Tensors kink_gradients;  // at a kink differences mean nothing: the gradients of sum(f) by the
                           // inputs, as PyTorch's

  Row fused() && { return is_fused = true, std::move(*this); }
  Row smooth() && { return is_smooth = true, std::move(*this); }
  Row gradients(const Tensors& expected) && { return kink_gradients = expected, std::move(*this); }
  bool is_kink() const { return !kink_gradients.empty(); }
};

/// f takes its tensors one by one.
template <class F>
Row row(std::string op, std::string form, F f, Tensors inputs) {
  Definition on_list = [f](const Tensors& x) -> Tensor {
    if constexpr (std::is_invocable_v<F, X>)
      return f(x[0]);
    else if constexpr (std::is_invocable_v<F, X, X>)
      return f(x[0], x[1]);
    else if constexpr (std::is_invocable_v<F, X, X, X>)
      return f(x[0], x[1], x[2]);
    else
      return f(x[0], x[1], x[2], x[3]);
  };
  std::string name = form.empty() ? op : op + " " + form;
  return {std::move(op), std::move(name), std::move(on_list), std::move(inputs), false, false, {}};
}

inline Tensor uniform(const Shape& sizes, double low, double high, bool either_sign) {
  static Generator g(8);
  const Tensor x = empty(sizes, kFloat64);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double size = low + (high - low) * g.uniform<double>();
    x.data<double>()[i] = either_sign && g.word() % 2 == 0 ? -size : size;
  }
  return x;
}
/// Numbers of either sign, away from zero.
template <class... Sizes>
Tensor R(Sizes... sizes) {
  return uniform(Shape(std::vector<int64_t>{sizes...}), 0.3, 1.5, true);
}
/// Positive numbers.
template <class... Sizes>
Tensor P(Sizes... sizes) {
  return uniform(Shape(std::vector<int64_t>{sizes...}), 0.3, 2, false);
}
/// The numbers given, as float64.
inline Tensor V(const NestedNumbers& values) { return tensor(values, kFloat64); }
/// The indices given.
inline Tensor I(const NestedNumbers& values) { return tensor(values, kInt64); }
/// A mask: bool from zeros and ones.
inline Tensor M(const NestedNumbers& values) { return tensor(values, kBool); }

using Rows = std::vector<Row>;
inline constexpr double kInf = std::numeric_limits<double>::infinity();

}  // namespace gradus::tests
