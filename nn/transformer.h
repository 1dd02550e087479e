// The Transformer (Vaswani et al. 2017): encoder and decoder without recurrence, so that all words of a sentence are
// computed at once.
//
//   const Tensor logits = model(source, target, lengths);            // (B, S), (B, T), (B) -> (B, T, V)
//   const Tensor said = greedy_search(model.begin(model.encode(source, lengths)), B, {.begin = 1, .end = 2});
#pragma once
#include "nn/containers.h"
#include "nn/decoding.h"
#include "nn/embedding.h"
#include "nn/layer_norm.h"
#include "nn/length_mask.h"
#include "nn/multi_head_attention.h"

namespace gradus::nn {

/// These are the sizes of the paper's base model.
struct TransformerConfig {
  int64_t source_vocab_size = 0, target_vocab_size = 0;
  int64_t context_length = 512;  // of the longest sentence
  int64_t emb_dim = 512, n_heads = 8, n_layers = 6, ff_dim = 2048;
  double drop_rate = 0.1;
};

/// PE[t, 2i] = sin(t / 10000^(2i / C)), PE[t, 2i + 1] = cos of the same (section 3.5).   -> (T, C)
inline Tensor sinusoidal_positions(int64_t T, int64_t C) {
  check(T >= 0 && C > 0 && C % 2 == 0, "sinusoidal_positions: [{}, {}], but sines and cosines come in pairs", T, C);
  const Tensor rates = pow(10000, arange(0, C, 2, kFloat64) / static_cast<double>(-C));  // (C/2)
  const Tensor angles = outer(arange(T, kFloat64), rates);                               // (T, C/2)
  return stack({sin(angles), cos(angles)}, -1).view({T, C}).to(kFloat32);
}

/// What the two attentions of a block computed.
struct BlockTrace {
  AttentionTrace self, cross;
};

/// LayerNorm(x + dropout(f(x))) for f = self-attention, then in the decoder f = attention to the encoder's states, then
/// f = W2 relu(W1 x + b1) + b2, each word by itself. In the decoder a word sees itself and those before it.
struct TransformerBlock : Module {
  const MultiHeadAttention self_attn;
  const LayerNorm norm_self;
  const std::optional<MultiHeadAttention> cross_attn;  // in the decoder
  const std::optional<LayerNorm> norm_cross;
  const Sequential ff;
  const LayerNorm norm_ff;
  const Dropout dropout;

  TransformerBlock(const TransformerConfig& c, bool in_decoder)
      : self_attn(register_module("self_attn", attention(c))),
        norm_self(register_module("norm_self", LayerNorm(c.emb_dim))),
        cross_attn(in_decoder ? std::optional(register_module("cross_attn", attention(c))) : nullopt),
        norm_cross(in_decoder ? std::optional(register_module("norm_cross", LayerNorm(c.emb_dim))) : nullopt),
        ff(register_module("ff", Sequential{Linear(c.emb_dim, c.ff_dim), relu, Linear(c.ff_dim, c.emb_dim)})),
        norm_ff(register_module("norm_ff", LayerNorm(c.emb_dim))),
        dropout(register_module("dropout", Dropout(c.drop_rate))) {}

  /// x (B, T, C) -> (B, T, C); states (B, S, C) are the encoder's. The mask (bool, true: takes part) is that of the
  /// source and broadcasts to (B, H, T, S).
  Tensor forward(const Tensor& x, const Tensor& mask = {}, const Tensor& states = {},
                 BlockTrace* trace = nullptr) const {
    const auto in_scope = scope();
    const bool causal = cross_attn.has_value();
    check(causal == states.defined(), "transformer: {}",
          causal ? "the decoder needs the encoder's states" : "the encoder takes no states");
    Tensor y = self_attn.look(x, x, causal, trace ? &trace->self : nullptr, causal ? Tensor() : mask);
    y = norm_self(x + dropout(y));
    if (causal) {
      const Tensor seen = cross_attn->look(y, states, false, trace ? &trace->cross : nullptr, mask);
      y = (*norm_cross)(y + dropout(seen));
    }
    return norm_ff(y + dropout(ff(y)));
  }
  template <class... T> auto operator()(const T&... x) const -> decltype(forward(x...)) { return forward(x...); }

