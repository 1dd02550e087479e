#include "page/play/bottleneck/report.h"

#include <algorithm>

#include "page/play/bottleneck/writing.h"
#include "page/play/kit/source.h"
#include "tensor/random.h"

namespace gradus::page::bottleneck {
namespace {

constexpr int64_t kClaimed = 12;         // the length in the sentence about the accuracies
constexpr double kLeastGradient = 1e-8;  // smaller ones are drawn like this

/// The code of a model that reads the encoder's states.
Json code_of(const std::string& model) {
  const auto [file, first_line, text] =
      model == "one vector" ? excerpt("nn/decoder.h", "DecoderStepper begin(")
      : model == "Bahdanau" ? excerpt("nn/bahdanau_attention.h", "struct BahdanauAttention")
      : model == "Luong"    ? excerpt("nn/luong_attention.h", "Tensor scores(")
                            : excerpt("nn/transformer_block.h", "Tensor forward(");
  return {{"file", file}, {"first_line", first_line}, {"text", text}};
}

Json log_of(const Tensor& gradients) {
  return tensor_values(log(gradients.clamp(kLeastGradient)) / std::log(10.0));
}

/// `fresh` is the same model before its training.
Json model_json(const Model& model, const Model& fresh, const Tensor& source) {
  const int64_t T = source.size(1);
  Json off = Json::array();  // what it writes without attention from step 0, 1, ... T on
  for (int64_t t = 0; t <= T; ++t)
    off.push_back(text_of(written(model, source, t)));
  const Tensor output = written(model, source, T);
  const Tensor weights = alignment(model, source, output.clamp(0, kStart));
  return {{"name", model.name},
          {"description", model.description},
          {"parameters", model.size()},
          {"off", off},
          {"alignment", weights.defined() ? tensor_values(weights) : Json()},
          {"gradient", log_of(gradients(model, source))},
          {"gradient_untrained", log_of(gradients(fresh, source))},
          {"code", code_of(model.name)}};
}

std::string claim(const Trained& trained) {
  std::string text =
      fmt::format("Sequences of {} random digits that are repeated without a mistake", kClaimed);
  for (const Accuracy& each : trained.accuracy)
    text += fmt::format("{} {} {:.1f} %", text.ends_with("mistake") ? ":" : ",", each.model,
                        100 * accuracy_at(trained, each.model, kClaimed));
  return text + ".";
}

std::string provenance(const TrainingOptions& options) {
  return fmt::format(
      "Each model was trained {} times, with seeds 1 to {}: {} steps of {} sequences with 1 to {} "
      "digits, Adam with a learning rate of {}. The lines are means over the seeds, the bars go "
      "from the worst seed to the best; {} test sequences for each length. The models of seed 1 "
      "are "
      "in this page.",
      options.seeds, options.seeds, options.steps, options.batch, options.longest, options.lr,
      options.tests);
}

std::vector<Stop> tour(int64_t length) {
  const std::string middle = std::to_string(length / 2);
  return {
      {"All four models repeat digits. One of them must put all digits into one vector, the last "
       "state of its encoder: its line falls as the sequences get longer.",
       {{"off", std::to_string(length)}, {"query", "0"}}},
      {"With attention each output digit reads the encoder's states itself. The weights are a "
       "diagonal: digit t is read while digit t is written.",
       {{"off", std::to_string(length)}, {"query", middle}}},
      {"Before the training the gradient of the first output reaches the first input through all "
       "steps of the one-vector encoder, and fades; with attention the path is short.",
       {{"query", "0"}, {"untrained", "1"}, {"off", std::to_string(length)}}},
      {"Now attention is switched off in the middle of the output: the decoders go on with their "
       "own state only, and it holds little. The one-vector model does not notice.",
       {{"off", middle}, {"query", middle}, {"untrained", "0"}}}};
}

}  // namespace

double accuracy_at(const Trained& trained, const std::string& model, int64_t length) {
  for (const Accuracy& each : trained.accuracy)
    if (each.model == model) return each.mean.at(static_cast<size_t>(length - 1));
  fail("there is no model '{}'", model);
}

Report report_of(const Trained& trained, const std::string& digits) {
  const Tensor source = digits_of(digits);
  manual_seed(1);
  const std::vector<Model> fresh = make_models();
  Json models = Json::array();
  for (size_t i = 0; i < fresh.size(); ++i)
    models.push_back(model_json(trained.models[i], fresh[i], source));
  Json file = to_json(trained);
  const Json panel = {{"title", "Four ways from the encoder to the decoder"},
                      {"digits", text_of(source)},
                      {"longest", kLongest},
                      {"longest_trained", trained.options.longest},
                      {"models", models},
                      {"accuracy", file["accuracy"]},
                      {"claim", claim(trained)},
                      {"provenance", provenance(trained.options)},
                      {"trained", file.dump()}};
  Report report({.id = "play_bottleneck",
                 .title = "How much fits through one vector?",
                 .lede = "Four models repeat your digits: look how long a sequence each of them "
                         "can remember, and what its decoder reads."});
  report.panel("play_bottleneck", panel.dump());
  report.tour(tour(source.size(1)));
  return report;
}

}  // namespace gradus::page::bottleneck
