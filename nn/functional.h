// PyTorch's nn::functional names of the ops that layers use.
#pragma once
#include "autograd/ops.h"

namespace gradus::nn::functional {

using gradus::binary_cross_entropy, gradus::binary_cross_entropy_with_logits,
    gradus::cosine_similarity, gradus::cross_entropy, gradus::elu, gradus::gelu, gradus::huber_loss,
    gradus::kl_div, gradus::l1_loss, gradus::layer_norm, gradus::leaky_relu, gradus::linear,
    gradus::log_softmax, gradus::mse_loss, gradus::nll_loss, gradus::one_hot, gradus::pad,
    gradus::relu, gradus::rms_norm, gradus::scaled_dot_product_attention, gradus::sigmoid,
    gradus::silu, gradus::smooth_l1_loss, gradus::softmax, gradus::softplus, gradus::tanh;

/// Rows of weight (V, C): indices (...) int64 -> (..., C). The order of the arguments differs from
/// gradus::embedding(weight, indices).
inline Tensor embedding(const Tensor& indices, const Tensor& weight) {
  return gradus::embedding(weight, indices);
}
inline Tensor dropout(const Tensor& x, double p = 0.5, bool training = true) {
  return gradus::dropout(x, p, training);
}

}  // namespace gradus::nn::functional
