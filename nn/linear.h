#pragma once
#include <cmath>

#include "nn/layer.h"

namespace gradus::nn {

/// Uniform in [-1/sqrt(fan_in), 1/sqrt(fan_in)), PyTorch's initialisation of linear and recurrent
/// layers.
inline Tensor uniform_init(const Shape& sizes, int64_t fan_in) {
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  return empty(sizes).uniform_(-bound, bound);
}

/// y = x W^T + b.   x (..., in) -> (..., out)
struct Linear : Layer<Linear> {
  const Tensor weight;  // (out, in)
  const Tensor bias;    // (out), or undefined

  Linear(int64_t in, int64_t out, bool with_bias = true)
      : weight(register_parameter(
            "weight", uniform_init(checked_sizes("linear", {checked_size("linear", "out", out),
                                                            checked_size("linear", "in", in)}),
                                   in))),
        bias(with_bias ? register_parameter("bias", uniform_init({out}, in)) : Tensor()) {
    print_sizes();
  }
  /// Shares existing tensors.
  explicit Linear(const Tensor& w, const Tensor& b = {})
      : weight(register_parameter("weight", w)),
        bias(b.defined() ? register_parameter("bias", b) : Tensor()) {
    check(w.dim() == 2 && (!b.defined() || b.sizes() == Shape{w.size(0)}),
          "linear: the weight is {}, expected [out, in]; a bias must be [out]", w.sizes());
    print_sizes();
  }

  Tensor forward(const Tensor& x) const { return linear(x, weight, bias); }

 private:
  void print_sizes() const {
    set_extra_repr({{"in_features", weight.size(1)},
                    {"out_features", weight.size(0)},
                    {"bias", bias.defined()}});
  }
};

}  // namespace gradus::nn
