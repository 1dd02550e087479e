#include "gpt/pretrained.h"

#include <filesystem>
#include <map>

#include "gpt/config_file.h"
#include "gpt/llmc.h"
#include "gpt/weights.h"
#include "tensor/factories.h"
#include "tensor/files.h"
#include "tensor/memory.h"

namespace gradus::gpt {
namespace {
namespace fs = std::filesystem;

using Weights = std::map<std::string, Tensor>;
constexpr std::string_view kPrefix = "transformer.";

/// Old files have the causal mask, and a large negative number for it, among the weights. They may
/// have types that Gradus does not read.
bool is_buffer(const std::string& name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
}

/// The weights of a folder with Hugging Face's files, and what they are checked against.
class Folder {
 public:
  explicit Folder(const std::string& dir)
      : dir_(printable(dir)), config_(load_config((fs::path(dir) / "config.json").string()).model) {
    const std::string path = (fs::path(dir) / "model.safetensors").string();
    check(fs::exists(path), "from_pretrained: {}: the folder has no model.safetensors", dir_);
    const auto wanted = [](const std::string& name, const std::string&) {
      return !is_buffer(name);
    };
    for (auto& [name, x] : load_safetensors(path, {.wanted = wanted})) {
      const std::string short_name = name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
      const bool is_new = weights_.emplace(short_name, x).second;
      check(is_new, "from_pretrained: {}: model.safetensors has '{}' with and without '{}'", dir_,
            printable(short_name), kPrefix);
    }
    check_sizes();
    if (!weights_.contains("h.0.attn.c_attn.bias")) config_.qkv_bias = false;
  }

  nn::Gpt model(std::optional<DType> dtype) {
    if (!dtype && weights_.at("wte.weight").dtype() == kFloat64) dtype = kFloat64;
    if (dtype == kBFloat16) halve_matrices();
    const nn::Gpt model(config_);
    if (dtype) make_room(model, *dtype);
    for (const Weight& weight : weights_of(model))
      load(weight);
    check_rest();
    model.eval();
    return model;
  }

 private:
  /// Now, so that less memory is needed while the model is made.
  void halve_matrices() {
    Weights halved = weights_;
    for (auto& [name, x] : halved)
      if (x.dim() == 2 && x.is_floating_point()) x = x.to(kBFloat16);
    weights_ = std::move(halved);
    empty_cache();
  }

  const Tensor& at(const std::string& name) const {
    const auto found = weights_.find(name);
    check(found != weights_.end(), "from_pretrained: {}: model.safetensors has no '{}'", dir_,
          name);
    return found->second;
  }

  /// What nn::Gpt needs memory for. The other shapes follow from these sizes.
  void check_sizes() const {
    check_shape("wte.weight", at("wte.weight"), {config_.vocab_size, config_.emb_dim});
    check_shape("wpe.weight", at("wpe.weight"), {config_.context_length, config_.emb_dim});
    int64_t blocks = 0;
    while (weights_.contains(fmt::format("h.{}.ln_1.weight", blocks)))
      ++blocks;
    check(blocks == config_.n_layers,
          "from_pretrained: {}: model.safetensors has {} blocks, and config.json says n_layer {}",
          dir_, blocks, config_.n_layers);
  }

  void check_shape(const std::string& name, const Tensor& x, const Shape& expected) const {
    check(x.sizes() == expected,
          "from_pretrained: {}: '{}' is {} in model.safetensors, and config.json (vocab_size {}, "
          "n_positions {}, n_embd {}) says {}",
          dir_, name, x.sizes(), config_.vocab_size, config_.context_length, config_.emb_dim,
          expected);
    check(x.is_floating_point(), "from_pretrained: {}: '{}' is {}, expected floating-point numbers",
          dir_, name, x.dtype());
  }

  /// Copies one tensor into the model and forgets it.
  void load(const Weight& weight) {
    Shape shape = shape_of(weight);
    if (weight.is_conv1d) std::swap(shape[0], shape[1]);
    if (!weights_.contains(weight.name) && weight.name.ends_with(".bias"))
      return assign(weight, zeros(shape, weight.parts[0].dtype()));
    check_shape(weight.name, at(weight.name), shape);
    const Tensor x = at(weight.name).to(weight.parts[0].dtype());
    assign(weight, weight.is_conv1d ? x.t() : x);
    if (weight.name != "wte.weight") weights_.erase(weight.name);
  }

  /// Some tensors that are not in the model may be in the file, if they change nothing.
  void check_rest() const {
    const Tensor& wte = weights_.at("wte.weight");
    for (const auto& [name, x] : weights_) {
      if (name == "wte.weight") continue;
      if (name == "lm_head.weight") {
        check(x.dtype() == wte.dtype() && equal(x, wte),
              "from_pretrained: {}: config.json says tie_word_embeddings, but 'lm_head.weight' "
              "and 'wte.weight' differ in model.safetensors",
              dir_);
        continue;
      }
      const bool is_bias = name.ends_with(".attn.c_attn.bias");
      check(is_bias && equal(x.to(kFloat64), zeros(x.sizes(), kFloat64)),
            "from_pretrained: {}: model.safetensors has '{}', which nn::Gpt with this config.json "
            "does not have",
            dir_, printable(name));
    }
  }

  const std::string dir_;  // for messages
  nn::GptConfig config_;
  Weights weights_;
};

}  // namespace

nn::Gpt from_pretrained(const std::string& path, const PretrainedOptions& options) {
  const std::optional<DType> dtype = options.dtype;
  check(!dtype || is_floating_point(*dtype),
        "from_pretrained: a model is float32, float64 or bfloat16, not {}",
        dtype.value_or(kFloat32));
  std::error_code error;
  if (fs::is_regular_file(path, error)) return load_llmc(path, dtype);
  check(fs::is_directory(path, error), "from_pretrained: {}: there is no such file or folder",
        printable(path));
  const nn::Gpt model = Folder(path).model(dtype);
  empty_cache();  // of the file's tensors
  return model;
}

void save_pretrained(const nn::Gpt& model, const std::string& dir,
                     std::optional<int64_t> eos_token_id) {
  std::error_code error;
  fs::create_directories(dir, error);
  check(fs::is_directory(dir), "save_pretrained: {}: the folder cannot be made: {}", printable(dir),
        error.message());
  const NoGradGuard no_grad;
  const nn::GptConfig& config = model.config;
  NamedTensors tensors;
  const auto add = [&](const std::string& name, const Tensor& x) {
    const bool is_head = name == "lm_head.weight";
    tensors.emplace_back((is_head ? "" : std::string(kPrefix)) + name, x);
  };
  for (const Weight& weight : weights_of(model)) {
    const Tensor x = joined(weight);
    add(weight.name, weight.is_conv1d ? x.t() : x);
  }
  // transformers expects this bias in every model.
  for (int64_t i = 0; !config.qkv_bias && i < config.n_layers; ++i)
    add(fmt::format("h.{}.attn.c_attn.bias", i),
        zeros({3 * config.emb_dim}, model.final_norm.bias.dtype()));
  save_safetensors((fs::path(dir) / "model.safetensors").string(), tensors, {{"format", "pt"}});
  save_config({config, eos_token_id}, (fs::path(dir) / "config.json").string());
}

}  // namespace gradus::gpt
