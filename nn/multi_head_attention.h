#pragma once
#include "nn/causal_attention.h"
#include "nn/containers.h"

namespace gradus::nn {

/// Several causal heads side by side, each with matrices of its own.   x (B, T, d_in) -> (B, T,
/// num_heads d_out)
struct MultiHeadAttentionWrapper : Module {
  const ModuleList<CausalAttention> heads;

  MultiHeadAttentionWrapper(int64_t d_in, int64_t d_out, int64_t context_length, double dropout,
                            int64_t num_heads, bool qkv_bias = false)
      : heads(register_module("heads", ModuleList<CausalAttention>(num_heads, [&] {
                                return CausalAttention(d_in, d_out, context_length, dropout,
                                                       qkv_bias);
                              }))) {
    check(num_heads > 0, "multi_head_attention: {} heads, expected at least one", num_heads);
  }

  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    const auto in_scope = scope();
    std::vector<AttentionTrace> traces(heads.size());
    std::vector<Tensor> contexts;
    for (size_t h = 0; h < heads.size(); ++h)
      contexts.push_back(heads[h](x, trace ? &traces[h] : nullptr, mask));
    const Tensor output = cat(contexts, -1);  // (B, T, num_heads d_out)
    if (trace) {
      using T = AttentionTrace;
      for (const auto field : {&T::q, &T::k, &T::v, &T::scores, &T::masked_scores, &T::weights,
                               &T::dropped_weights, &T::context}) {
        std::vector<Tensor> of_heads;
        for (const AttentionTrace& head : traces)
          of_heads.push_back(head.*field);
        trace->*field = stack(of_heads, -3);  // (B, H, T, D) or (B, H, T, T)
      }
      trace->merged = trace->output = output;
    }
    return output;
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }
};

/// Causal attention in num_heads parts of d_out, each of D = d_out / num_heads numbers, joined by
/// out_proj (Vaswani et al. 2017).   x (B, T, d_in) -> (B, T, d_out)
struct MultiHeadAttention : Module {
  const int64_t num_heads, context_length;  // T is at most context_length
  const Linear W_query, W_key, W_value, out_proj;
  const Dropout dropout;

  MultiHeadAttention(int64_t d_in, int64_t d_out, int64_t longest, double dropout_p, int64_t heads,
                     bool qkv_bias = false)
      : num_heads(heads),
        context_length(longest),
        W_query(register_module("W_query", Linear(d_in, d_out, qkv_bias))),
        W_key(register_module("W_key", Linear(d_in, d_out, qkv_bias))),
        W_value(register_module("W_value", Linear(d_in, d_out, qkv_bias))),
        out_proj(register_module("out_proj", Linear(d_out, d_out))),
        dropout(register_module("dropout", Dropout(dropout_p))) {
    check(heads > 0 && d_out % heads == 0,
          "multi_head_attention: d_out {} does not split into {} heads", d_out, heads);
  }

  /// The mask (bool, true: takes part) broadcasts to (B, H, T, T).
  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    return look(x, x, /*causal=*/true, trace, mask);
  }
  /// Queries from x (B, T, d_in), keys and values from `seen` (B, S, d_in): x itself, or another
  /// sentence. The mask broadcasts to (B, H, T, S).
  Tensor look(const Tensor& x, const Tensor& seen, bool causal, AttentionTrace* trace = nullptr,
              const Tensor& mask = {}) const {
    const auto in_scope = scope();
    const auto [B, T, d_in] = x.sizes<3>();
    check(T <= context_length, "multi_head_attention: {} tokens, expected at most {}", T,
          context_length);
    const Tensor q = split_heads(W_query(x));
    const Tensor k = split_heads(W_key(seen));
    const Tensor v = split_heads(W_value(seen));
    const Tensor context = attend(q, k, v, dropout, causal, mask, trace);  // (B, H, T, D)
    const Tensor merged =
        context.transpose(1, 2).reshape({B, T, out_proj.weight.size(1)});  // (B, T, d_out)
    const Tensor output = out_proj(merged);                                // (B, T, d_out)
    if (trace) trace->merged = merged, trace->output = output;
    return output;
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }

 private:
  Tensor split_heads(const Tensor& x) const {  // (B, T, d_out) -> (B, H, T, D)
    const auto [B, T, d_out] = x.sizes<3>();
    return x.view({B, T, num_heads, d_out / num_heads}).transpose(1, 2);
  }
};

}  // namespace gradus::nn
