#pragma once
#include "nn/embedding.h"
#include "nn/gpt_block.h"

namespace gradus::nn {

/// A GPT (Radford et al. 2019): for every token of a text, the logits of the next token.
/// ids (B, T) int64 -> logits (B, T, vocab_size)
struct Gpt : Layer<Gpt> {
  const GptConfig config;
  const Embedding tok_emb, pos_emb;
  const Dropout drop_emb;
  const ModuleList<GptBlock> trf_blocks;
  const LayerNorm final_norm;
  const Linear out_head;

  explicit Gpt(const GptConfig& gpt_config)
      : config(checked("gpt", gpt_config)),
        tok_emb(register_module("tok_emb", Embedding(config.vocab_size, config.emb_dim))),
        pos_emb(register_module("pos_emb", Embedding(config.context_length, config.emb_dim))),
        drop_emb(register_module("drop_emb", Dropout(config.drop_rate))),
        trf_blocks(register_module(
            "trf_blocks",
            ModuleList<GptBlock>(config.n_layers, [this] { return GptBlock(config); }))),
        final_norm(register_module("final_norm", LayerNorm(config.emb_dim))),
        out_head(register_module(
            "out_head", config.tied_head ? Linear(tok_emb.weight)
                                         : Linear(config.emb_dim, config.vocab_size, false))) {}

  /// `traces`, if given, gets the attention trace of every block. The mask (bool, true: takes part)
  /// broadcasts to (B, H, T, T).
  Tensor forward(const Tensor& ids, std::vector<AttentionTrace>* traces = nullptr,
                 const Tensor& mask = {}) const {
    const auto [B, T] = ids.sizes<2>();
    check(T <= config.context_length, "gpt: {} tokens, expected at most {}", T,
          config.context_length);
    if (traces) traces->assign(trf_blocks.size(), {});
    Tensor x = drop_emb(tok_emb(ids) + pos_emb(arange(T)));  // (B, T, C) + (T, C)
    for (size_t i = 0; i < trf_blocks.size(); ++i)
      x = trf_blocks[i](x, traces ? &(*traces)[i] : nullptr, mask);  // (B, T, C)
    return out_head(final_norm(x));                                  // (B, T, V)
  }
};

}  // namespace gradus::nn
