#pragma once
#include "nn/feed_forward.h"
#include "nn/layer_norm.h"
#include "nn/multi_head_attention.h"

namespace gradus::nn {

/// The sizes of a GPT, in the book's words; these are GPT-2's small ones.
struct GptConfig {
  int64_t vocab_size = 50257;
  int64_t context_length = 1024;
  int64_t emb_dim = 768;
  int64_t n_heads = 12;
  int64_t n_layers = 12;
  double drop_rate = 0.1;
  bool qkv_bias = false;
  bool tied_head = false;  // the output head is the token embedding, transposed
};

/// x + att(norm1(x)), then x + ff(norm2(x)): norms come first, shortcuts around (GPT-2, Radford et
/// al. 2019). x (B, T, C) -> (B, T, C)
struct GptBlock : Module {
  const MultiHeadAttention att;
  const FeedForward ff;
  const LayerNorm norm1, norm2;
  const Dropout drop_shortcut;

  explicit GptBlock(const GptConfig& c)
      : att(register_module("att", MultiHeadAttention(c.emb_dim, c.emb_dim, c.context_length,
                                                      c.drop_rate, c.n_heads, c.qkv_bias))),
        ff(register_module("ff", FeedForward(c.emb_dim))),
        norm1(register_module("norm1", LayerNorm(c.emb_dim))),
        norm2(register_module("norm2", LayerNorm(c.emb_dim))),
        drop_shortcut(register_module("drop_shortcut", Dropout(c.drop_rate))) {}

  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    const auto in_scope = scope();
    const Tensor attended = x + drop_shortcut(att(norm1(x), trace, mask));  // (B, T, C)
    return attended + drop_shortcut(ff(norm2(attended)));                   // (B, T, C)
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }
};

}  // namespace gradus::nn
