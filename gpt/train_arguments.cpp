#include "gpt/train_arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>

#include "gpt/presets.h"
#include "tensor/kernels/parallel.h"
#include "terminal/options.h"

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
              "Computes a batch in this many micro-batches, to use less memory");
  add_integer(app, "--eval-every", a.eval_every, 1, 1'000'000'000,
              "Steps between two evaluations, each with a sample and a checkpoint");
  app.add_option("--precision", a.precision,
                 "highest: float32; medium: products of matrices in bfloat16, which is faster "
                 "where the processor has them; high: two bfloat16 terms for each number, on "
                 "Intel processors with AMX (highest)")
      ->check(CLI::IsMember({"highest", "high", "medium"}));
  add_integer(app, "--seed", a.seed, 0, 0xFFFFFFFF, "The seed of the random numbers (1337)");
}

/// The options that are not about numbers.
void add_run_options(CLI::App& app, TrainArguments& a) {
  add_integer(app, "--threads", a.threads, 1, kernels::kMostThreads,
              "Threads; the results do not depend on their number");
  app.add_flag("--yes", a.yes, "Does not ask before a long training");
  app.add_option("--json", a.json, "Writes each evaluation to FILE, as a line of JSON");
}

void add_process_options(CLI::App& app, TrainArguments& a) {
  add_integer(app, "--processes", a.processes, 1, 1024,
              "Processes on this machine, which share the micro-batches; the results do not depend "
              "on their number");
  app.add_flag("--zero", a.zero,
               "Each process keeps a part of the optimiser's state (ZeRO stage 1)");
  app.add_flag("--allow-run-as-root", a.allow_root, "Lets Open MPI start processes for root");
}

std::optional<int> parsed(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return terminal::exit_parsing(app, e, 2);
  }
  return {};
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
  add_run_options(app, arguments);
  add_process_options(app, arguments);
  return parsed(app, argc, argv);
}

std::optional<int> parse_finetune(int argc, const char* const* argv, TrainArguments& arguments) {
  CLI::App app(
      "Teaches a trained GPT to answer. Each line of a file is a conversation in JSON,\n"
      "  {\"messages\": [{\"role\": \"user\", \"content\": \"...\"}, "
      "{\"role\": \"assistant\", ...}]}\n"
      "or a question, a tab, and its answer. Only the answers are learned.",
      "gradus finetune");
  app.add_option("FILE", arguments.files, "Files with conversations")->required();
  app.add_option("--model", arguments.base, "The folder of the trained model; it stays as it is");
  app.add_option("--out", arguments.out, "The folder of the new model (my/NAME-OF-THE-FILE)");
  app.add_flag("--resume", arguments.resume, "Continues the run in the folder");
  add_integer(app, "--lora", arguments.lora, 1, 10'000,
              "Trains a low-rank change (LoRA) of this rank, 8 for example, and nothing else");
  app.add_flag_callback(
      "--last-block", [&] { arguments.last_blocks = 1; }, "Trains the last block only");
  add_optimisation_options(app, arguments);
  add_run_options(app, arguments);
  if (const auto status = parsed(app, argc, argv)) return status;
  check(arguments.resume || arguments.base, "--model is missing: the folder of a trained model");
  check(!arguments.lora || !arguments.last_blocks,
        "--lora and --last-block exclude each other: both say what is trained");
  return {};
}

}  // namespace gradus::gpt
