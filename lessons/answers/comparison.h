// Three ways to fine-tune, and what they cost.
#pragma once
#include "gpt/fine_tuning.h"
#include "lessons/answers/number_gpt.h"
#include "lessons/answers/questions.h"

namespace gradus::lessons {

/// A copy of a model that learns to answer, in one of three ways.
struct FineTuned {
  Learner learner;
  std::optional<gpt::LoraAdapters> lora = {};

  /// The model; with LoRA, the changes are added to the weights of a copy.
  nn::Gpt result() const { return lora ? lora->merged() : learner.model; }
};

/// All parameters, the last block, or LoRA of rank 8.
FineTuned all_parameters(const nn::Gpt& model, double lr);
FineTuned last_block(const nn::Gpt& model, double lr);
FineTuned with_lora(const nn::Gpt& model, double lr);

/// Parameters trained, memory, time of a step, the share of right answers; and what is left of the
/// first text, before and after: the share of its facts that are completed, and its loss.
std::string comparison_table(const nn::Gpt& before, const std::vector<FineTuned>& all,
                             const NumberTexts& texts, const NumberTests& tests,
                             const std::vector<double>& seconds_of_steps);

/// The mean share over the kinds of questions.
double mean_of(const std::vector<double>& shares);

}  // namespace gradus::lessons
