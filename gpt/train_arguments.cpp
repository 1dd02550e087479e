#include "gpt/train_arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>

#include "gpt/presets.h"
#include "tensor/kernels/parallel.h"

namespace gradus::gpt {
namespace {

std::string help() {
  std::string out = "Trains a GPT on text files.\n\nThe presets:\n";
  for (const Preset& preset : presets())
    out += fmt::format("  {:<24}{}\n", preset.name, preset.description);
  return out;
}

/// An option whose value is an integer from low to high. CLI11 would read 010 as octal.
void add_integer(CLI::App& app, const std::string& name, std::optional<int64_t>& value, int64_t low,
                 int64_t high, const std::string& description) {
  const auto read = [=, &value](const std::string& text) {
    int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_integer = error == std::errc() && stop == end;
    if (!is_integer || number < low || number > high)
      throw CLI::ValidationError(
          name, fmt::format("expected an integer from {} to {}, got '{}'", low, high, text));
    value = number;
  };
  app.add_option_function<std::string>(name, read, description)->type_name("INTEGER");
}

/// An option whose value is a number that `fits`; `expected` says which numbers those are.
void add_number(CLI::App& app, const std::string& name, std::optional<double>& value,
                bool (*fits)(double), const std::string& expected, const std::string& description) {
  const auto read = [=, &value](const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    const bool is_number = !text.empty() && end == text.c_str() + text.size();
    if (!is_number || !fits(number))
      throw CLI::ValidationError(name, fmt::format("expected {}, got '{}'", expected, text));
    value = number;
  };
  app.add_option_function<std::string>(name, read, description)->type_name("NUMBER");
}

void add_model_options(CLI::App& app, TrainArguments& a) {
  add_integer(app, "--block", a.block, 1, 1'000'000, "Tokens that the model sees at once");
  add_integer(app, "--layers", a.layers, 1, 1000, "Blocks of the model");
  add_integer(app, "--heads", a.heads, 1, 10'000, "Attention heads of each block");
  add_integer(app, "--width", a.width, 1, 1'000'000, "Numbers that represent a token");
  add_number(
      app, "--dropout", a.dropout, [](double p) { return p >= 0 && p < 1; },
      "a number from 0 to below 1", "The fraction of the activations that is dropped");
}

void add_optimisation_options(CLI::App& app, TrainArguments& a) {
  add_integer(app, "--steps", a.steps, 1, 1'000'000'000, "Steps of training");
  add_number(
      app, "--lr", a.lr, [](double lr) { return lr > 0 && std::isfinite(lr); },
      "a finite number above 0", "The largest learning rate");
  add_integer(app, "--batch", a.batch, 1, 1'000'000, "Sequences in each step");
  add_integer(app, "--accumulate", a.accumulate, 1, 1'000'000,
              "Computes a batch in this many parts, to use less memory");
  add_integer(app, "--eval-every", a.eval_every, 1, 1'000'000'000,
              "Steps between two evaluations, each with a sample and a checkpoint");
  add_integer(app, "--seed", a.seed, 0, 0xFFFFFFFF, "The seed of the random numbers (1337)");
}

}  // namespace

std::optional<int> parse(int argc, const char* const* argv, TrainArguments& arguments) {
  CLI::App app(help(), "gradus train");
  app.add_option("FILE", arguments.files, "Text files; several are joined")->required();
  app.add_option("--preset", arguments.preset, "The size of model and training (shakespeare-char)");
  app.add_option("--tokenizer", arguments.tokenizer,
                 "char, bpe:SIZE (learned from the text), or gpt2");
  app.add_option("--out", arguments.out, "The folder of the model (my/NAME-OF-THE-FILE)");
  app.add_flag("--resume", arguments.resume, "Continues the run in the folder");
  add_model_options(app, arguments);
  add_optimisation_options(app, arguments);
  add_integer(app, "--threads", arguments.threads, 1, kernels::kMostThreads,
              "Threads; the results do not depend on their number");
  app.add_flag("--yes", arguments.yes, "Does not ask before a long training");
  app.add_option("--json", arguments.json, "Writes each evaluation to FILE, as a line of JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return {};
}

}  // namespace gradus::gpt
