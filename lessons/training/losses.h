// Batches of a text and the losses of a GPT on them, for lessons 12 and 13.
#pragma once
#include <utility>

#include "nn/gpt.h"

namespace gradus::lessons {

/// B random windows of T tokens, and the same windows shifted by one: inputs and targets, (B, T).
std::pair<Tensor, Tensor> random_batch(const Tensor& ids, int64_t B, int64_t T);

/// The mean of -ln p over all targets.
Tensor loss_of(const nn::Gpt& model, const Tensor& inputs, const Tensor& targets);
/// The loss over all windows of the text, one after the other.
double loss_over(const nn::Gpt& model, const Tensor& ids);
/// An estimate of the loss from a few random batches.
double estimated_loss(const nn::Gpt& model, const Tensor& ids, int64_t batches, int64_t B);

}  // namespace gradus::lessons
