#pragma once
#include <cmath>

#include "nn/attention_trace.h"
#include "nn/dropout.h"
#include "nn/linear.h"

namespace gradus::nn {

/// softmax(q k^T / sqrt(D)) v over the keys that a query sees: those that the mask (bool, broadcast
/// to (..., T, S), true: takes part) lets take part, and if causal only 0 ... t of them for query
/// t. A query that sees none gets zeros. q (..., T, D), k and v (..., S, D) -> (..., T, D)
inline Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Dropout& dropout,
                     bool causal, const Tensor& mask = {}, AttentionTrace* trace = nullptr) {
  check(!mask.defined() || mask.dtype() == kBool,
        "attention: the mask is {}, expected bool: true takes part",
        mask.defined() ? mask.dtype() : kBool);
  if (!trace && !mask.defined())  // one fused op, which never has the T x S matrices in memory
    return scaled_dot_product_attention(q, k, v, {}, dropout.active_p(), causal);
  Tensor visible = mask.defined() ? mask : ones(1, kBool);  // (..., T, S)
  if (causal) visible = logical_and(ones({q.size(-2), k.size(-2)}, kBool).tril(), visible);
  if (!trace) return scaled_dot_product_attention(q, k, v, visible, dropout.active_p());

  const Tensor scores = matmul(q, k.transpose(-2, -1));                       // (..., T, S)
  const Tensor masked = scores.masked_fill(logical_not(visible), -INFINITY);  // (..., T, S)
  const Tensor weights =
      masked_softmax(masked / std::sqrt(static_cast<double>(q.size(-1))));  // (..., T, S)
  const Tensor dropped = dropout(weights);                                  // (..., T, S)
  const Tensor context = matmul(dropped, v);                                // (..., T, D)
  *trace = {q, k, v, scores, masked, weights, dropped, context, context, context};
  return context;
}

/// Causal self-attention: token t attends to tokens 0 ... t.   x (..., T, d_in) -> (..., T, d_out)
struct CausalAttention : Module {
  const int64_t context_length;  // T is at most this
  const Linear W_query, W_key, W_value;
  const Dropout dropout;

  CausalAttention(int64_t d_in, int64_t d_out, int64_t longest, double dropout_p,
                  bool qkv_bias = false)
      : context_length(longest),
        W_query(register_module("W_query", Linear(d_in, d_out, qkv_bias))),
        W_key(register_module("W_key", Linear(d_in, d_out, qkv_bias))),
        W_value(register_module("W_value", Linear(d_in, d_out, qkv_bias))),
        dropout(register_module("dropout", Dropout(dropout_p))) {}

  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    const auto in_scope = scope();
    check(x.dim() >= 2 && x.size(-2) <= context_length,
          "causal_attention: x is {}, expected at most {} tokens (..., T, d_in)", x.sizes(),
          context_length);
    const Tensor q = W_query(x);
    const Tensor k = W_key(x);
    const Tensor v = W_value(x);                                    // (..., T, d_out)
    return attend(q, k, v, dropout, /*causal=*/true, mask, trace);  // (..., T, d_out)
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }
};

}  // namespace gradus::nn
