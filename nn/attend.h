#pragma once
#include <cmath>

#include "nn/attention_trace.h"
#include "nn/dropout.h"

namespace gradus::nn {

/// Scaled dot-product attention of queries q (..., T, D) over keys k and values v (..., S, D), as
/// in "Attention Is All You Need" (Vaswani et al. 2017, section 3.2.1), with dropout:
///
///   scores  = q k^T, and -inf for keys that are not visible   (..., T, S)
///   weights = softmax(scores / sqrt(D))                       (..., T, S)
///   context = dropout(weights) v                              (..., T, D)
///
/// Key s is visible to query t if the mask (bool, broadcast to (..., T, S), true: visible) says so
/// and, if causal, s <= t. The context of a query without any visible key is zero.
inline Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Dropout& dropout,
                     bool causal, const Tensor& mask = {}, AttentionTrace* trace = nullptr) {
  if (mask.defined())
    check(mask.dtype() == kBool, "attention: the mask is {}, expected bool (true: visible)",
          mask.dtype());
  // Without a trace one fused op computes everything, and no (T, S) matrix is in memory.
  if (!trace && !mask.defined())
    return scaled_dot_product_attention(q, k, v, {}, dropout.active_p(), causal);
  Tensor visible = mask.defined() ? mask : ones(1, kBool);  // (..., T, S)
  if (causal) visible = logical_and(ones({q.size(-2), k.size(-2)}, kBool).tril(), visible);
  if (!trace) return scaled_dot_product_attention(q, k, v, visible, dropout.active_p());

  const double scale = std::sqrt(static_cast<double>(q.size(-1)));
  const Tensor scores = matmul(q, k.transpose(-2, -1));                       // (..., T, S)
  const Tensor masked = scores.masked_fill(logical_not(visible), -INFINITY);  // (..., T, S)
  const Tensor weights = masked_softmax(masked / scale);                      // (..., T, S)
  const Tensor dropped = dropout(weights);                                    // (..., T, S)
  const Tensor context = matmul(dropped, v);                                  // (..., T, D)
  *trace = {.q = q,
            .k = k,
            .v = v,
            .scores = scores,
            .masked_scores = masked,
            .weights = weights,
            .dropped_weights = dropped,
            .context = context,
            .merged = context,
            .output = context};
  return context;
}

}  // namespace gradus::nn
