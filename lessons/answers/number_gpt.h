// The GPT of lesson 14: its sizes, and what it learns from.
#pragma once
#include "gpt/conversation_rows.h"
#include "lessons/answers/learning.h"
#include "lessons/kit/kept_models.h"

namespace gradus::lessons {

struct NumberGptSizes {
  nn::GptConfig model{.context_length = 64,
                      .emb_dim = 64,
                      .n_heads = 4,
                      .n_layers = 2,
                      .drop_rate = 0,
                      .tied_head = true};
  int64_t sentences = 60000;
  Learning reading{.steps = 8000, .batch = 16, .warmup = 200};
  double reading_lr = 2.5e-3;
  int64_t conversations = 12000;
  Learning answering{.steps = 2400, .batch = 16, .warmup = 20};
  double answering_lr = 2.5e-4;
  double few_parameters_lr = 4e-3;  // of the last block, and of LoRA
  int64_t tests = 100;              // questions of each kind
};
/// Sizes with which everything runs, and nothing is learned.
NumberGptSizes quick_sizes();

/// The text of facts with its tokenizer, and the conversations. Random numbers come from the
/// global generator.
struct NumberTexts {
  std::string text;
  text::Tokenizer tokenizer;               // without the special tokens of conversations
  std::shared_ptr<gpt::Examples> reading;  // windows of the text
  std::shared_ptr<gpt::Examples> unread;   // the same from other sentences, to measure the loss
  gpt::ChatFormat format;                  // with them
  std::vector<gpt::Conversation> conversations;
  std::shared_ptr<gpt::ConversationRows> answering;
};
NumberTexts number_texts(const NumberGptSizes& sizes);

/// The same tensors without their history.
NamedTensors detached(const NamedTensors& tensors);

/// A GPT that has learned nothing, for a vocabulary without special tokens. Its matrices are drawn
/// as in GPT-2, but with a deviation of 1 / sqrt(width) instead of 0.02, which is for much larger
/// widths: with 0.02 this model needs twice as many steps until it can add.
nn::Gpt untrained_number_gpt(const NumberGptSizes& sizes, const NumberTexts& texts);

/// Keeps the fine-tuned model where ./run chat finds it, and says how.
void keep_for_chat(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts,
                   const KeptModels& kept);

}  // namespace gradus::lessons
