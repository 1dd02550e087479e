#pragma once
#include <cmath>

#include "nn/attention_trace.h"
#include "nn/linear.h"

namespace gradus::nn {

/// Self-attention with trainable weights: softmax(q k^T / sqrt(d_out)) v, where q, k and v are
/// learned projections of x (Vaswani et al. 2017, section 3.2.1).
/// x (..., T, d_in) -> (..., T, d_out)
struct SelfAttention : Layer<SelfAttention> {
  const Linear W_query, W_key, W_value;

  SelfAttention(int64_t d_in, int64_t d_out, bool qkv_bias = false)
      : W_query(register_module("W_query",
                                Linear(checked_size("self_attention", "d_in", d_in),
                                       checked_size("self_attention", "d_out", d_out), qkv_bias))),
        W_key(register_module("W_key", Linear(d_in, d_out, qkv_bias))),
        W_value(register_module("W_value", Linear(d_in, d_out, qkv_bias))) {}

  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr) const {
    const Tensor q = W_query(x);                           // (..., T, d_out)
    const Tensor k = W_key(x);                             // (..., T, d_out)
    const Tensor v = W_value(x);                           // (..., T, d_out)
    const Tensor scores = matmul(q, k.transpose(-2, -1));  // (..., T, T)
    const double scale = std::sqrt(static_cast<double>(k.size(-1)));
    const Tensor weights = softmax(scores / scale, -1);  // (..., T, T), rows sum to 1
    const Tensor context = matmul(weights, v);           // (..., T, d_out)
    if (trace) *trace = {q, k, v, scores, scores, weights, weights, context, context, context};
    return context;
  }
};

}  // namespace gradus::nn
