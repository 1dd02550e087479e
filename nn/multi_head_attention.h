#pragma once
#include "nn/attend.h"
#include "nn/kv_cache.h"
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

  /// The mask (bool, true: takes part) broadcasts to (B, H, T, S), where S = T, or with a cache of
  /// `length` tokens, which x continues, S = length + T.
  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {},
                 KVCache* cache = nullptr) const {
    if (cache) return attend_with_cache(x, trace, mask, *cache);
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
    const Tensor q = split_heads(W_query(x));                              // (B, H, T, D)
    const Tensor k = split_heads(W_key(states));                           // (B, H, S, D)
    const Tensor v = split_heads(W_value(states));                         // (B, H, S, D)
    const Tensor context = attend(q, k, v, dropout, causal, mask, trace);  // (B, H, T, D)
    return merge_heads(context, trace);
  }
  /// Causal self-attention of T tokens that follow the `cache.length` tokens of the cache.
  Tensor attend_with_cache(const Tensor& x, AttentionTrace* trace, const Tensor& mask,
                           KVCache& cache) const {
    const auto [B, T, d_in] = x.sizes<3>();
    const int64_t past = cache.length;
    const int64_t D = out_proj.weight.size(1) / num_heads;
    cache.check_fits("multi_head_attention", T, {B, num_heads, context_length, D}, x.dtype());
    const Tensor q = split_heads(W_query(x));      // (B, H, T, D)
    const Tensor new_k = split_heads(W_key(x));    // (B, H, T, D)
    const Tensor new_v = split_heads(W_value(x));  // (B, H, T, D)
    check(!is_recorded(q) && !is_recorded(new_k) && !is_recorded(new_v),
          "multi_head_attention: a cache has no gradients; call the model under a NoGradGuard, or "
          "without a cache");
    const auto [k, v] = cache.write(new_k, new_v, context_length);  // (B, H, S, D), S = past + T
    // Token t of x is token past + t of the text, so it attends to the keys 0 ... past + t.
    const bool is_start = past == 0;
    Tensor visible = mask;  // (B, H, T, S)
    if (!is_start && T > 1) {
      const Tensor causal = ones({T, past + T}, kBool).tril(past);  // (T, S)
      visible = mask.defined() ? logical_and(causal, mask) : causal;
    }
    const Tensor context = attend(q, k, v, dropout, is_start, visible, trace);  // (B, H, T, D)
    if (trace) {  // copies: the rows of a cache change when its length is set back
      trace->k = k.clone();
      trace->v = v.clone();
    }
    const Tensor output = merge_heads(context, trace);  // (B, T, d_out)
    cache.length = past + T;
    return output;
  }
  /// (B, H, T, D) -> (B, T, d_out)
  Tensor merge_heads(const Tensor& context, AttentionTrace* trace) const {
    const auto [B, H, T, D] = context.sizes<4>();
    const Tensor merged = context.transpose(1, 2).reshape({B, T, H * D});  // (B, T, d_out)
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
