// A sentence in, a sentence out: an encoder reads, a decoder says the translation word by word (Sutskever et al. 2014,
// Cho et al. 2014), and with attention it looks back at all that the encoder read.
//
//   const Encoded encoded = encoder(source, lengths);                                   // source (B, S)
//   const Tensor logits = teacher_forcing(decoder.begin(encoded), target);              // target (B, T) -> (B, T, V)
//   const Tensor said = greedy_search(decoder.begin(encoded), B, {.begin = 1, .end = 2});
#pragma once
#include "nn/decoding.h"
#include "nn/dropout.h"
#include "nn/embedding.h"
#include "nn/length_mask.h"
#include "nn/luong_attention.h"
#include "nn/recurrent.h"

namespace gradus::nn {

struct EncoderDecoderConfig {
  int64_t source_vocab_size = 0, target_vocab_size = 0;
  int64_t emb_dim = 128, hidden_size = 128;
  bool bidirectional = false;  // the encoder
  double drop_rate = 0;

  /// K, the size of an encoder state.
  int64_t state_size() const { return bidirectional ? 2 * hidden_size : hidden_size; }
};

/// A GRU over the embedded words; in both directions as in Bahdanau et al. (2015) if the config says so.
struct Encoder : Module {
  const Embedding tok_emb;
  const Dropout dropout;
  const GRU gru;

  explicit Encoder(const EncoderDecoderConfig& c)
      : tok_emb(register_module("tok_emb", Embedding(c.source_vocab_size, c.emb_dim))),
        dropout(register_module("dropout", Dropout(c.drop_rate))),
        gru(register_module("gru",
                            GRU(c.emb_dim, c.hidden_size, {.batch_first = true, .bidirectional = c.bidirectional}))) {}

  /// ids (B, S) int64; lengths (B) int64, if they differ.
  Encoded forward(const Tensor& ids, const Tensor& lengths = {}) const {
    const auto in_scope = scope();
    const auto [B, S] = ids.sizes<2>();
    const auto [states, h] = gru(dropout(tok_emb(ids)), {}, lengths);    // (B, S, K), (W, B, H)
    const Tensor last = h.transpose(0, 1).reshape({B, states.size(2)});  // (B, K)
    return {states, lengths.defined() ? length_mask("encoder", lengths, B, S) : lengths, last};
  }
  template <class... T> auto operator()(const T&... x) const -> decltype(forward(x...)) { return forward(x...); }
};

/// A GRU that knows of the sentence only what its first state, tanh(bridge(last)), holds.
struct Decoder : Module {
  const Embedding tok_emb;
  const Dropout dropout;
  const Linear bridge;  // from the encoder's last state to the decoder's first
  const GRU gru;
  const Linear out;

  explicit Decoder(const EncoderDecoderConfig& c) : Decoder(c, 0, c.hidden_size) {}

  Speaker begin(const Encoded& encoded) const {
    return {{first_state(encoded)}, [d = *this](const Tensor& words, const TensorList& state) -> NextWord {
              const auto in_scope = d.scope();
              const Tensor h = d.gru.step(d.embed(words), state[0]);  // (B, H)
              return {d.out(d.dropout(h)), {h}, {}};
            }};
  }

 protected:
  /// For decoders that read `fed` numbers beside each word, and say the next one from `said` numbers.
  Decoder(const EncoderDecoderConfig& c, int64_t fed, int64_t said)
      : tok_emb(register_module("tok_emb", Embedding(c.target_vocab_size, c.emb_dim))),
        dropout(register_module("dropout", Dropout(c.drop_rate))),
        bridge(register_module("bridge", Linear(c.state_size(), c.hidden_size))),
        gru(register_module("gru", GRU(c.emb_dim + fed, c.hidden_size))),
        out(register_module("out", Linear(said, c.target_vocab_size))) {}

  Tensor first_state(const Encoded& encoded) const { return tanh(bridge(encoded.last)); }
  Tensor embed(const Tensor& words) const { return dropout(tok_emb(words)); }
};

/// Looks back before each step, from the state before it (Bahdanau et al. 2015):
///   c_t = attention(s_t-1),  s_t = GRU([y_t-1; c_t], s_t-1),  logits = out(maxout(readout([s_t; y_t-1; c_t])))
struct BahdanauDecoder : Decoder {
  const BahdanauAttention attention;
  const Linear readout;

  explicit BahdanauDecoder(const EncoderDecoderConfig& c)
      : Decoder(c, c.state_size(), c.hidden_size / 2),
        attention(register_module("attention", BahdanauAttention(c.hidden_size, c.state_size(), c.hidden_size))),
        readout(register_module("readout", Linear(c.hidden_size + c.emb_dim + c.state_size(), c.hidden_size / 2 * 2))) {
  }

  Speaker begin(const Encoded& encoded) const {
    const Tensor keys = attention.keys(encoded.states);  // (B, S, A)
    return {{first_state(encoded)},
            [d = *this, encoded, keys](const Tensor& words, const TensorList& state) -> NextWord {
              const auto in_scope = d.scope();
              const Tensor y = d.embed(words);  // (B, E)
              const auto [c, weights] = d.attention(state[0].unsqueeze(1), encoded.states, encoded.mask, keys);
              const Tensor context = c.squeeze(1);                                 // (B, K)
              const Tensor s = d.gru.step(cat({y, context}, -1), state[0]);        // (B, H)
              const Tensor pairs = d.readout(cat({s, y, context}, -1));            // (B, 2 H/2)
              const Tensor largest = pairs.view({pairs.size(0), -1, 2}).amax(-1);  // (B, H/2)
              return {d.out(d.dropout(largest)), {s}, weights.squeeze(1)};
            }};
  }
};

/// Looks back after each step, from its state, and feeds what it made of it to the next (Luong et al. 2015):
///   s_t = GRU([y_t-1; a_t-1], s_t-1),  c_t = attention(s_t),  a_t = tanh(W_c [c_t; s_t]),  logits = out(a_t)
struct LuongDecoder : Decoder {
  const LuongAttention attention;
  const Linear W_c;

  explicit LuongDecoder(const EncoderDecoderConfig& c, const LuongOptions& options = {})
      : Decoder(c, c.hidden_size, c.hidden_size),
        attention(register_module("attention", LuongAttention(c.hidden_size, c.state_size(), options))),
        W_c(register_module("W_c", Linear(c.state_size() + c.hidden_size, c.hidden_size, false))) {}

  Speaker begin(const Encoded& encoded) const {
    const Tensor keys = attention.keys(encoded.states), h = first_state(encoded);  // (B, S, K or H), (B, H)
    return {{h, zeros_like(h)}, [d = *this, encoded, keys](const Tensor& words, const TensorList& state) -> NextWord {
              const auto in_scope = d.scope();
              const Tensor s = d.gru.step(cat({d.embed(words), state[1]}, -1), state[0]);                 // (B, H)
              const auto [c, weights] = d.attention(s.unsqueeze(1), encoded.states, encoded.mask, keys);  // (B, 1, K)
              const Tensor a = tanh(d.W_c(cat({c.squeeze(1), s}, -1)));                                   // (B, H)
              return {d.out(d.dropout(a)), {s, a}, weights.squeeze(1)};
            }};
  }
};

}  // namespace gradus::nn
