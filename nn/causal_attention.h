#pragma once
#include "nn/attend.h"
#include "nn/linear.h"

namespace gradus::nn {

/// Causal self-attention: token t attends to tokens 0 ... t.   x (..., T, d_in) -> (..., T, d_out)
struct CausalAttention : Layer<CausalAttention> {
  const int64_t context_length;  // T is at most this
  const Linear W_query, W_key, W_value;
  const Dropout dropout;

  CausalAttention(int64_t d_in, int64_t d_out, int64_t max_tokens, double dropout_p,
                  bool qkv_bias = false)
      : context_length(checked_size("causal_attention", "max_tokens", max_tokens)),
        W_query(register_module(
            "W_query", Linear(checked_size("causal_attention", "d_in", d_in),
                              checked_size("causal_attention", "d_out", d_out), qkv_bias))),
        W_key(register_module("W_key", Linear(d_in, d_out, qkv_bias))),
        W_value(register_module("W_value", Linear(d_in, d_out, qkv_bias))),
        dropout(register_module("dropout", Dropout(dropout_p))) {}

  /// The mask (bool, true: takes part) broadcasts to (..., T, T).
  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    check(x.dim() >= 2 && x.size(-2) <= context_length,
          "causal_attention: x is {}, expected at most {} tokens (..., T, d_in)", x.sizes(),
          context_length);
    const Tensor q = W_query(x);                                    // (..., T, d_out)
    const Tensor k = W_key(x);                                      // (..., T, d_out)
    const Tensor v = W_value(x);                                    // (..., T, d_out)
    return attend(q, k, v, dropout, /*causal=*/true, mask, trace);  // (..., T, d_out)
  }
};

}  // namespace gradus::nn
