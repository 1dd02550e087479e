// A file with trained models: JSON, with parameters as 16-bit integers in base64.
#include <algorithm>
#include <cmath>
#include <map>

#include "page/play/bottleneck/training.h"
#include "tensor/factories.h"
#include "tensor/random.h"

namespace gradus::page::bottleneck {
namespace {

constexpr double kLargest = 32767;  // int16

/// A float32 tensor as {"shape", "scale", "i16"}: element = scale * integer, each integer two bytes
/// in base64, the low one first.
Json packed(const Tensor& x) {
  const std::vector<double> values = elements(x);
  double largest = 0;
  for (const double value : values)
    largest = std::max(largest, std::abs(value));
  const double scale = largest > 0 ? largest / kLargest : 1;
  std::string bytes;
  for (const double value : values) {
    const auto integer = static_cast<uint16_t>(std::lround(value / scale));
    bytes += static_cast<char>(integer & 0xFF);
    bytes += static_cast<char>(integer >> 8);
  }
  return {{"shape", x.sizes().vec()}, {"scale", scale}, {"i16", base64(bytes)}};
}

void unpack(const Json& json, const std::string& name, const Tensor& parameter) {
  const NoGradGuard no_grad;
  const std::string bytes = from_base64(json.at("i16").get<std::string>());
  check(static_cast<int64_t>(bytes.size()) == 2 * parameter.numel() &&
            json.at("shape").get<std::vector<int64_t>>() == parameter.sizes().vec(),
        "the parameter {} has another size", name);
  const auto scale = json.at("scale").get<double>();
  std::vector<double> values;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    const auto low = static_cast<unsigned char>(bytes[i]);
    const auto high = static_cast<unsigned char>(bytes[i + 1]);
    values.push_back(scale * static_cast<int16_t>(low | high << 8));
  }
  parameter.copy_(tensor(values).view(parameter.sizes()));
}

}  // namespace

Json to_json(const Trained& trained) {
  Json parameters = Json::object();
  for (const Model& model : trained.models)
    for (const auto& [name, p] : model.parameters)
      parameters[name] = packed(p);
  Json accuracy = Json::array();
  for (const Accuracy& each : trained.accuracy)
    accuracy.push_back({{"model", each.model},
                        {"mean", numbers(each.mean)},
                        {"low", numbers(each.low)},
                        {"high", numbers(each.high)}});
  const TrainingOptions& options = trained.options;
  return {{"options",
           {{"steps", options.steps},
            {"seeds", options.seeds},
            {"batch", options.batch},
            {"longest", options.longest},
            {"lr", options.lr},
            {"tests", options.tests}}},
          {"accuracy", accuracy},
          {"parameters", parameters}};
}

Trained trained_from_json(const std::string& text, const std::string& origin) {
  try {
    const Json json = Json::parse(text);
    manual_seed(1);
    Trained trained{make_models(), {}, {}};
    const Json& options = json.at("options");
    trained.options = {.steps = options.at("steps"),
                       .seeds = options.at("seeds"),
                       .batch = options.at("batch"),
                       .longest = options.at("longest"),
                       .lr = options.at("lr"),
                       .tests = options.at("tests")};
    for (const Model& model : trained.models)
      for (const auto& [name, p] : model.parameters)
        unpack(json.at("parameters").at(name), name, p);
    for (const Json& each : json.at("accuracy"))
      trained.accuracy.push_back(
          {each.at("model"), each.at("mean"), each.at("low"), each.at("high")});
    return trained;
  } catch (const std::exception& error) {
    fail("{} is not a file with trained models: {}", origin, error.what());
  }
}

}  // namespace gradus::page::bottleneck
