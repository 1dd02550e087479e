#include "lessons/answers/comparison.h"

#include <numeric>

#include "lessons/answers/asking.h"

namespace gradus::lessons {
namespace {

/// Bytes: 4 for each parameter, and 12 more for each that is trained: its gradient and two averages
/// of AdamW.
double memory_of(const FineTuned& one) {
  const auto of_model = static_cast<double>(parameter_count(one.learner.model));
  const auto added = one.lora ? static_cast<double>(gpt::trained_parameters(*one.lora)) : 0;
  return 4 * (of_model + added) +
         12 * static_cast<double>(gpt::trained_parameters(one.learner.trained));
}

}  // namespace

FineTuned all_parameters(const nn::Gpt& model, double lr) {
  const nn::Gpt copy = gpt::copy_of(model);
  return {{.name = "all parameters", .model = copy, .trained = copy, .lr = lr}};
}

FineTuned last_block(const nn::Gpt& model, double lr) {
  const nn::Gpt copy = gpt::copy_of(model);
  gpt::train_last_block_only(copy);
  return {{.name = "the last block", .model = copy, .trained = copy, .lr = lr}};
}

FineTuned with_lora(const nn::Gpt& model, double lr) {
  const nn::Gpt copy = gpt::copy_of(model);
  const gpt::LoraAdapters lora(copy, /*rank=*/8, /*alpha=*/16);
  return {{.name = "LoRA of rank 8", .model = copy, .trained = lora, .lr = lr}, lora};
}

std::string comparison_table(const nn::Gpt& before, const std::vector<FineTuned>& all,
                             const NumberTexts& texts, const NumberTests& tests,
                             const std::vector<double>& seconds_of_steps) {
  const auto of_text = [&](const nn::Gpt& model) {
    const std::vector<double> completed =
        shares_right(model, texts.tokenizer, plain_prompt(texts.tokenizer), tests.beginnings, {});
    return fmt::format("{:>11.1f}% {:>7.3f}\n", 100 * mean_of(completed),
                       loss_over(model, *texts.unread));
  };
  std::string table =
      "                                                          of the text:\n"
      "                    trained    memory  ms a step   right   completed    loss\n";
  table += fmt::format("  {:<49}", "before") + of_text(before);
  for (size_t i = 0; i < all.size(); ++i) {
    const nn::Gpt model = all[i].result();
    const double right = mean_of(shares_right(model, texts.format, tests.questions));
    table += fmt::format("  {:<16} {:>8} {:>6.2f} MB {:>10.1f} {:>6.1f}%", all[i].learner.name,
                         gpt::trained_parameters(all[i].learner.trained), memory_of(all[i]) / 1e6,
                         1000 * seconds_of_steps[i], 100 * right) +
             of_text(model);
  }
  return table;
}

double mean_of(const std::vector<double>& shares) {
  return std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
}

}  // namespace gradus::lessons
