#include "lessons/translation/translators.h"

namespace gradus::lessons {

Translator make_translator(const std::string& name, const Vocabulary& source,
                           const Vocabulary& target) {
  if (name == "Transformer")
    return translator_of(name, nn::Transformer(transformer_config(source, target)));
  nn::EncoderDecoderConfig config = plain_config(source, target);
  if (name == "one vector") {
    const nn::Encoder encoder(config);
    return translator_of(name, encoder, nn::Decoder(config));
  }
  if (name == "Bahdanau") {
    config.hidden_size = 72;
    config.bidirectional = true;
    const nn::Encoder encoder(config);
    return translator_of(name, encoder, nn::BahdanauDecoder(config));
  }
  check(name.starts_with("Luong "), "make_translator: there is no '{}'", name);
  const std::string score = name.substr(6);
  const bool local = score == "local-p";
  config.emb_dim = score == "dot" ? 64 : 48;
  config.hidden_size = 96;
  const nn::Encoder encoder(config);
  return translator_of(
      name, encoder,
      nn::LuongDecoder(config, {.score = local ? "general" : score, .window = local ? 10 : 0}));
}

}  // namespace gradus::lessons