 private:
  static MultiHeadAttention attention(const TransformerConfig& c) {
    return {c.emb_dim, c.emb_dim, c.context_length, 0, c.n_heads, /*qkv_bias=*/true};
  }
};

struct Transformer : Module {
  const TransformerConfig config;
  const Embedding source_emb, target_emb;
  const Dropout dropout;
  const ModuleList<TransformerBlock> encoder, decoder;
  const Linear out;  // the target's embedding, transposed (section 3.4)

  explicit Transformer(const TransformerConfig& c)
      : config(c),
        source_emb(register_module("source_emb", Embedding(c.source_vocab_size, c.emb_dim))),
        target_emb(register_module("target_emb", Embedding(c.target_vocab_size, c.emb_dim))),
        dropout(register_module("dropout", Dropout(c.drop_rate))),
        encoder(register_module("encoder", blocks(/*in_decoder=*/false))),
        decoder(register_module("decoder", blocks(/*in_decoder=*/true))),
        out(register_module("out", Linear(target_emb.weight))) {
    const NoGradGuard no_grad;  // words times sqrt(C) are as large as positions, and logits not much larger than 1
    for (const Tensor& weight : {source_emb.weight, target_emb.weight}) weight.div_(scale());
  }

  /// ids (B, S) int64; lengths (B) int64, if they differ. `traces`, if given, gets what every block computed.
  Encoded encode(const Tensor& ids, const Tensor& lengths = {}, std::vector<BlockTrace>* traces = nullptr) const {
    const auto in_scope = scope();
    const auto [B, S] = ids.sizes<2>();
    const Tensor mask = lengths.defined() ? length_mask("transformer", lengths, B, S) : lengths;
    return {walk(encoder, source_emb, ids, mask, {}, traces), mask, {}};
  }
  /// The logits after each of the target's words: ids (B, T) int64 -> (B, T, V)
  Tensor decode(const Tensor& ids, const Encoded& encoded, std::vector<BlockTrace>* traces = nullptr) const {
    const auto in_scope = scope();
    return out(walk(decoder, target_emb, ids, encoded.mask, encoded.states, traces));
  }
  Tensor forward(const Tensor& source, const Tensor& target, const Tensor& lengths = {}) const {
    return decode(target, encode(source, lengths));
  }
  template <class... T> auto operator()(const T&... x) const -> decltype(forward(x...)) { return forward(x...); }

  /// Its state is the words so far; each step computes them all again.
  Speaker begin(const Encoded& encoded) const {
    return {{}, [m = *this, encoded](const Tensor& words, const TensorList& state) -> NextWord {
              const Tensor ids = state.empty() ? words.unsqueeze(1) : cat({state[0], words.unsqueeze(1)}, 1);  // (B, t)
              return {m.decode(ids, encoded).select(1, -1), {ids}, {}};
            }};
  }

 private:
  double scale() const { return std::sqrt(static_cast<double>(config.emb_dim)); }
  ModuleList<TransformerBlock> blocks(bool in_decoder) const {
    return {config.n_layers, [&] { return TransformerBlock(config, in_decoder); }};
  }
  Tensor walk(const ModuleList<TransformerBlock>& blocks_of, const Embedding& embedding, const Tensor& ids,
              const Tensor& mask, const Tensor& states, std::vector<BlockTrace>* traces) const {
    const Tensor positions = sinusoidal_positions(ids.size(1), config.emb_dim).to(embedding.weight.dtype());
    const Tensor for_heads = mask.defined() ? mask.unsqueeze(1).unsqueeze(1) : mask;  // (B, 1, 1, S)
    Tensor x = dropout(embedding(ids) * scale() + positions);                         // (B, T, C) + (T, C)
    if (traces) traces->assign(blocks_of.size(), {});
    for (size_t i = 0; i < blocks_of.size(); ++i)
      x = blocks_of[i](x, for_heads, states, traces ? &(*traces)[i] : nullptr);  // (B, T, C)
    return x;
  }
};

}  // namespace gradus::nn
