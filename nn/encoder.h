#pragma once
#include "nn/decoding.h"
#include "nn/embedding.h"
#include "nn/length_mask.h"
#include "nn/recurrent.h"

namespace gradus::nn {

/// The sizes of an encoder-decoder.
struct EncoderDecoderConfig {
  int64_t source_vocab_size = 0;  // must be given
  int64_t target_vocab_size = 0;  // must be given
  int64_t emb_dim = 128;          // E
  int64_t hidden_size = 128;      // H, of the GRUs
  bool bidirectional = false;     // whether the encoder reads in both directions

  /// K, the size of an encoder state.
  int64_t state_size() const { return bidirectional ? 2 * hidden_size : hidden_size; }
};

/// The config itself. Throws if a size is wrong; the message begins with the layer.
inline const EncoderDecoderConfig& checked(const char* layer, const EncoderDecoderConfig& config) {
  checked_size(layer, "source_vocab_size", config.source_vocab_size);
  checked_size(layer, "target_vocab_size", config.target_vocab_size);
  checked_size(layer, "emb_dim", config.emb_dim);
  checked_size(layer, "hidden_size", config.hidden_size, 1);
  return config;
}

/// A GRU over the embedded words of the source; bidirectional as in Bahdanau et al. (2015) if the
/// config says so. W directions, K = W H.   ids (B, S) int64 -> states (B, S, K)
struct Encoder : Layer<Encoder> {
  const Embedding tok_emb;
  const GRU gru;

  explicit Encoder(const EncoderDecoderConfig& config)
      : tok_emb(register_module(
            "tok_emb", Embedding(checked("encoder", config).source_vocab_size, config.emb_dim))),
        gru(register_module("gru",
                            GRU(config.emb_dim, config.hidden_size,
                                {.batch_first = true, .bidirectional = config.bidirectional}))) {}

  /// lengths (B) int64 are needed only if the sentences are of different lengths.
  Encoded forward(const Tensor& ids, const Tensor& lengths = {}) const {
    const auto [B, S] = ids.sizes<2>();
    const auto [states, h] = gru(tok_emb(ids), {}, lengths);             // (B, S, K), (W, B, H)
    const Tensor last = h.transpose(0, 1).reshape({B, states.size(2)});  // (B, K)
    const Tensor mask =
        lengths.defined() ? length_mask("encoder", lengths, B, S) : Tensor();  // (B, S)
    return {states, mask, last};
  }
};

}  // namespace gradus::nn
