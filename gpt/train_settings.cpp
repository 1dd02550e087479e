#include "gpt/train_settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gpt/presets.h"

namespace gradus::gpt {
namespace {

using nlohmann::json;

/// An option of the command line, and the setting that it replaces.
template <class T>
struct Setting {
  const char* option;
  std::optional<T> TrainArguments::*given;
  T& (*in)(TrainSettings&);
  bool may_change;  // when a run continues
  T least = {};
};

/// A member of the settings: &of<&S::seed>.
template <auto Member>
auto& of(TrainSettings& settings) {
  return settings.*Member;
}
/// A member of a member: &of<&S::model, &M::n_layers>.
template <auto Part, auto Member>
auto& of(TrainSettings& settings) {
  return (settings.*Part).*Member;
}

using A = TrainArguments;
using S = TrainSettings;
using M = nn::GptConfig;
using O = TrainOptions;
constexpr Setting<int64_t> kIntegers[] = {
    {"--block", &A::block, &of<&S::model, &M::context_length>, false, 1},
    {"--layers", &A::layers, &of<&S::model, &M::n_layers>, false, 1},
    {"--heads", &A::heads, &of<&S::model, &M::n_heads>, false, 1},
    {"--width", &A::width, &of<&S::model, &M::emb_dim>, false, 1},
    {"--seed", &A::seed, &of<&S::seed>, false},
    {"--steps", &A::steps, &of<&S::train, &O::steps>, true, 1},
    {"--batch", &A::batch, &of<&S::train, &O::batch_size>, true, 1},
    {"--accumulate", &A::accumulate, &of<&S::train, &O::accumulate>, true, 1},
    {"--eval-every", &A::eval_every, &of<&S::train, &O::eval_every>, true, 1},
    {"--lora", &A::lora, &of<&S::lora>, false},
    {"--last-block", &A::last_blocks, &of<&S::last_blocks>, false},
};
constexpr Setting<double> kNumbers[] = {
    {"--lr", &A::lr, &of<&S::train, &O::lr>, true},
    {"--dropout", &A::dropout, &of<&S::model, &M::drop_rate>, false},
};
const Setting<std::string> kTexts[] = {
    {"--preset", &A::preset, &of<&S::preset>, false},
    {"--tokenizer", &A::tokenizer, &of<&S::tokenizer>, false},
    {"--model", &A::base, &of<&S::base>, false},
    {"--precision", &A::precision, &of<&S::precision>, true},
};

/// Calls f with each setting of each table.
template <class F>
void for_each_setting(const F& f) {
  std::ranges::for_each(kTexts, f);
  std::ranges::for_each(kIntegers, f);
  std::ranges::for_each(kNumbers, f);
}

void apply(TrainSettings& settings, const TrainArguments& arguments) {
  for_each_setting([&](const auto& setting) {
    const auto& given = arguments.*setting.given;
    if (given) setting.in(settings) = *given;
  });
}

/// Throws where options do not fit each other.
void check_settings(const TrainSettings& s) {
  const nn::GptConfig& m = s.model;
  check(m.emb_dim % m.n_heads == 0, "--width {} does not split into --heads {}", m.emb_dim,
        m.n_heads);
  check(s.train.batch_size % s.train.accumulate == 0,
        "--batch {} does not split into --accumulate {} equal parts", s.train.batch_size,
        s.train.accumulate);
}

/// FNV-1a, to tell one text from another.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// The settings of a new run: with its text, the default seed and what the command line asks for.
TrainSettings completed(TrainSettings settings, const TrainArguments& arguments,
                        std::string_view text) {
  settings.seed = 1337;
  settings.text_bytes = std::ssize(text);
  settings.text_hash = hash_of(text);
  apply(settings, arguments);
  check_settings(settings);
  return settings;
}

}  // namespace

TrainSettings new_settings(const TrainArguments& arguments, std::string_view text) {
  const Preset& preset = find_preset(arguments.preset.value_or("shakespeare-char"));
  const TrainSettings settings{.preset = preset.name,
                               .tokenizer = preset.tokenizer,
                               .model = preset.model,
                               .train = preset.train};
  return completed(settings, arguments, text);
}

TrainSettings finetune_settings(const TrainArguments& arguments, const nn::GptConfig& model,
                                std::string_view text) {
  // A change of low rank starts from zero and is small, so it bears a larger rate.
  const double lr = arguments.lora ? 2e-3 : 3e-4;
  const TrainSettings settings{
      .model = model,
      .train = {.steps = 300, .batch_size = 16, .lr = lr, .weight_decay = 0, .eval_every = 100}};
  return completed(settings, arguments, text);
}

TrainSettings continued_settings(const TrainSettings& old, const TrainArguments& arguments,
                                 std::string_view text) {
  TrainSettings settings = old;
  for_each_setting([&](const auto& setting) {
    const auto& given = arguments.*setting.given;
    const auto& before = setting.in(settings);
    check(setting.may_change || !given || *given == before,
          "{} is {}, and the run to continue has {}; --out with another folder begins a new run",
          setting.option, given.value_or(before), before);
  });
  check(
      old.text_bytes == std::ssize(text) && old.text_hash == hash_of(text),
      "the run to continue was trained on another text: {} bytes with the hash {:x}, and this one "
      "has {} bytes and {:x}",
      old.text_bytes, old.text_hash, text.size(), hash_of(text));
  apply(settings, arguments);
  check_settings(settings);
  return settings;
}

// The names in the JSON are those of the structs' members.

std::string to_json(const TrainSettings& s) {
  const nn::GptConfig& m = s.model;
  const TrainOptions& t = s.train;
  return json{{"preset", s.preset},
              {"tokenizer", s.tokenizer},
              {"precision", s.precision},
              {"seed", s.seed},
              {"text_bytes", s.text_bytes},
              {"text_hash", s.text_hash},
              {"base", s.base},
              {"lora", s.lora},
              {"last_blocks", s.last_blocks},
              {"model",
               {{"vocab_size", m.vocab_size},
                {"context_length", m.context_length},
                {"emb_dim", m.emb_dim},
                {"n_heads", m.n_heads},
                {"n_layers", m.n_layers},
                {"drop_rate", m.drop_rate},
                {"qkv_bias", m.qkv_bias},
                {"tied_head", m.tied_head}}},
              {"train",
               {{"steps", t.steps},
                {"batch_size", t.batch_size},
                {"accumulate", t.accumulate},
                {"lr", t.lr},
                {"warmup_steps", t.warmup_steps},
                {"betas", t.betas},
                {"weight_decay", t.weight_decay},
                {"max_norm", t.max_norm},
                {"eval_every", t.eval_every}}}}
      .dump();
}

/// Throws if a file has integers that the command line would refuse.
static void check_integers(const TrainSettings& given, const std::string& path) {
  TrainSettings settings = given;  // the table's functions return what they could change
  constexpr int64_t kMost = 0xFFFFFFFF;
  for (const auto& setting : kIntegers) {
    const int64_t value = setting.in(settings);
    check(value >= setting.least && value <= kMost, "{}: {} is {}, expected {} to {}",
          printable(path), setting.option, value, setting.least, kMost);
  }
}

TrainSettings settings_from_json(const std::string& text, const std::string& path) try {
  const json all = json::parse(text);
  const json& m = all.at("model");
  const json& t = all.at("train");
  const TrainSettings s{.preset = all.at("preset"),
                        .tokenizer = all.at("tokenizer"),
                        .model = {.vocab_size = m.at("vocab_size"),
                                  .context_length = m.at("context_length"),
                                  .emb_dim = m.at("emb_dim"),
                                  .n_heads = m.at("n_heads"),
                                  .n_layers = m.at("n_layers"),
                                  .drop_rate = m.at("drop_rate"),
                                  .qkv_bias = m.at("qkv_bias"),
                                  .tied_head = m.at("tied_head")},
                        .train = {.steps = t.at("steps"),
                                  .batch_size = t.at("batch_size"),
                                  .accumulate = t.at("accumulate"),
                                  .lr = t.at("lr"),
                                  .warmup_steps = t.at("warmup_steps"),
                                  .betas = t.at("betas"),
                                  .weight_decay = t.at("weight_decay"),
                                  .max_norm = t.at("max_norm"),
                                  .eval_every = t.at("eval_every")},
                        .precision = all.value("precision", "highest"),
                        .seed = all.at("seed"),
                        .text_bytes = all.at("text_bytes"),
                        .text_hash = all.at("text_hash"),
                        .base = all.value("base", ""),
                        .lora = all.value("lora", int64_t{0}),
                        .last_blocks = all.value("last_blocks", int64_t{0})};
  check_integers(s, path);
  return s;
} catch (const json::exception&) {
  fail("{}: its settings are not those of a training run", printable(path));
}

}  // namespace gradus::gpt
