#pragma once
#include "nn/bahdanau_attention.h"
#include "nn/decoder.h"
#include "nn/luong_attention.h"

namespace gradus::nn {

/// A decoder that attends to the encoder's states at each step. c_t is the context, y_t-1 the
/// previous word, a_t the attentional vector:
///
///   Bahdanau  c_t = attention(s_t-1)             before the GRU's step, which reads c_t
///             s_t = GRU([y_t-1; c_t], s_t-1)
///   Luong     s_t = GRU([y_t-1; a_t-1], s_t-1)   a_t-1 is fed back (input feeding)
///             c_t = attention(s_t)               after the GRU's step
///   both      a_t = tanh(W_c [c_t; s_t])
///             logits = out(a_t)
///
/// a_t is Luong's (Luong et al. 2015, equation 5); Bahdanau et al. (2015) have a maxout layer over
/// c_t, s_t-1 and y_t-1 in its place.
template <class Attention>
struct AttentionDecoder : Decoder {
  static constexpr bool kAttendsFirst = std::is_same_v<Attention, BahdanauAttention>;
  const Attention attention;
  const Linear W_c;  // (H, K + H)

  AttentionDecoder(const EncoderDecoderConfig& config, const Attention& attention_layer)
      : Decoder(config, kAttendsFirst ? config.state_size() : config.hidden_size),
        attention(register_module("attention", attention_layer)),
        W_c(register_module(
            "W_c", Linear(config.state_size() + config.hidden_size, config.hidden_size, false))) {}

  DecoderStepper begin(const Encoded& encoded) const {
    const Tensor keys = attention.keys(encoded.states);  // (B, S, A)
    const Tensor s0 = tanh(bridge(encoded.last));        // (B, H)
    return {{s0, zeros_like(s0)},
            [self = *this, encoded, keys](const Tensor& words, const TensorList& state) {
              return self.step(words, state[0], state[1], encoded, keys);
            }};
  }

 private:
  /// words y_t-1 (B) int64; s = s_t-1 and a = a_t-1, (B, H) each
  StepOutput step(const Tensor& words, Tensor s, const Tensor& a, const Encoded& encoded,
                  const Tensor& keys) const {
    const auto in_scope = scope();
    const Tensor y = tok_emb(words);  // (B, E)
    if (!kAttendsFirst) s = gru.step(cat({y, a}, -1), s);
    const auto [context, weights] = attention(s.unsqueeze(1), encoded.states, encoded.mask, keys);
    const Tensor c = context.squeeze(1);  // (B, K)
    if (kAttendsFirst) s = gru.step(cat({y, c}, -1), s);
    const Tensor next_a = tanh(W_c(cat({c, s}, -1)));  // (B, H)
    return {out(next_a), {s, next_a}, weights.squeeze(1)};
  }
};

/// The decoder of Bahdanau et al. (2015).
struct BahdanauDecoder : AttentionDecoder<BahdanauAttention> {
  explicit BahdanauDecoder(const EncoderDecoderConfig& config)
      : AttentionDecoder(config, {config.hidden_size, config.state_size(), config.hidden_size}) {}
};
/// The decoder of Luong et al. (2015).
struct LuongDecoder : AttentionDecoder<LuongAttention> {
  explicit LuongDecoder(const EncoderDecoderConfig& config, const LuongOptions& options = {})
      : AttentionDecoder(config, {config.hidden_size, config.state_size(), options}) {}
};

}  // namespace gradus::nn
