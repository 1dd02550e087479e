// The Transformer (Vaswani et al. 2017): encoder and decoder without recurrence, so that all words
// of a sentence are computed at once.
//
//   const Encoded encoded = model.encode(source, lengths);       // source (B, S)
//   const Tensor logits = model.decode(target, encoded);         // target (B, T) -> (B, T, V)
//   const Tensor said = greedy_search(model.begin(encoded), B, {.begin = 1, .end = 2});
#pragma once
#include "nn/containers.h"
#include "nn/decoding.h"
#include "nn/embedding.h"
#include "nn/layer_norm.h"
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
  check(T >= 0 && C > 0 && C % 2 == 0,
        "sinusoidal_positions: [{}, {}], but sines and cosines come in pairs", T, C);
  const Tensor rates = pow(10000, arange(0, C, 2, kFloat64) / static_cast<double>(-C));  // (C/2)
  const Tensor angles = outer(arange(T, kFloat64), rates);                               // (T, C/2)
  return stack({sin(angles), cos(angles)}, -1).view({T, C}).to(kFloat32);
}

/// What the two attentions of a block computed.
struct BlockTrace {
  AttentionTrace self, cross;
};

/// LayerNorm(x + dropout(f(x))) for f = self-attention, then in the decoder f = attention to the
/// encoder's states, then f = W2 relu(W1 x + b1) + b2, each word by itself. In the decoder a word
/// sees itself and those before it.
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
        cross_attn(in_decoder ? std::optional(register_module("cross_attn", attention(c)))
                              : nullopt),
        norm_cross(in_decoder ? std::optional(register_module("norm_cross", LayerNorm(c.emb_dim)))
                              : nullopt),
        ff(register_module(
            "ff", Sequential{Linear(c.emb_dim, c.ff_dim), relu, Linear(c.ff_dim, c.emb_dim)})),
        norm_ff(register_module("norm_ff", LayerNorm(c.emb_dim))),
        dropout(register_module("dropout", Dropout(c.drop_rate))) {}

  /// x (B, T, C) -> (B, T, C); states (B, S, C) are the encoder's. The mask (bool, true: takes
  /// part) is that of the source and broadcasts to (B, H, T, S).
  Tensor forward(const Tensor& x, const Tensor& mask = {}, const Tensor& states = {},
                 BlockTrace* trace = nullptr) const {
    const auto in_scope = scope();
    const bool causal = cross_attn.has_value();
    check(causal == states.defined(), "transformer: {}",
          causal ? "the decoder needs the encoder's states" : "the encoder takes no states");
    Tensor y =
        self_attn.look(x, x, causal, trace ? &trace->self : nullptr, causal ? Tensor() : mask);
    y = norm_self(x + dropout(y));
    if (causal)
      y = (*norm_cross)(
          y + dropout(cross_attn->look(y, states, false, trace ? &trace->cross : nullptr, mask)));
    return norm_ff(y + dropout(ff(y)));
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }

 private:
  static MultiHeadAttention attention(const TransformerConfig& c) {
    return {c.emb_dim, c.emb_dim, c.context_length, 0, c.n_heads, /*qkv_bias=*/true};
  }
};

/// Words times sqrt(C) (section 3.4) plus positions, through the blocks.   ids (B, T) int64 -> (B,
/// T, C)
struct TransformerStack : Module {
  const TransformerConfig config;
  const Embedding tok_emb;
  const Dropout dropout;
  const ModuleList<TransformerBlock> blocks;

  TransformerStack(const TransformerConfig& c, bool in_decoder)
      : config(c),
        tok_emb(register_module(
            "tok_emb",
            Embedding(in_decoder ? c.target_vocab_size : c.source_vocab_size, c.emb_dim))),
        dropout(register_module("dropout", Dropout(c.drop_rate))),
        blocks(register_module("blocks", ModuleList<TransformerBlock>(c.n_layers, [&] {
                                 return TransformerBlock(c, in_decoder);
                               }))) {
    tok_emb.weight.detach().div_(scale());  // so that words come in as large as positions
  }

  /// As TransformerBlock, but with a mask of (B, S).
  Tensor forward(const Tensor& ids, const Tensor& mask = {}, const Tensor& states = {},
                 std::vector<BlockTrace>* traces = nullptr) const {
    const auto in_scope = scope();
    const Tensor positions =
        sinusoidal_positions(ids.size(-1), config.emb_dim).to(tok_emb.weight.dtype());
    const Tensor for_heads =
        mask.defined() ? mask.unsqueeze(1).unsqueeze(1) : mask;  // (B, 1, 1, S)
    Tensor x = dropout(tok_emb(ids) * scale() + positions);      // (B, T, C) + (T, C)
    if (traces) traces->assign(blocks.size(), {});
    for (size_t i = 0; i < blocks.size(); ++i)
      x = blocks[i](x, for_heads, states, traces ? &(*traces)[i] : nullptr);
    return x;
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }

 private:
  double scale() const { return std::sqrt(static_cast<double>(config.emb_dim)); }
};

struct Transformer : Module {
  const TransformerStack encoder, decoder;
  const Linear out;  // the embedding of the target's words, transposed (section 3.4)

  explicit Transformer(const TransformerConfig& c)
      : encoder(register_module("encoder", TransformerStack(c, /*in_decoder=*/false))),
        decoder(register_module("decoder", TransformerStack(c, /*in_decoder=*/true))),
        out(register_module("out", Linear(decoder.tok_emb.weight))) {}

  /// ids (B, S) int64; lengths (B) int64, if they differ. `traces`, if given, gets what every block
  /// computed.
  Encoded encode(const Tensor& ids, const Tensor& lengths = {},
                 std::vector<BlockTrace>* traces = nullptr) const {
    const auto [B, S] = ids.sizes<2>();
    const Tensor mask = lengths.defined() ? length_mask("transformer", lengths, B, S) : lengths;
    return {encoder(ids, mask, Tensor(), traces), mask, {}};
  }
  /// The logits after each of the target's words: ids (B, T) int64 -> (B, T, V)
  Tensor decode(const Tensor& ids, const Encoded& encoded,
                std::vector<BlockTrace>* traces = nullptr) const {
    return out(decoder(ids, encoded.mask, encoded.states, traces));
  }

  /// Its state is the words so far; each step computes them all again.
  DecoderStepper begin(const Encoded& encoded) const {
    return {{}, [m = *this, encoded](const Tensor& words, const TensorList& state) -> StepOutput {
              const Tensor ids = state.empty() ? words.unsqueeze(1)
                                               : cat({state[0], words.unsqueeze(1)}, 1);  // (B, t)
              return {m.decode(ids, encoded).select(1, -1), {ids}, {}};
            }};
  }
};

}  // namespace gradus::nn
