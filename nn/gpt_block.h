#pragma once
#include "nn/feed_forward.h"
#include "nn/layer_norm.h"
#include "nn/multi_head_attention.h"

namespace gradus::nn {

/// The sizes of a GPT, under the book's names. The defaults are those of the small GPT-2.
struct GptConfig {
  int64_t vocab_size = 50257;
  int64_t context_length = 1024;  // the most tokens that it reads at once
  int64_t emb_dim = 768;          // C
  int64_t n_heads = 12;           // divides emb_dim
  int64_t n_layers = 12;
  double drop_rate = 0.1;  // of every dropout; 0: off
  bool qkv_bias = false;
  bool tied_head = false;  // the output head uses the token embedding's weight
};

/// The config itself. Throws if a size is negative; the message begins with the layer.
inline const GptConfig& checked(const char* layer, const GptConfig& config) {
  checked_size(layer, "vocab_size", config.vocab_size);
  checked_size(layer, "context_length", config.context_length);
  checked_size(layer, "emb_dim", config.emb_dim);
  checked_size(layer, "n_layers", config.n_layers);
  check(config.n_heads > 0 && config.emb_dim % config.n_heads == 0,
        "{}: emb_dim {} does not split into {} heads", layer, config.emb_dim, config.n_heads);
  check(config.drop_rate >= 0 && config.drop_rate <= 1,
        "{}: drop_rate is {}, expected a probability between 0 and 1", layer, config.drop_rate);
  return config;
}

/// A block of GPT-2 (Radford et al. 2019), with layer norm in front of each part and shortcuts:
///
///   h = x + dropout(att(norm1(x)))
///   y = h + dropout(ff(norm2(h)))
///
/// x (B, T, C) -> (B, T, C)
struct GptBlock : Layer<GptBlock> {
  const MultiHeadAttention att;
  const FeedForward ff;
  const LayerNorm norm1, norm2;
  const Dropout drop_shortcut;

  explicit GptBlock(const GptConfig& config)
      : att(register_module(
            "att", MultiHeadAttention(checked("gpt_block", config).emb_dim, config.emb_dim,
                                      config.context_length, config.drop_rate, config.n_heads,
                                      config.qkv_bias))),
        ff(register_module("ff", FeedForward(config.emb_dim))),
        norm1(register_module("norm1", LayerNorm(config.emb_dim))),
        norm2(register_module("norm2", LayerNorm(config.emb_dim))),
        drop_shortcut(register_module("drop_shortcut", Dropout(config.drop_rate))) {}

  /// Mask and cache as in MultiHeadAttention.
  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {},
                 KVCache* cache = nullptr) const {
    // After an error the cache, if there is one, is as long as before.
    return with_lengths_kept_on_error(cache, cache ? 1 : 0, [&] {
      const Tensor h = x + drop_shortcut(att(norm1(x), trace, mask, cache));  // (B, T, C)
      return h + drop_shortcut(ff(norm2(h)));                                 // (B, T, C)
    });
  }
};

}  // namespace gradus::nn
