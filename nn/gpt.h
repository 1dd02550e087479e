#pragma once
#include "nn/embedding.h"
#include "nn/gpt_block.h"

namespace gradus::nn {

/// A GPT: for every token of a text, what the next one may be.   ids (B, T) int64 -> logits (B, T,
/// vocab_size)
struct Gpt : Module {
  const GptConfig config;
  const Embedding tok_emb, pos_emb;
  const Dropout drop_emb;
  const ModuleList<GptBlock> trf_blocks;
  const LayerNorm final_norm;
  const Linear out_head;

  explicit Gpt(const GptConfig& c)
      : config(c),
        tok_emb(register_module("tok_emb", Embedding(c.vocab_size, c.emb_dim))),
        pos_emb(register_module("pos_emb", Embedding(c.context_length, c.emb_dim))),
        drop_emb(register_module("drop_emb", Dropout(c.drop_rate))),
        trf_blocks(register_module("trf_blocks",
                                   ModuleList<GptBlock>(c.n_layers, [&] { return GptBlock(c); }))),
        final_norm(register_module("final_norm", LayerNorm(c.emb_dim))),
        out_head(register_module("out_head", c.tied_head
                                                 ? Linear(tok_emb.weight)
                                                 : Linear(c.emb_dim, c.vocab_size, false))) {}

  /// `traces`, if given, gets the attention of every block. The mask (bool, true: takes part)
  /// broadcasts to (B, H, T, T).
  Tensor forward(const Tensor& ids, std::vector<AttentionTrace>* traces = nullptr,
                 const Tensor& mask = {}) const {
    const auto in_scope = scope();
    const auto [B, T] = ids.sizes<2>();
    check(T <= config.context_length, "gpt: {} tokens, expected at most {}", T,
          config.context_length);
    if (traces) traces->assign(trf_blocks.size(), {});
    Tensor x = drop_emb(tok_emb(ids) + pos_emb(arange(T)));  // (B, T, C) + (T, C)
    for (size_t i = 0; i < trf_blocks.size(); ++i)
      x = trf_blocks[i](x, traces ? &(*traces)[i] : nullptr, mask);  // (B, T, C)
    return out_head(final_norm(x));                                  // (B, T, V)
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }
};

}  // namespace gradus::nn
