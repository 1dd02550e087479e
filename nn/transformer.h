// The Transformer of "Attention Is All You Need" (Vaswani et al. 2017): encoder and decoder without
// recurrence, so that all words of a sentence are computed in parallel.
//
//   const Encoded encoded = model.encode(source, lengths);       // source (B, S)
//   const Tensor logits = model.decode(target, encoded);         // target (B, T) -> (B, T, V)
//   const Tensor ids = greedy_search(model.begin(encoded), B, {.begin = 1, .end = 2});
#pragma once
#include "nn/decoding.h"
#include "nn/length_mask.h"
#include "nn/transformer_stack.h"

namespace gradus::nn {

/// An encoder and a decoder that attends to it.
struct Transformer : Module {
  const TransformerStack encoder;
  const TransformerStack decoder;
  const Linear out;  // shares its weight with the decoder's word embedding (section 3.4)

  explicit Transformer(const TransformerConfig& config)
      : encoder(register_module("encoder", TransformerStack(config, /*in_decoder=*/false))),
        decoder(register_module("decoder", TransformerStack(config, /*in_decoder=*/true))),
        out(register_module("out", Linear(decoder.tok_emb.weight))) {}

  /// ids (B, S) int64; lengths (B) int64 are needed only if the sentences are of different lengths.
  /// `traces`, if given, gets the traces of every block.
  Encoded encode(const Tensor& ids, const Tensor& lengths = {},
                 std::vector<BlockTrace>* traces = nullptr) const {
    const auto [B, S] = ids.sizes<2>();
    const Tensor mask =
        lengths.defined() ? length_mask("transformer", lengths, B, S) : Tensor();  // (B, S)
    return {encoder(ids, mask, {}, traces), mask, {}};
  }
  /// The logits after each word of the target: ids (B, T) int64 -> (B, T, V)
  Tensor decode(const Tensor& ids, const Encoded& encoded,
                std::vector<BlockTrace>* traces = nullptr) const {
    return out(decoder(ids, encoded.mask, encoded.states, traces));
  }

  /// The stepper's state is the words so far (B, t); each step computes all of them again.
  DecoderStepper begin(const Encoded& encoded) const {
    return {{},
            [self = *this, encoded](const Tensor& words, const TensorList& state) -> StepOutput {
              const Tensor last = words.unsqueeze(1);                              // (B, 1)
              const Tensor ids = state.empty() ? last : cat({state[0], last}, 1);  // (B, t)
              return {self.decode(ids, encoded).select(1, -1), {ids}, {}};         // (B, V)
            }};
  }
};

}  // namespace gradus::nn
