// PyTorch's second names for the ops that layers use.
#pragma once
#include "autograd/ops.h"

namespace gradus::nn::functional {

using gradus::cross_entropy;
using gradus::gelu;
using gradus::layer_norm;
using gradus::linear;
using gradus::log_softmax;
using gradus::mse_loss;
using gradus::nll_loss;
using gradus::one_hot;
using gradus::relu;
using gradus::scaled_dot_product_attention;
using gradus::silu;
using gradus::softmax;

/// Rows of weight (V, C), whose place is second here: indices (...) int64 -> (..., C).
inline Tensor embedding(const Tensor& indices, const Tensor& weight) { return gradus::embedding(weight, indices); }
inline Tensor dropout(const Tensor& x, double p = 0.5, bool training = true) { return gradus::dropout(x, p, training); }

}  // namespace gradus::nn::functional
