#include "page/play/bottleneck/models.h"

#include <cmath>

#include "tensor/factories.h"

namespace gradus::page::bottleneck {
namespace {

constexpr int64_t kVocabulary = kDigits + 1;  // the digits and kStart

void add_parameters(Model& model, const std::string& part, const nn::Module& module) {
  for (const auto& [name, p] : module.named_parameters())
    model.parameters.emplace_back(fmt::format("{}.{}.{}", model.name, part, name), p);
}

/// The same states, but a decoder may read none of them: its attention weights are 0.
nn::Encoded hidden(nn::Encoded encoded) {
  const auto [B, S, K] = encoded.states.sizes<3>();
  encoded.mask = zeros({B, S}, kBool);
  return encoded;
}

template <class Decoder>
Model recurrent(const std::string& name, const std::string& description,
                const nn::EncoderDecoderConfig& config) {
  const nn::Encoder encoder(config);
  const Decoder decoder(config);
  const auto decode = [=](const nn::Encoded& encoded, const Tensor& inputs, Tensor* weights) {
    return nn::teacher_forcing(decoder.begin(encoded), inputs, weights);
  };
  Model model{.name = name,
              .description = description,
              .parameters = {},
              .embedding = encoder.tok_emb,
              .encode = [=](const Tensor& source) { return encoder(source); },
              .begin = [=](const nn::Encoded& encoded) { return decoder.begin(encoded); },
              .begin_without_attention = [=](const nn::Encoded& encoded,
                                             int64_t) { return decoder.begin(hidden(encoded)); },
              .decode = decode};
  add_parameters(model, "encoder", encoder);
  add_parameters(model, "decoder", decoder);
  return model;
}

/// The Transformer's decoder, in which the words from `off` on attend to no state of the encoder.
/// Its masks are the same for all words, so the loop of TransformerStack is written out here.
Tensor decode_without_attention(const nn::Transformer& net, const Tensor& ids,
                                const nn::Encoded& encoded, int64_t off) {
  const int64_t T = ids.size(1);
  const int64_t S = encoded.states.size(1);
  const nn::TransformerStack& stack = net.decoder;
  const double scale = std::sqrt(static_cast<double>(stack.config.emb_dim));
  const Tensor attends = (arange(T) < off).unsqueeze(1).expand({T, S});  // (T, S)
  Tensor x = stack.tok_emb(ids) * scale + nn::sinusoidal_positions(T, stack.config.emb_dim);
  for (size_t i = 0; i < stack.blocks.size(); ++i)
    x = stack.blocks[i](x, attends, encoded.states);
  return net.out(x);  // (B, T, V)
}

Model transformer(const std::string& description) {
  const nn::Transformer net({.source_vocab_size = kVocabulary,
                             .target_vocab_size = kVocabulary,
                             .context_length = kLongest,
                             .emb_dim = 32,
                             .n_heads = 2,
                             .n_layers = 1,
                             .ff_dim = 64,
                             .drop_rate = 0});
  const auto decode = [=](const nn::Encoded& encoded, const Tensor& inputs, Tensor* weights) {
    std::vector<nn::BlockTrace> traces;
    const Tensor logits = net.decode(inputs, encoded, weights ? &traces : nullptr);
    if (weights) *weights = traces.back().cross.weights.mean(1);  // over the heads: (B, T, S)
    return logits;
  };
  const auto begin_without_attention = [=](const nn::Encoded& encoded, int64_t off) {
    const auto step = [=](const Tensor& words, const TensorList& state) -> nn::StepOutput {
      const Tensor last = words.unsqueeze(1);                              // (B, 1)
      const Tensor ids = state.empty() ? last : cat({state[0], last}, 1);  // (B, t)
      return {decode_without_attention(net, ids, encoded, off).select(1, -1), {ids}, {}};
    };
    return nn::DecoderStepper{{}, step};
  };
  Model model{.name = "Transformer",
              .description = description,
              .parameters = {},
              .embedding = net.encoder.tok_emb,
              .encode = [=](const Tensor& source) { return net.encode(source); },
              .begin = [=](const nn::Encoded& encoded) { return net.begin(encoded); },
              .begin_without_attention = begin_without_attention,
              .decode = decode};
  add_parameters(model, "model", net);
  return model;
}

}  // namespace

std::vector<Tensor> Model::tensors() const {
  std::vector<Tensor> list;
  for (const auto& [key, p] : parameters)
    list.push_back(p);
  return list;
}

int64_t Model::size() const {
  int64_t sum = 0;
  for (const auto& [key, p] : parameters)
    sum += p.numel();
  return sum;
}

Tensor inputs_for(const Tensor& output) {
  const auto [B, T] = output.sizes<2>();
  return cat({full({B, 1}, kStart, kInt64), output.slice(1, 0, T - 1)}, 1);
}

std::vector<Model> make_models() {
  const nn::EncoderDecoderConfig large{.source_vocab_size = kVocabulary,
                                       .target_vocab_size = kVocabulary,
                                       .emb_dim = 16,
                                       .hidden_size = 48};
  nn::EncoderDecoderConfig small = large;
  small.hidden_size = 32;
  return {
      recurrent<nn::Decoder>(
          "one vector", "The decoder reads the encoder's last state, 48 numbers, and no other.",
          large),
      recurrent<nn::BahdanauDecoder>(
          "Bahdanau", "Before each step the decoder reads a weighted mean of all states.", small),
      recurrent<nn::LuongDecoder>(
          "Luong", "After each step the decoder reads a weighted mean of all states.", small),
      transformer("Encoder and decoder have attention only, without recurrence.")};
}

}  // namespace gradus::page::bottleneck
