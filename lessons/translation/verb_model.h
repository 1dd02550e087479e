// The model of lesson 09 that chooses a verb, and measurements of its attention.
#pragma once
#include <array>

#include "lessons/translation/agreement.h"
#include "nn/embedding.h"
#include "nn/gpt_block.h"
#include "nn/linear.h"
#include "nn/transformer.h"

namespace gradus::lessons {

/// Reads the words up to the gap with one block of one head, and chooses "jumps" or "jump" there.
/// ids (B, T) -> logits (B, 2)
struct VerbModel : nn::Module {
  const nn::Embedding tok_emb;
  const nn::GptBlock block;
  const nn::Linear out;

  explicit VerbModel(int64_t words)
      : tok_emb(register_module("tok_emb", nn::Embedding(words, 32))),
        block(register_module(
            "block",
            nn::GptBlock({.context_length = 64, .emb_dim = 32, .n_heads = 1, .drop_rate = 0}))),
        out(register_module("out", nn::Linear(32, 2))) {}

  Tensor operator()(const Tensor& ids, nn::AttentionTrace* trace = nullptr) const {
    const Tensor x = tok_emb(ids) + nn::sinusoidal_positions(ids.size(1), 32);  // (B, T, 32)
    return out(block(x, trace).select(1, -1));                                  // (B, 2)
  }
};

/// What a trained model does at the gap, as a mean over sentences of 1 to 3 clauses. The attention
/// weights are those of the gap; [0] is for a singular subject, [1] for a plural one.
struct AtTheGap {
  double right = 0;  // how often the verb is right
  std::array<double, 2> subject{};
  std::array<double, 2> copula{};  // of the was, were or stood after the subject
  std::array<double, 2> nouns{};   // of all other nouns together
};

/// Measures the model on `count` sentences of each form.
AtTheGap measure(const VerbModel& model, const AgreementGrammar& grammar, bool with_stood,
                 int64_t count);

}  // namespace gradus::lessons
