// What a training run will need: parameters, arithmetic, memory and time.
#pragma once
#include <optional>
#include <string>

#include "gpt/conversation_rows.h"
#include "gpt/train_settings.h"

namespace gradus::gpt {

/// Computed from the sizes alone. Doubles, because a size may be mistyped by any factor.
struct Needs {
  double parameters = 0;
  double flops_per_token = 0;  // forward and backward
  double memory = 0;           // bytes, about
};

///   parameters       V C + T C + L (12 C^2 + 10 C, with biases of q, k and v 13 C) + 2 C
///   flops per token  6 (parameters - T C) + 12 L C T     (Chowdhery et al. 2022, appendix B)
///   memory           4 bytes a parameter, 12 more for each that is trained (the gradient and two
///                    averages of AdamW), 4 log2(micro-batches) for sums of gradients, and what
///                    backward needs of a micro-batch
///
/// All are trained unless `trained` says how many.
Needs needs_of(const nn::GptConfig& model, const TrainOptions& options,
               std::optional<int64_t> trained = {});

/// Throws if that is more than the memory of this machine.
void check_memory(const Needs& needs);

/// How long the rest of a run will take on this machine, in seconds, from a few trials.
double measure_seconds(const Trainer& trainer);

/// What will be done, in lines. `seconds` is how long it will take.
struct Plan {
  const TrainSettings& settings;
  const TrainData& data;
  Needs needs;
  int64_t steps_before = 0;  // by the run that is continued
  double seconds = 0;
  std::string out;
};
std::string describe(const Plan& plan);

/// The same for fine-tuning.
struct FineTuningPlan {
  const TrainSettings& settings;
  const ConversationRows& train;
  const ConversationRows& validation;
  int64_t trained = 0;  // parameters
  int64_t steps_before = 0;
  double seconds = 0;
  std::string out;
};
std::string describe(const FineTuningPlan& plan);

}  // namespace gradus::gpt
