#pragma once
#include "nn/containers.h"
#include "nn/gelu.h"
#include "nn/linear.h"

namespace gradus::nn {

/// W2 gelu(W1 x + b1) + b2, four times as wide inside: each token by itself.   x (..., C) -> (...,
/// C)
struct FeedForward : Module {
  const Sequential layers;

  explicit FeedForward(int64_t C)
      : layers(register_module("layers",
                               Sequential{Linear(C, 4 * C), GELU("tanh"), Linear(4 * C, C)})) {}

  Tensor forward(const Tensor& x) const {
    const auto in_scope = scope();
    return layers(x);
  }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace gradus::nn
