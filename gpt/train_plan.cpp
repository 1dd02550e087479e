#include "gpt/train_plan.h"

#include <unistd.h>

#include <array>
#include <bit>

#include "tensor/kernels/gemm.h"
#include "tensor/kernels/isa.h"
#include "tensor/threads.h"
#include "terminal/progress_bar.h"

namespace gradus::gpt {
namespace {

/// Three digits and a unit: "1.23 billion".
std::string count_text(double n) {
  constexpr std::array<const char*, 7> units{"",          " thousand",    " million",    " billion",
                                             " trillion", " quadrillion", " quintillion"};
  size_t unit = 0;
  for (; n >= 1000 && unit + 1 < units.size(); ++unit)
    n /= 1000;
  return fmt::format("{:.3g}{}", n, units[unit]);
}

/// An integer with commas: "1,115,394".
std::string with_commas(int64_t n) {
  std::string text = fmt::format("{}", n);
  for (int64_t i = std::ssize(text) - 3; i > 0; i -= 3)
    text.insert(static_cast<size_t>(i), 1, ',');
  return text;
}

/// "52 MB"
std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 6> units{"bytes", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < units.size(); ++unit)
    bytes /= 1000;
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

double memory_of_machine() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Needs needs_of(const nn::GptConfig& model, const TrainOptions& options,
               std::optional<int64_t> trained) {
  const auto V = static_cast<double>(model.vocab_size);
  const auto T = static_cast<double>(model.context_length);
  const auto C = static_cast<double>(model.emb_dim);
  const auto L = static_cast<double>(model.n_layers);
  const int64_t rows_at_once = options.batch_size / options.accumulate;
  const auto rows = static_cast<double>(rows_at_once);
  Needs needs;
  needs.parameters = V * C + T * C + L * (12 * C * C + (model.qkv_bias ? 13 : 10) * C) + 2 * C +
                     (model.tied_head ? 0 : V * C);
  needs.flops_per_token = 6 * (needs.parameters - T * C) + 12 * L * C * T;
  // What a block keeps for backward: its input, two norms, q, k, v, the heads' results, the sum
  // with the shortcut, and the hidden layer before and after GELU, which is four times as wide.
  constexpr double kWidthsPerBlock = 16;
  // The logits, their gradient, and a buffer of the same size.
  constexpr double kLogits = 3;
  const double changed = trained ? static_cast<double>(*trained) : needs.parameters;
  // Sums of gradients that wait for others (distributed/gradient_sum.h).
  const auto sums =
      static_cast<double>(std::bit_width(static_cast<uint64_t>(options.accumulate)) - 1);
  needs.memory = 4 * needs.parameters + (12 + 4 * sums) * changed +
                 4 * rows * T * (L * kWidthsPerBlock * C + kLogits * V);
  return needs;
}

void check_memory(const Needs& needs) {
  check(needs.memory <= memory_of_machine(),
        "this training needs about {} of memory, and the machine has {}; --accumulate computes a "
        "batch in parts that need less, and --width, --layers and --block make the model smaller",
        bytes_text(needs.memory), bytes_text(memory_of_machine()));
}

double measure_seconds(const Trainer& trainer) {
  const TrainOptions& o = trainer.options();
  const double step = trainer.measure_step_seconds();
  const auto steps = static_cast<double>(o.steps - trainer.state().step);
  // A forward pass takes about a third of the time of a step.
  const double validation_token = step / static_cast<double>(trainer.tokens_per_step()) / 3;
  const double evaluations = steps / static_cast<double>(o.eval_every) + 1;
  const auto all_tokens = static_cast<double>(trainer.task().validation->size());
  const double estimate = std::min(all_tokens, static_cast<double>(Trainer::kEstimateTokens));
  return steps * step + validation_token * (evaluations * estimate + all_tokens);
}

namespace {

/// Lines with a name and a text each.
class PlanLines {
 public:
  void add(const char* name, const std::string& text) {
    text_ += fmt::format("{:<10} {}\n", name, text);
  }
  void add_model(const nn::GptConfig& m, double parameters) {
    add("model", fmt::format("{} layers, {} heads, {} wide, {} tokens at once: {} parameters",
                             m.n_layers, m.n_heads, m.emb_dim, m.context_length,
                             with_commas(static_cast<int64_t>(parameters))));
  }
  static std::string precision_text(const std::string& precision) {
    const bool is_medium = precision == "medium";
    if (is_medium ? !kernels::has_bfloat16_products() : kernels::isa() != kernels::Isa::amx)
      return precision + ": the same as highest, for this processor has no products in bfloat16";
    return precision + (is_medium ? ": products of matrices in bfloat16"
                                  : ": products of matrices of two bfloat16 terms for each number");
  }
  void add_end(const TrainSettings& settings, double memory, double seconds,
               const std::string& folder) {
    if (settings.precision != "highest") add("precision", precision_text(settings.precision));
    add("memory", fmt::format("about {}", bytes_text(memory)));
    add("time",
        fmt::format("about {} on this machine with {} thread{}", terminal::duration_text(seconds),
                    get_num_threads(), get_num_threads() == 1 ? "" : "s"));
    add("folder", folder);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string describe(const Plan& plan) {
  const TrainSettings& s = plan.settings;
  const int64_t tokens = s.train.batch_size * s.model.context_length;
  const int64_t steps = s.train.steps - plan.steps_before;
  const double in_all = static_cast<double>(tokens) * static_cast<double>(steps);
  PlanLines lines;
  lines.add("text",
            fmt::format("{} bytes; tokenizer {}: {} tokens in the vocabulary",
                        with_commas(s.text_bytes), s.tokenizer, with_commas(s.model.vocab_size)));
  lines.add("tokens",
            fmt::format("{} to train on, {} to validate with", with_commas(plan.data.train.size()),
                        with_commas(plan.data.validation.size())));
  lines.add_model(s.model, plan.needs.parameters);
  lines.add("training",
            fmt::format("{} steps of {} x {} tokens, each token of the text {:.2g} times",
                        with_commas(steps), s.train.batch_size, s.model.context_length,
                        in_all / static_cast<double>(plan.data.train.size())));
  lines.add("arithmetic",
            fmt::format("{} FLOPs per token, {} in all", count_text(plan.needs.flops_per_token),
                        count_text(plan.needs.flops_per_token * in_all)));
  lines.add_end(s, plan.needs.memory, plan.seconds, plan.out);
  return lines.text();
}

std::string describe(const FineTuningPlan& plan) {
  const TrainSettings& s = plan.settings;
  const Needs needs = needs_of(s.model, s.train, plan.trained);
  const int64_t steps = s.train.steps - plan.steps_before;
  const int64_t rows = plan.train.all().size();
  const std::string what = s.lora > 0          ? fmt::format("a change of rank {} (LoRA)", s.lora)
                           : s.last_blocks > 0 ? std::string("the last block")
                                               : std::string("everything");
  PlanLines lines;
  lines.add("examples", fmt::format("{} conversations to train on, {} to validate with",
                                    with_commas(plan.train.conversations()),
                                    with_commas(plan.validation.conversations())));
  lines.add("tokens", fmt::format("{} in {} rows of {}; {} of them are learned: the answers",
                                  with_commas(plan.train.tokens()), with_commas(rows),
                                  s.model.context_length, with_commas(plan.train.size())));
  lines.add_model(s.model, needs.parameters);
  lines.add("trained", fmt::format("{}: {} parameters", what, with_commas(plan.trained)));
  lines.add("training", fmt::format("{} steps of {} rows, each conversation {:.2g} times",
                                    with_commas(steps), s.train.batch_size,
                                    static_cast<double>(steps * s.train.batch_size) /
                                        static_cast<double>(rows)));
  lines.add_end(s, needs.memory, plan.seconds, plan.out);
  return lines.text();
}

}  // namespace gradus::gpt
