#pragma once
#include "nn/containers.h"
#include "nn/gelu.h"
#include "nn/linear.h"

namespace gradus::nn {

/// fc2(gelu(fc1(x))), applied to each token separately, with 4 C hidden units.
/// x (..., C) -> (..., C)
struct FeedForward : Layer<FeedForward> {
  const Linear fc1, fc2;
  const Sequential layers;  // fc1, GELU, fc2

  explicit FeedForward(int64_t C)
      : fc1(checked_size("feed_forward", "C", C), 4 * C),
        fc2(4 * C, C),
        layers(register_module("layers", Sequential{fc1, GELU("tanh"), fc2})) {}

  Tensor forward(const Tensor& x) const { return layers(x); }
};

}  // namespace gradus::nn
