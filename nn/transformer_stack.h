#pragma once
#include "nn/embedding.h"
#include "nn/transformer_block.h"

namespace gradus::nn {

/// The sinusoidal positional encoding of T positions (Vaswani et al. 2017, section 3.5):
///
///   PE[t, 2i]     = sin(t / 10000^(2i / C))
///   PE[t, 2i + 1] = cos(t / 10000^(2i / C))     -> (T, C)
inline Tensor sinusoidal_positions(int64_t T, int64_t C) {
  check(T >= 0 && C > 0 && C % 2 == 0,
        "sinusoidal_positions: [{}, {}], but sines and cosines come in pairs", T, C);
  const Tensor exponents = arange(0, C, 2, kFloat64) / static_cast<double>(-C);  // (C/2)
  const Tensor rates = pow(10000, exponents);                                    // (C/2)
  const Tensor angles = outer(arange(T, kFloat64), rates);                       // (T, C/2)
  return stack({sin(angles), cos(angles)}, -1).view({T, C}).to(get_default_dtype());
}

/// The encoder or the decoder without its output layer: word embeddings times sqrt(C) (section
/// 3.4), plus positions (section 3.5), then the blocks.   ids (B, T) int64 -> (B, T, C)
struct TransformerStack : Layer<TransformerStack> {
  const TransformerConfig config;
  const Embedding tok_emb;
  const Dropout dropout;
  const ModuleList<TransformerBlock> blocks;

  TransformerStack(const TransformerConfig& stack_config, bool in_decoder)
      : config(checked(stack_config)),
        tok_emb(register_module(
            "tok_emb", Embedding(in_decoder ? config.target_vocab_size : config.source_vocab_size,
                                 config.emb_dim))),
        dropout(register_module("dropout", Dropout(config.drop_rate))),
        blocks(register_module("blocks", ModuleList<TransformerBlock>(config.n_layers, [&] {
                                 return TransformerBlock(config, in_decoder);
                               }))) {
    // The embeddings times sqrt(C) are then about as large as the positional encodings.
    tok_emb.weight.detach().div_(scale());
  }

  /// The mask (B, S) and the states (B, S, C) are those of the source, as in TransformerBlock.
  Tensor forward(const Tensor& ids, const Tensor& mask = {}, const Tensor& states = {},
                 std::vector<BlockTrace>* traces = nullptr) const {
    const Tensor positions =
        sinusoidal_positions(ids.size(-1), config.emb_dim).to(tok_emb.weight.dtype());  // (T, C)
    const Tensor mask_of_heads =
        mask.defined() ? mask.unsqueeze(1).unsqueeze(1) : mask;  // (B, 1, 1, S)
    Tensor x = dropout(tok_emb(ids) * scale() + positions);      // (B, T, C)
    if (traces) traces->assign(blocks.size(), {});
    for (size_t i = 0; i < blocks.size(); ++i)
      x = blocks[i](x, mask_of_heads, states, traces ? &(*traces)[i] : nullptr);  // (B, T, C)
    return x;
  }

 private:
  double scale() const { return std::sqrt(static_cast<double>(config.emb_dim)); }
};

}  // namespace gradus::nn
