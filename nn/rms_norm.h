#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// The options of RMSNorm.
struct RMSNormOptions {
  std::optional<double> eps = {};  // added under the root; default: see rms_norm
  bool elementwise_affine = true;  // learn the weight
};

/// x / sqrt(mean(x^2) + eps) * weight over the last dimensions (Zhang and Sennrich 2019).
/// x (..., C) -> (..., C)
struct RMSNorm : Layer<RMSNorm> {
  const Shape normalized_shape;  // (C), or several last dimensions
  const std::optional<double> eps;
  const Tensor weight;  // (C); undefined without elementwise_affine

  explicit RMSNorm(const Shape& shape, const RMSNormOptions& options = {})
      : normalized_shape(checked_sizes("rms_norm", shape)),
        eps(options.eps),
        weight(options.elementwise_affine ? register_parameter("weight", ones(shape)) : Tensor()) {
    set_extra_repr(
        {{"", normalized_shape}, {"eps", eps}, {"elementwise_affine", weight.defined()}});
  }
  explicit RMSNorm(std::initializer_list<int64_t> shape, const RMSNormOptions& options = {})
      : RMSNorm(Shape(shape), options) {}

  Tensor forward(const Tensor& x) const { return rms_norm(x, normalized_shape, weight, eps); }
};

}  // namespace gradus::nn
