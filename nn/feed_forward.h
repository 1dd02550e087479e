#pragma once
#include "nn/containers.h"
#include "nn/gelu.h"
#include "nn/linear.h"

namespace gradus::nn {

/// W2 gelu(W1 x + b1) + b2, applied to each token separately, with 4 C hidden units.
/// x (..., C) -> (..., C)
struct FeedForward : Layer<FeedForward> {
  const Sequential layers;

  explicit FeedForward(int64_t C)
      : layers(register_module(
            "layers", Sequential{Linear(checked_size("feed_forward", "C", C), 4 * C), GELU("tanh"),
                                 Linear(4 * C, C)})) {}

  Tensor forward(const Tensor& x) const { return layers(x); }
};

}  // namespace gradus::nn
