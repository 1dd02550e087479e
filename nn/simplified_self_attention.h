#pragma once
#include "nn/attention_trace.h"
#include "nn/layer.h"

namespace gradus::nn {

/// Self-attention without trainable weights: softmax(x x^T) x.   x (..., T, d) -> (..., T, d)
struct SimplifiedSelfAttention : Layer<SimplifiedSelfAttention> {
  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr) const {
    const Tensor scores = matmul(x, x.transpose(-2, -1));  // (..., T, T)
    const Tensor weights = softmax(scores, -1);            // (..., T, T), rows sum to 1
    const Tensor context = matmul(weights, x);             // (..., T, d)
    if (trace) *trace = {x, x, x, scores, scores, weights, weights, context, context, context};
    return context;
  }
};

}  // namespace gradus::nn
