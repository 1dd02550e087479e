// PyTorch's nn::functional names of the ops that layers use.
#pragma once
#include "autograd/ops.h"

namespace gradus::nn::functional {

using gradus::cross_entropy, gradus::gelu, gradus::layer_norm, gradus::linear, gradus::log_softmax,
    gradus::mse_loss, gradus::nll_loss, gradus::one_hot, gradus::relu,
    gradus::scaled_dot_product_attention, gradus::silu, gradus::softmax;

/// Rows of weight (V, C): indices (...) int64 -> (..., C). The order of the arguments differs from
/// gradus::embedding(weight, indices).
inline Tensor embedding(const Tensor& indices, const Tensor& weight) {
  return gradus::embedding(weight, indices);
}
inline Tensor dropout(const Tensor& x, double p = 0.5, bool training = true) {
  return gradus::dropout(x, p, training);
}

}  // namespace gradus::nn::functional
