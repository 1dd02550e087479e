#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// The options of LayerNorm.
struct LayerNormOptions {
  double eps = 1e-5;               // added to the variance, so that constant rows divide by no 0
  bool elementwise_affine = true;  // learn weight and bias
};

/// (x - mean) / sqrt(var + eps) * weight + bias, with mean and variance over the last dimensions,
/// for each token separately (Ba et al. 2016).   x (..., C) -> (..., C)
struct LayerNorm : Layer<LayerNorm> {
  const Shape normalized_shape;  // (C), or several last dimensions
  const double eps;
  const Tensor weight, bias;  // (C); undefined without elementwise_affine

  explicit LayerNorm(const Shape& shape, const LayerNormOptions& options = {})
      : normalized_shape(checked_sizes("layer_norm", shape)),
        eps(options.eps),
        weight(options.elementwise_affine ? register_parameter("weight", ones(shape)) : Tensor()),
        bias(options.elementwise_affine ? register_parameter("bias", zeros(shape)) : Tensor()) {
    set_extra_repr({{"", normalized_shape},
                    {"eps", eps},
                    {"elementwise_affine", weight.defined()},
                    {"bias", bias.defined()}});
  }
  explicit LayerNorm(std::initializer_list<int64_t> shape, const LayerNormOptions& options = {})
      : LayerNorm(Shape(shape), options) {}

  Tensor forward(const Tensor& x) const {
    return layer_norm(x, normalized_shape, weight, bias, eps);
  }
};

}  // namespace gradus::nn
