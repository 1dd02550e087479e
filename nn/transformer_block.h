#pragma once
#include "nn/containers.h"
#include "nn/layer_norm.h"
#include "nn/multi_head_attention.h"

namespace gradus::nn {

/// The sizes of a Transformer. The defaults are those of the paper's base model (Vaswani et al.
/// 2017, table 3).
struct TransformerConfig {
  int64_t source_vocab_size = 0;  // must be given
  int64_t target_vocab_size = 0;  // must be given
  int64_t context_length = 512;   // the largest number of words in a sentence
  int64_t emb_dim = 512;          // C, the paper's d_model
  int64_t n_heads = 8;            // divides emb_dim
  int64_t n_layers = 6;           // of the encoder, and of the decoder
  int64_t ff_dim = 2048;          // the paper's d_ff
  double drop_rate = 0.1;         // of every dropout; 0: off
};

/// The config itself. Throws if a size is negative.
inline const TransformerConfig& checked(const TransformerConfig& config) {
  checked_size("transformer", "source_vocab_size", config.source_vocab_size);
  checked_size("transformer", "target_vocab_size", config.target_vocab_size);
  checked_size("transformer", "context_length", config.context_length);
  checked_size("transformer", "emb_dim", config.emb_dim);
  checked_size("transformer", "n_layers", config.n_layers);
  checked_size("transformer", "ff_dim", config.ff_dim);
  check(config.n_heads > 0 && config.emb_dim % config.n_heads == 0,
        "transformer: emb_dim {} does not split into {} heads", config.emb_dim, config.n_heads);
  check(config.drop_rate >= 0 && config.drop_rate <= 1,
        "transformer: drop_rate is {}, expected a probability between 0 and 1", config.drop_rate);
  return config;
}

/// The traces of a block's two attentions.
struct BlockTrace {
  AttentionTrace self;
  AttentionTrace cross;
};

/// A block of the encoder or of the decoder (Vaswani et al. 2017, section 3.1). Each part f has a
/// shortcut and is followed by layer norm, x = LayerNorm(x + dropout(f(x))):
///
///   self-attention (3.2.2), in the decoder with the causal mask (3.2.3)
///   attention to the encoder's states, in the decoder only (3.2.3)
///   W2 relu(W1 x + b1) + b2, applied to each word separately (3.3)
struct TransformerBlock : Layer<TransformerBlock> {
  const MultiHeadAttention self_attn;
  const LayerNorm norm_self;
  const std::optional<MultiHeadAttention> cross_attn;  // in the decoder
  const std::optional<LayerNorm> norm_cross;           // in the decoder
  const Sequential ff;
  const LayerNorm norm_ff;
  const Dropout dropout;

  TransformerBlock(const TransformerConfig& config, bool in_decoder)
      : self_attn(register_module("self_attn", attention(checked(config)))),
        norm_self(register_module("norm_self", LayerNorm(config.emb_dim))),
        cross_attn(in_decoder ? std::optional(register_module("cross_attn", attention(config)))
                              : nullopt),
        norm_cross(in_decoder
                       ? std::optional(register_module("norm_cross", LayerNorm(config.emb_dim)))
                       : nullopt),
        ff(register_module("ff", Sequential{Linear(config.emb_dim, config.ff_dim), relu,
                                            Linear(config.ff_dim, config.emb_dim)})),
        norm_ff(register_module("norm_ff", LayerNorm(config.emb_dim))),
        dropout(register_module("dropout", Dropout(config.drop_rate))) {}

  /// x (B, T, C) -> (B, T, C). The encoder's states (B, S, C) are for the decoder only. The mask
  /// (bool, true: takes part) is that of the source and broadcasts to (B, H, T, S).
  Tensor forward(const Tensor& x, const Tensor& mask = {}, const Tensor& states = {},
                 BlockTrace* trace = nullptr) const {
    const bool in_decoder = cross_attn.has_value();
    check(in_decoder == states.defined(), "transformer: {}",
          in_decoder ? "the decoder needs the encoder's states" : "the encoder takes no states");
    const Tensor self_mask = in_decoder ? Tensor() : mask;
    const Tensor attended = self_attn.cross_attend(x, x, /*causal=*/in_decoder,
                                                   trace ? &trace->self : nullptr, self_mask);
    Tensor y = norm_self(x + dropout(attended));  // (B, T, C)
    if (in_decoder) {
      const Tensor from_source = cross_attn->cross_attend(y, states, /*causal=*/false,
                                                          trace ? &trace->cross : nullptr, mask);
      y = (*norm_cross)(y + dropout(from_source));  // (B, T, C)
    }
    return norm_ff(y + dropout(ff(y)));  // (B, T, C)
  }

 private:
  static MultiHeadAttention attention(const TransformerConfig& config) {
    return {config.emb_dim,  config.emb_dim, config.context_length,
            /*dropout_p=*/0, config.n_heads, /*qkv_bias=*/true};
  }
};

}  // namespace gradus::nn
