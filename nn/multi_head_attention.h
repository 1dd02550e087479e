#pragma once
#include "nn/attend.h"
#include "nn/linear.h"

namespace gradus::nn {

/// Causal attention with H = num_heads heads of size D = d_out / H (Vaswani et al. 2017, section
/// 3.2.2): head h attends with columns h D ... (h + 1) D - 1 of the queries, keys and values, and
/// out_proj mixes the concatenated results.   x (B, T, d_in) -> (B, T, d_out)
struct MultiHeadAttention : Layer<MultiHeadAttention> {
  const int64_t num_heads;
  const int64_t context_length;  // T is at most this
  const Linear W_query, W_key, W_value, out_proj;
  const Dropout dropout;

  MultiHeadAttention(int64_t d_in, int64_t d_out, int64_t max_tokens, double dropout_p,
                     int64_t heads, bool qkv_bias = false)
      : num_heads(checked_heads(heads, d_out)),
        context_length(checked_size("multi_head_attention", "max_tokens", max_tokens)),
        W_query(register_module(
            "W_query", Linear(checked_size("multi_head_attention", "d_in", d_in),
                              checked_size("multi_head_attention", "d_out", d_out), qkv_bias))),
        W_key(register_module("W_key", Linear(d_in, d_out, qkv_bias))),
        W_value(register_module("W_value", Linear(d_in, d_out, qkv_bias))),
        out_proj(register_module("out_proj", Linear(d_out, d_out))),
        dropout(register_module("dropout", Dropout(dropout_p))) {}

  /// The mask (bool, true: takes part) broadcasts to (B, H, T, T).
  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    return attend_in_heads(x, x, /*causal=*/true, trace, mask);
  }
  /// Cross-attention, or self-attention without the causal mask: the queries come from x
  /// (B, T, d_in), the keys and values from `states` (B, S, d_in). The mask broadcasts to
  /// (B, H, T, S).
  Tensor cross_attend(const Tensor& x, const Tensor& states, bool causal = false,
                      AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    const auto in_scope = scope();
    return attend_in_heads(x, states, causal, trace, mask);
  }

 private:
  static int64_t checked_heads(int64_t heads, int64_t d_out) {
    check(heads > 0 && d_out % heads == 0,
          "multi_head_attention: d_out {} does not split into {} heads", d_out, heads);
    return heads;
  }
  Tensor attend_in_heads(const Tensor& x, const Tensor& states, bool causal, AttentionTrace* trace,
                         const Tensor& mask) const {
    const auto [B, T, d_in] = x.sizes<3>();
    check(T <= context_length, "multi_head_attention: {} tokens, expected at most {}", T,
          context_length);
    const int64_t d_out = out_proj.weight.size(1);
    const Tensor q = split_heads(W_query(x));                              // (B, H, T, D)
    const Tensor k = split_heads(W_key(states));                           // (B, H, S, D)
    const Tensor v = split_heads(W_value(states));                         // (B, H, S, D)
    const Tensor context = attend(q, k, v, dropout, causal, mask, trace);  // (B, H, T, D)
    const Tensor merged = context.transpose(1, 2).reshape({B, T, d_out});  // (B, T, d_out)
    const Tensor output = out_proj(merged);                                // (B, T, d_out)
    if (trace) {
      trace->merged = merged;
      trace->output = output;
    }
    return output;
  }
  /// (B, T, d_out) -> (B, H, T, D)
  Tensor split_heads(const Tensor& x) const {
    const auto [B, T, d_out] = x.sizes<3>();
    return x.view({B, T, num_heads, d_out / num_heads}).transpose(1, 2);
  }
};

}  // namespace gradus::nn
