#pragma once
#include <cmath>

#include "nn/attention_trace.h"
#include "nn/dropout.h"
#include "nn/linear.h"

namespace gradus::nn {

/// softmax(q k^T / sqrt(D)) v in which token t sees tokens 0 ... t, and of these only what the mask (bool, broadcast to
/// (..., T, T), true: takes part) lets it see. A token that sees nothing gets zeros.
/// q, k, v (..., T, D) -> (..., T, D)
inline Tensor causal_attend(const Tensor& q, const Tensor& k, const Tensor& v, const Dropout& dropout,
                            const Tensor& mask = {}, AttentionTrace* trace = nullptr) {
  if (!trace && !mask.defined())  // one fused op, which never has the T x T matrices in memory
    return scaled_dot_product_attention(q, k, v, {}, dropout.active_p(), /*is_causal=*/true);
  if (mask.defined())
    check(mask.dtype() == kBool, "attention: the mask is {}, expected bool: true takes part", mask.dtype());
  const int64_t T = q.size(-2);
  Tensor visible = ones({T, T}, kBool).tril();               // (T, T)
  if (mask.defined()) visible = logical_and(visible, mask);  // (..., T, T)
  if (!trace) return scaled_dot_product_attention(q, k, v, visible, dropout.active_p());

  const Tensor scores = matmul(q, k.transpose(-2, -1));                                        // (..., T, T)
  const Tensor masked = scores.masked_fill(logical_not(visible), -INFINITY);                   // (..., T, T)
  const Tensor weights = masked_softmax(masked / std::sqrt(static_cast<double>(q.size(-1))));  // (..., T, T)
  const Tensor dropped = dropout(weights);                                                     // (..., T, T)
  const Tensor context = matmul(dropped, v);                                                   // (..., T, D)
  *trace = {q, k, v, scores, masked, weights, dropped, context, context, context};
  return context;
}

/// Causal self-attention: token t attends to tokens 0 ... t.   x (..., T, d_in) -> (..., T, d_out)
struct CausalAttention : Module {
  const int64_t context_length;  // T is at most this
  const Linear W_query, W_key, W_value;
  const Dropout dropout;

  CausalAttention(int64_t d_in, int64_t d_out, int64_t longest, double dropout_p, bool qkv_bias = false)
      : context_length(longest),
        W_query(register_module("W_query", Linear(d_in, d_out, qkv_bias))),
        W_key(register_module("W_key", Linear(d_in, d_out, qkv_bias))),
        W_value(register_module("W_value", Linear(d_in, d_out, qkv_bias))),
        dropout(register_module("dropout", Dropout(dropout_p))) {}

  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    const auto in_scope = scope();
    check(x.dim() >= 2 && x.size(-2) <= context_length,
          "causal_attention: x is {}, expected at most {} tokens (..., T, d_in)", x.sizes(), context_length);
    const Tensor q = W_query(x), k = W_key(x), v = W_value(x);  // (..., T, d_out)
    return causal_attend(q, k, v, dropout, mask, trace);        // (..., T, d_out)
  }
  Tensor operator()(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    return forward(x, trace, mask);
  }
};

}  // namespace gradus::nn
