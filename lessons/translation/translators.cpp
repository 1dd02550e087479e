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

std::vector<double> aligned_heads(const nn::Transformer& model, const NumberLists& lists) {
  const NoGradGuard no_grad;
  std::vector<double> right(static_cast<size_t>(model.decoder.config.n_heads));
  double all = 0;
  for (size_t i = 0; i < lists.tests().size(); ++i) {
    const Batch& test = lists.tests()[i];
    std::vector<nn::BlockTrace> traces;
    model.decode(test.target_in, model.encode(test.source, test.lengths), &traces);
    const Tensor most = traces.back().cross.weights.argmax(-1);  // (B, H, T)
    for (size_t h = 0; h < right.size(); ++h)
      right[h] +=
          (most.select(1, static_cast<int64_t>(h)) == lists.alignments()[i]).sum().item<double>();
    all += (lists.alignments()[i] >= 0).sum().item<double>();
  }
  for (double& share : right)
    share /= all;
  return right;
}

}  // namespace gradus::lessons
