#pragma once
#include "nn/encoder.h"

namespace gradus::nn {

/// A GRU whose only knowledge of the source is its initial state (Sutskever et al. 2014, Cho et
/// al. 2014). For word y_t-1 and state s_t-1:
///
///   s_0    = tanh(bridge(last))        the encoder's final state, projected
///   s_t    = GRU(y_t-1, s_t-1)
///   logits = out(s_t)
struct Decoder : Module {
  const Embedding tok_emb;
  const Linear bridge;  // (H, K)
  const GRU gru;
  const Linear out;  // (V, H)

  /// `extra_inputs` is the number of inputs of the GRU besides the word's embedding.
  explicit Decoder(const EncoderDecoderConfig& config, int64_t extra_inputs = 0)
      : tok_emb(register_module(
            "tok_emb", Embedding(checked("decoder", config).target_vocab_size, config.emb_dim))),
        bridge(register_module("bridge", Linear(config.state_size(), config.hidden_size))),
        gru(register_module("gru", GRU(config.emb_dim + extra_inputs, config.hidden_size))),
        out(register_module("out", Linear(config.hidden_size, config.target_vocab_size))) {}

  DecoderStepper begin(const Encoded& encoded) const {
    return {{tanh(bridge(encoded.last))},
            [self = *this](const Tensor& words, const TensorList& state) -> StepOutput {
              const auto in_scope = self.scope();
              const Tensor s = self.gru.step(self.tok_emb(words), state[0]);  // (B, H)
              return {self.out(s), {s}, {}};
            }};
  }
};

}  // namespace gradus::nn
