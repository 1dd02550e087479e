#include "gpt/config_file.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "tensor/file_io.h"

namespace gradus::gpt {
namespace {
using nlohmann::json;

constexpr int64_t kMaxFileBytes = 1 << 20;
constexpr int64_t kMaxSize = std::numeric_limits<int32_t>::max();

/// The keys of a config.json. The functions throw if a value has the wrong type or is out of range.
class ConfigReader {
 public:
  explicit ConfigReader(const std::string& path) : file_("from_pretrained", path) {
    file_.check(file_.left() <= kMaxFileBytes, "it has {} bytes, and a config.json at most {}",
                file_.left(), kMaxFileBytes);
    std::string text(static_cast<size_t>(file_.left()), ' ');
    file_.read(text.data(), std::ssize(text));
    // The parser would ignore everything after a zero byte.
    if (text.find('\0') == std::string::npos)
      config_ = json::parse(text, nullptr, /*allow_exceptions=*/false);
    file_.check(config_.is_object(), "it is not a JSON object");
  }

  int64_t size(const char* key) const {
    file_.check(config_.contains(key), "it has no {}", key);
    return integer(key, 1, kMaxSize);
  }
  int64_t integer(const char* key, int64_t low, int64_t high) const {
    const json& value = config_[key];
    // A negative number is an is_number_integer() that is not unsigned.
    const bool fits =
        value.is_number_unsigned()
            ? value.get<uint64_t>() <= static_cast<uint64_t>(high) && value.get<int64_t>() >= low
            : value.is_number_integer() && value.get<int64_t>() >= low &&
                  value.get<int64_t>() <= high;
    file_.check(fits, "{} is {}, expected an integer from {} to {}", key, shown(value), low, high);
    return value.get<int64_t>();
  }
  bool flag(const char* key, bool if_missing) const {
    if (!has(key)) return if_missing;
    file_.check(config_[key].is_boolean(), "{} is {}, expected true or false", key,
                shown(config_[key]));
    return config_[key].get<bool>();
  }
  double probability(const char* key, double if_missing) const {
    if (!has(key)) return if_missing;
    const bool fits = config_[key].is_number() && config_[key].get<double>() >= 0 &&
                      config_[key].get<double>() <= 1;
    file_.check(fits, "{} is {}, expected a probability between 0 and 1", key, shown(config_[key]));
    return config_[key].get<double>();
  }
  /// Throws unless the value is one of those that nn::Gpt has. The first is the default.
  void expect(const char* key, const std::vector<json>& supported) const {
    if (!has(key)) return;
    const bool known = std::ranges::find(supported, config_[key]) != supported.end();
    file_.check(known, "{} is {}, and only {} is supported", key, shown(config_[key]),
                shown(supported[0]));
  }
  /// Whether the key has a value other than null.
  bool has(const char* key) const { return config_.contains(key) && !config_[key].is_null(); }
  const FileContext& file() const { return file_; }
  const json& operator[](const char* key) const { return config_[key]; }

 private:
  InputFile file_;
  json config_;
};

/// Throws if the model computes something else than nn::Gpt.
void check_features(const ConfigReader& config) {
  config.expect("model_type", {"gpt2"});
  // The other two are names of the same formula.
  config.expect("activation_function", {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"});
  config.expect("layer_norm_epsilon", {1e-5});
  config.expect("n_inner", {4 * config.size("n_embd")});
  config.expect("scale_attn_weights", {true});
  config.expect("scale_attn_by_inverse_layer_idx", {false});
  config.expect("add_cross_attention", {false});
}

/// nn::Gpt has one drop rate. The default is that of GPT2Config.
double drop_rate(const ConfigReader& config) {
  const double residual = config.probability("resid_pdrop", 0.1);
  const double embedding = config.probability("embd_pdrop", 0.1);
  const double attention = config.probability("attn_pdrop", 0.1);
  config.file().check(residual == embedding && residual == attention,
                      "resid_pdrop {}, embd_pdrop {} and attn_pdrop {} must be equal; make them "
                      "equal in the file if the model will not be trained",
                      residual, embedding, attention);
  return residual;
}

/// transformers writes GPT-2's 50256 into the file of every model that has no such token.
std::optional<int64_t> eos_token_id(const ConfigReader& config, int64_t vocab_size) {
  const char* const key = "eos_token_id";
  if (!config.has(key)) return {};
  const int64_t id = config.integer(key, std::numeric_limits<int64_t>::min(), kMaxSize);
  if (id < 0 || id >= vocab_size) return {};
  return id;
}

}  // namespace

PretrainedConfig load_config(const std::string& path) {
  const ConfigReader config(path);
  check_features(config);
  const nn::GptConfig model = {
      .vocab_size = config.size("vocab_size"),
      .context_length = config.size("n_positions"),
      .emb_dim = config.size("n_embd"),
      .n_heads = config.size("n_head"),
      .n_layers = config.size("n_layer"),
      .drop_rate = drop_rate(config),
      .qkv_bias = config.flag("qkv_bias", true),
      .tied_head = config.flag("tie_word_embeddings", true),
  };
  config.file().check(model.emb_dim % model.n_heads == 0,
                      "n_embd {} does not split into n_head {} heads", model.emb_dim,
                      model.n_heads);
  return {model, eos_token_id(config, model.vocab_size)};
}

void save_config(const PretrainedConfig& config, const std::string& path) {
  const nn::GptConfig& model = config.model;
  nlohmann::ordered_json out = {
      {"architectures", {"GPT2LMHeadModel"}},
      {"model_type", "gpt2"},
      {"vocab_size", model.vocab_size},
      {"n_positions", model.context_length},
      {"n_embd", model.emb_dim},
      {"n_head", model.n_heads},
      {"n_layer", model.n_layers},
      {"activation_function", "gelu_new"},
      {"layer_norm_epsilon", 1e-5},
      {"resid_pdrop", model.drop_rate},
      {"embd_pdrop", model.drop_rate},
      {"attn_pdrop", model.drop_rate},
      {"tie_word_embeddings", model.tied_head},
      {"qkv_bias", model.qkv_bias},
      {"bos_token_id", nullptr},
      {"eos_token_id", nullptr},
      {"torch_dtype", "float32"},
  };
  if (config.eos_token_id) out["bos_token_id"] = out["eos_token_id"] = *config.eos_token_id;
  const std::string text = out.dump(2) + "\n";
  OutputFile file("save_pretrained", path);
  file.write(text.data(), std::ssize(text));
  file.finish();
}

}  // namespace gradus::gpt
