// Layer normalisation (Ba, Kiros and Hinton 2016), forward and backward.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// (x - mean) / sqrt(var + eps) * weight + bias, mean and var (divided by C) over the last
/// dimension. x (..., C), weight (C), bias (C) -> (..., C)
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps = 1e-5);

struct LayerNormGradients {
  Tensor dx;       // (..., C)
  Tensor dweight;  // (C)
  Tensor dbias;    // (C)
};

/// The gradients of layer_norm for dy = d(loss)/dy, (..., C).
LayerNormGradients layer_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                       double eps = 1e-5);

}  // namespace mine
