// What fine-tuning changes in a GPT: new tokens, and which parameters are trained.
#pragma once
#include <optional>

#include "nn/gpt.h"
#include "nn/lora.h"

namespace gradus::gpt {

/// A copy of the model whose vocabulary has more tokens, in evaluation mode. The embeddings of the
/// new ones are drawn from a normal distribution with the mean and the deviation of the others, in
/// each of their C numbers.
nn::Gpt with_vocabulary(const nn::Gpt& model, int64_t vocab_size);

/// A copy of the model with parameters of its own. Draws no random numbers.
nn::Gpt copy_of(const nn::Gpt& model);

/// Only the last block and the final norm need gradients from now on, or all parameters again.
void train_last_block_only(const nn::Gpt& model);
void train_everything(const nn::Gpt& model);

/// LoRA for all linear layers in the blocks of a model: queries, keys, values, the output of
/// attention and the two of the feed-forward part. From now on the model computes with the changes,
/// and only these need gradients.
class LoraAdapters : public nn::Module {
 public:
  LoraAdapters(const nn::Gpt& model, int64_t rank, double alpha);

  /// A copy of the model with the changes added to its weights. The model stays as it is.
  nn::Gpt merged() const;
  /// Adds the changes to the weights of the model, which is a GPT like any other then.
  void merge();

 private:
  const nn::Gpt gpt_;
  const nn::ModuleList<nn::LoRA> changes_;
  std::vector<nn::RemovableHandle> hooks_;
};

/// The number of parameters that need gradients.
int64_t trained_parameters(const nn::Module& module);

}  // namespace gradus::gpt
