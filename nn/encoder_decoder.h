// A sentence in, a sentence out: an encoder reads, a decoder says the translation word by word
// (Sutskever et al. 2014, Cho et al. 2014), and with attention it looks back at all that the
// encoder read.
//
//   const Encoded encoded = encoder(source, lengths);                                   // source
//   (B, S) const Tensor logits = teacher_forcing(decoder.begin(encoded), target);              //
//   target (B, T) -> (B, T, V) const Tensor said = greedy_search(decoder.begin(encoded), B, {.begin
//   = 1, .end = 2});
#pragma once
#include "nn/decoding.h"
#include "nn/embedding.h"
#include "nn/luong_attention.h"
#include "nn/recurrent.h"

namespace gradus::nn {

struct EncoderDecoderConfig {
  int64_t source_vocab_size = 0, target_vocab_size = 0;
  int64_t emb_dim = 128, hidden_size = 128;
  bool bidirectional = false;  // the encoder

  /// K, the size of an encoder state.
  int64_t state_size() const { return bidirectional ? 2 * hidden_size : hidden_size; }
};

/// A GRU over the embedded words; in both directions as in Bahdanau et al. (2015) if the config
/// says so.
struct Encoder : Module {
  const Embedding tok_emb;
  const GRU gru;

  explicit Encoder(const EncoderDecoderConfig& c)
      : tok_emb(register_module("tok_emb", Embedding(c.source_vocab_size, c.emb_dim))),
        gru(register_module("gru", GRU(c.emb_dim, c.hidden_size,
                                       {.batch_first = true, .bidirectional = c.bidirectional}))) {}

  /// ids (B, S) int64; lengths (B) int64, if they differ.
  Encoded forward(const Tensor& ids, const Tensor& lengths = {}) const {
    const auto in_scope = scope();
    const auto [B, S] = ids.sizes<2>();
    const auto [states, h] = gru(tok_emb(ids), {}, lengths);             // (B, S, K), (W, B, H)
    const Tensor last = h.transpose(0, 1).reshape({B, states.size(2)});  // (B, K)
    return {states, lengths.defined() ? length_mask("encoder", lengths, B, S) : lengths, last};
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }
};

/// A GRU that knows of the sentence only what its first state, tanh(bridge(last)), holds:
///   s_t = GRU(y_t-1, s_t-1),  logits = out(s_t)
struct Decoder : Module {
  const Embedding tok_emb;
  const Linear bridge;  // from the encoder's last state to the decoder's first
  const GRU gru;
  const Linear out;

  /// `fed` is how much the GRU reads beside each word.
  explicit Decoder(const EncoderDecoderConfig& c, int64_t fed = 0)
      : tok_emb(register_module("tok_emb", Embedding(c.target_vocab_size, c.emb_dim))),
        bridge(register_module("bridge", Linear(c.state_size(), c.hidden_size))),
        gru(register_module("gru", GRU(c.emb_dim + fed, c.hidden_size))),
        out(register_module("out", Linear(c.hidden_size, c.target_vocab_size))) {}

  DecoderStepper begin(const Encoded& encoded) const {
    return {{tanh(bridge(encoded.last))},
            [d = *this](const Tensor& words, const TensorList& state) -> StepOutput {
              const auto in_scope = d.scope();
              const Tensor s = d.gru.step(d.tok_emb(words), state[0]);  // (B, H)
              return {d.out(s), {s}, {}};
            }};
  }
};

/// A decoder that looks back at the encoder's states for each word. Bahdanau's looks before its
/// step and reads what it saw; Luong's looks after its step, and the next one reads what came of it
/// (input feeding):
///   Bahdanau  c_t = attention(s_t-1),  s_t = GRU([y_t-1; c_t], s_t-1)
///   Luong     s_t = GRU([y_t-1; a_t-1], s_t-1),  c_t = attention(s_t)
///   both      a_t = tanh(W_c [c_t; s_t]),  logits = out(a_t)
/// (The readout is Luong's; Bahdanau's own is a maxout layer over c_t, s_t-1 and y_t-1.)
template <class Attention>
struct AttentionDecoder : Decoder {
  static constexpr bool kLooksFirst = std::is_same_v<Attention, BahdanauAttention>;
  const Attention attention;
  const Linear W_c;  // (H, K + H)

  AttentionDecoder(const EncoderDecoderConfig& c, const Attention& a)
      : Decoder(c, kLooksFirst ? c.state_size() : c.hidden_size),
        attention(register_module("attention", a)),
        W_c(register_module("W_c", Linear(c.state_size() + c.hidden_size, c.hidden_size, false))) {}

  DecoderStepper begin(const Encoded& encoded) const {
    const Tensor keys = attention.keys(encoded.states);
    const Tensor h = tanh(bridge(encoded.last));  // (B, S, A), (B, H)
    return {{h, zeros_like(h)},
            [d = *this, encoded, keys](const Tensor& words, const TensorList& state) -> StepOutput {
              const auto in_scope = d.scope();
              const Tensor y = d.tok_emb(words);  // (B, E)
              Tensor s = state[0];                // (B, H)
              if (!kLooksFirst) s = d.gru.step(cat({y, state[1]}, -1), s);
              const auto [seen, weights] =
                  d.attention(s.unsqueeze(1), encoded.states, encoded.mask, keys);
              const Tensor c = seen.squeeze(1);  // (B, K)
              if (kLooksFirst) s = d.gru.step(cat({y, c}, -1), s);
              const Tensor a = tanh(d.W_c(cat({c, s}, -1)));  // (B, H)
              return {d.out(a), {s, a}, weights.squeeze(1)};
            }};
  }
};

struct BahdanauDecoder : AttentionDecoder<BahdanauAttention> {
  explicit BahdanauDecoder(const EncoderDecoderConfig& c)
      : AttentionDecoder(c, {c.hidden_size, c.state_size(), c.hidden_size}) {}
};
struct LuongDecoder : AttentionDecoder<LuongAttention> {
  explicit LuongDecoder(const EncoderDecoderConfig& c, const LuongOptions& options = {})
      : AttentionDecoder(c, {c.hidden_size, c.state_size(), options}) {}
};

}  // namespace gradus::nn
