// The models of lessons 02, 03 and 09 for lists of numbers. Their sizes are chosen so that all have
// about the same number of parameters.
#pragma once
#include "lessons/translation/training.h"
#include "nn/encoder_decoder.h"
#include "nn/transformer.h"

namespace gradus::lessons {

/// Adds the parameters of a part of the model.
inline void add_part(Translator& translator, const std::string& part, const nn::Module& module) {
  for (const auto& [name, p] : module.named_parameters()) {
    translator.parameters.push_back(p);
    translator.named.emplace_back(fmt::format("{}.{}", part, name), p);
  }
}
/// A translator made of an encoder and one of its decoders.
template <class Decoder>
Translator translator_of(const std::string& name, const nn::Encoder& encoder,
                         const Decoder& decoder) {
  const auto encode = [=](const Batch& batch) { return encoder(batch.source, batch.lengths); };
  const auto begin = [=](const Batch& batch) { return decoder.begin(encode(batch)); };
  const auto logits = [=](const Batch& batch) {
    return nn::teacher_forcing(begin(batch), batch.target_in);
  };
  Translator translator{name, {}, logits, begin, {}, encode};
  add_part(translator, "encoder", encoder);
  add_part(translator, "decoder", decoder);
  return translator;
}
inline Translator translator_of(const std::string& name, const nn::Transformer& model) {
  const auto encode = [=](const Batch& batch) { return model.encode(batch.source, batch.lengths); };
  Translator translator{
      name,
      {},
      [=](const Batch& batch) { return model.decode(batch.target_in, encode(batch)); },
      [=](const Batch& batch) { return model.begin(encode(batch)); },
      {},
      encode};
  add_part(translator, "model", model);
  return translator;
}

/// Lesson 02's sizes.
inline nn::EncoderDecoderConfig plain_config(const Vocabulary& source, const Vocabulary& target) {
  return {source.size(), target.size(), /*emb_dim=*/48, /*hidden_size=*/128};
}
/// Lesson 09's sizes.
inline nn::TransformerConfig transformer_config(const Vocabulary& source,
                                                const Vocabulary& target) {
  return {.source_vocab_size = source.size(),
          .target_vocab_size = target.size(),
          .context_length = 64,
          .emb_dim = 64,
          .n_heads = 4,
          .n_layers = 2,
          .ff_dim = 128,
          .drop_rate = 0};
}
/// A new model: "one vector" (lesson 02), "Bahdanau", "Luong dot", "Luong general", "Luong concat",
/// "Luong local-p" or "Transformer".
Translator make_translator(const std::string& name, const Vocabulary& source,
                           const Vocabulary& target);

/// For every head of the last block: how often the largest weight of an English piece is on its
/// German piece.
std::vector<double> aligned_heads(const nn::Transformer& model, const NumberLists& lists);

}  // namespace gradus::lessons
