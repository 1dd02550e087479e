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

  /// `traces`, if given, gets the attention trace of every block. With `caches`, one for each block
  /// (the first call makes them), ids are the T tokens that follow those of the caches, `past`. The
  /// mask (bool, true: takes part) broadcasts to (B, H, T, past + T).
  Tensor forward(const Tensor& ids, std::vector<AttentionTrace>* traces = nullptr,
                 const Tensor& mask = {}, std::vector<KVCache>* caches = nullptr) const {
    return run(ids, traces, mask, caches, {}, /*with_head=*/true);
  }
  /// The input of out_head. For the next token out_head is needed only for the last row:
  ///
  ///   const Tensor logits = model.out_head(model.hidden(ids).narrow(1, -1, 1));  // (B, 1, V)
  ///
  /// Token t is at position past + t of its text, unless `positions` (T) or (B, T) int64 say
  /// otherwise: a row may contain several texts, each with its own positions from 0.
  ///
  /// ids (B, T) int64 -> (B, T, C)
  Tensor hidden(const Tensor& ids, std::vector<AttentionTrace>* traces = nullptr,
                const Tensor& mask = {}, std::vector<KVCache>* caches = nullptr,
                const Tensor& positions = {}) const {
    const auto in_scope = scope();
    return run(ids, traces, mask, caches, positions, /*with_head=*/false);
  }

 private:
  Tensor run(const Tensor& ids, std::vector<AttentionTrace>* traces, const Tensor& mask,
             std::vector<KVCache>* caches, const Tensor& positions, bool with_head) const;
};

/// The initialisation of GPT-2: weights and embeddings from N(0, 0.02^2), but 0.02 / sqrt(2
/// n_layers) for the last linear layer of each shortcut (att.out_proj and ff.fc2), since n_layers
/// of each are summed; biases 0, and layer norm as it is made. The loss of an untrained model is
/// then about ln(vocab_size), also with a tied head (Radford et al. 2019, section 2.3).
void init_gpt2_(const Gpt& model);

}  // namespace gradus::nn
