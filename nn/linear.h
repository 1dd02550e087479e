#pragma once
#include <cmath>

#include "nn/module.h"

namespace gradus::nn {

/// Uniform between -1/sqrt(fan_in) and 1/sqrt(fan_in), as PyTorch fills linear and recurrent
/// layers.
inline Tensor uniform_init(const Shape& sizes, int64_t fan_in) {
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  return empty(sizes).uniform_(-bound, bound);
}

/// y = x W^T + b.   x (..., in) -> (..., out)
struct Linear : Module {
  const Tensor weight;  // (out, in)
  const Tensor bias;    // (out), or undefined

  Linear(int64_t in, int64_t out, bool with_bias = true)
      : weight(register_parameter("weight", uniform_init({out, in}, in))),
        bias(with_bias ? register_parameter("bias", uniform_init({out}, in)) : Tensor()) {}
  /// Shares weights that are there already.
  explicit Linear(const Tensor& w, const Tensor& b = {})
      : weight(register_parameter("weight", w)),
        bias(b.defined() ? register_parameter("bias", b) : Tensor()) {
    check(w.dim() == 2 && (!b.defined() || b.sizes() == Shape{w.size(0)}),
          "linear: the weight is {}, expected [out, in]; a bias must be [out]", w.sizes());
  }

  Tensor forward(const Tensor& x) const {
    const auto in_scope = scope();
    return linear(x, weight, bias);
  }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace gradus::nn
