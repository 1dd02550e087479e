#include "gpt/checkpoint.h"

#include <nlohmann/json.hpp>

#include "nn/save.h"
#include "tensor/random.h"

namespace gradus::gpt {
namespace {

using nlohmann::json;

// The names of the tensors in the file: "model.tok_emb.weight", "optimizer.0.exp_avg", ... and
// "rng_state". The state is JSON, in the file's metadata.
const std::string kModel = "model.";
const std::string kOptimizer = "optimizer.";
const std::string kRngState = "rng_state";
const std::string kState = "gradus_train_state";

std::string to_json(const TrainState& s) {
  return json{{"step", s.step},
              {"position", s.position},
              {"loss_sum", s.loss_sum},
              {"loss_count", s.loss_count},
              {"settings", s.settings}}
      .dump();
}

TrainState state_from(const std::map<std::string, std::string>& metadata, const std::string& path) {
  const auto found = metadata.find(kState);
  check(found != metadata.end(), "load_checkpoint: {}: it is not a checkpoint of a training run",
        printable(path));
  try {
    const json s = json::parse(found->second);
    const TrainState state{.step = s.at("step"),
                           .position = s.at("position"),
                           .loss_sum = s.at("loss_sum"),
                           .loss_count = s.at("loss_count"),
                           .settings = s.at("settings")};
    check(state.step >= 0 && state.position >= 0 && state.loss_count >= 0,
          "load_checkpoint: {}: a count in its state is negative", printable(path));
    return state;
  } catch (const json::exception&) {
    fail("load_checkpoint: {}: its state is damaged", printable(path));
  }
}

}  // namespace

void save_checkpoint(const std::string& path, const nn::Module& model,
                     const optim::Optimizer& optimizer, const TrainState& state) {
  NamedTensors tensors;
  for (const auto& [name, x] : model.named_parameters())
    tensors.emplace_back(kModel + name, x);
  for (const auto& [name, x] : optimizer.state_dict())
    tensors.emplace_back(kOptimizer + name, x);
  tensors.emplace_back(kRngState, get_rng_state());
  save_safetensors(path, tensors, {{kState, to_json(state)}});
}

TrainState load_checkpoint(const std::string& path, const nn::Module& model,
                           optim::Optimizer& optimizer) {
  std::map<std::string, std::string> metadata;
  const NamedTensors all = load_safetensors(path, {.metadata = &metadata});
  const TrainState state = state_from(metadata, path);
  NamedTensors in_model;
  NamedTensors in_optimizer;
  Tensor rng_state;
  for (const auto& [name, x] : all) {
    if (name.starts_with(kModel))
      in_model.emplace_back(name.substr(kModel.size()), x);
    else if (name.starts_with(kOptimizer))
      in_optimizer.emplace_back(name.substr(kOptimizer.size()), x);
    else
      rng_state = x;
  }
  // All that may throw comes before the model is changed.
  const std::string origin = fmt::format("load_checkpoint: {}", printable(path));
  nn::check_fits(model, in_model, origin);
  const Tensor rng_state_before = get_rng_state();
  try {
    set_rng_state(rng_state);
    optimizer.load_state_dict(in_optimizer);
  } catch (const Error& e) {
    set_rng_state(rng_state_before);
    fail("{}: {}", origin, e.what());
  }
  nn::load(model, in_model, origin);
  return state;
}

TrainState read_train_state(const std::string& path) {
  std::map<std::string, std::string> metadata;
  const auto none = [](const std::string&, const std::string&) { return false; };
  load_safetensors(path, {.wanted = none, .metadata = &metadata});
  return state_from(metadata, path);
}

}  // namespace gradus::gpt
