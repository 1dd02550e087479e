// A row of the table of ops: a function, the tensors to call it with, and what is special about it.
#pragma once
#include <fmt/format.h>

#include <cmath>

#include "autograd/ops.h"
#include "tensor/random.h"

namespace gradus::tests {

using Tensors = std::vector<Tensor>;
using X = const Tensor&;  // of the lambdas in the table

struct Row {
  std::string op;    // the function in ops.h
  std::string name;  // with the form of the call
  Definition f;
  Tensors inputs;          // float64, or indices and masks
  bool is_fused = false;   // f is one fused op, which must agree with its definition
  bool is_smooth = false;  // third derivatives are checked, too
  // At a kink central differences are meaningless. A row at a kink has the gradients of sum(f) with
  // respect to the inputs here, as PyTorch computes them.
  Tensors kink_gradients;

  Row fused() && {
    is_fused = true;
    return std::move(*this);
  }
  Row smooth() && {
    is_smooth = true;
    return std::move(*this);
  }
  Row gradients(const Tensors& expected) && {
    kink_gradients = expected;
    return std::move(*this);
  }
  bool is_kink() const { return !kink_gradients.empty(); }
};

/// `form` says what is special about this call. f takes the inputs as one to four arguments.
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

/// float64 numbers with low <= |x| < high, all positive or of either sign.
inline Tensor uniform(const Shape& sizes, double low, double high, bool either_sign) {
  static Generator g(8);
  const Tensor x = empty(sizes, kFloat64);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double magnitude = low + (high - low) * g.uniform<double>();
    x.data<double>()[i] = either_sign && g.word() % 2 == 0 ? -magnitude : magnitude;
  }
  return x;
}
/// Numbers of either sign, away from zero.
template <class... Sizes>
Tensor nonzero(Sizes... sizes) {
  return uniform(Shape(std::vector<int64_t>{sizes...}), 0.3, 1.5, true);
}
/// Positive numbers.
template <class... Sizes>
Tensor positive(Sizes... sizes) {
  return uniform(Shape(std::vector<int64_t>{sizes...}), 0.3, 2, false);
}
/// The numbers given, as float64.
inline Tensor doubles(const NestedNumbers& values) { return tensor(values, kFloat64); }
/// The indices given.
inline Tensor indices(const NestedNumbers& values) { return tensor(values, kInt64); }
/// A mask: bool from zeros and ones.
inline Tensor mask(const NestedNumbers& values) { return tensor(values, kBool); }

using Rows = std::vector<Row>;
inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace gradus::tests
