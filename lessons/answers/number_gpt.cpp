#include "lessons/answers/number_gpt.h"

#include <cmath>

#include "gpt/pretrained.h"
#include "gpt/training_run.h"
#include "lessons/answers/questions.h"

namespace gradus::lessons {
namespace {

constexpr int64_t kMostTokens = 1000;  // of the vocabulary

/// The tokenizer learns from the text and from questions, so that every word becomes a token. Words
/// that only the test has are several tokens.
text::Tokenizer tokenizer_for(const std::string& text,
                              const std::vector<gpt::Conversation>& conversations) {
  std::string sample = text.substr(0, 300000);
  for (size_t i = 0; i < std::min<size_t>(conversations.size(), 3000); ++i)
    for (const gpt::Message& message : conversations[i].messages)
      sample += message.content + "\n";
  return text::BpeTokenizer::train(sample, kMostTokens);
}

gpt::ChatFormat format_for(text::Tokenizer tokenizer) {
  gpt::ChatFormat::add_to(tokenizer);
  return gpt::ChatFormat(tokenizer);
}

Tensor ids_of(const text::Tokenizer& tokenizer, const std::string& text) {
  return tensor(tokenizer.encode(text), kInt64);
}

}  // namespace

NumberGptSizes quick_sizes() {
  return {.model = {.context_length = 64,
                    .emb_dim = 16,
                    .n_heads = 2,
                    .n_layers = 2,
                    .drop_rate = 0,
                    .tied_head = true},
          .sentences = 300,
          .reading = {.steps = 16, .batch = 4, .warmup = 2},
          .conversations = 100,
          .answering = {.steps = 8, .batch = 4, .warmup = 2},
          .tests = 5};
}

NumberTexts number_texts(const NumberGptSizes& sizes) {
  const std::string text = random_text(sizes.sentences);
  const std::string unread = random_text(sizes.sentences / 60 + 20);
  const std::vector<gpt::Conversation> conversations = training_conversations(sizes.conversations);
  const text::Tokenizer tokenizer = tokenizer_for(text, conversations);
  const gpt::ChatFormat format = format_for(tokenizer);
  const int64_t T = sizes.model.context_length;
  return {.text = text,
          .tokenizer = tokenizer,
          .reading = std::make_shared<gpt::TextExamples>(ids_of(tokenizer, text), T),
          .unread = std::make_shared<gpt::TextExamples>(ids_of(tokenizer, unread), T),
          .format = format,
          .conversations = conversations,
          .answering = std::make_shared<gpt::ConversationRows>(conversations, format, T)};
}

NamedTensors detached(const NamedTensors& tensors) {
  NamedTensors all;
  for (const auto& [name, x] : tensors)
    all.emplace_back(name, x.detach());
  return all;
}

nn::Gpt untrained_number_gpt(const NumberGptSizes& sizes, const NumberTexts& texts) {
  nn::GptConfig config = sizes.model;
  config.vocab_size = texts.tokenizer.vocab_size();
  const nn::Gpt model(config);
  nn::init_gpt2_(model);
  const NoGradGuard no_grad;
  const double scale = 1 / (0.02 * std::sqrt(static_cast<double>(config.emb_dim)));
  for (const Tensor& p : model.parameters())
    if (p.dim() == 2) p.mul_(scale);
  return model;
}

void keep_for_chat(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts,
                   const KeptModels& kept) {
  lesson.step("10", "Talk to it");
  if (!KeptModels::saves(lesson))
    return lesson.say("With --keep the model of step 7 is kept, and ./run chat talks to it.");
  try {
    gpt::save_pretrained(model, kept.folder(), texts.format.end());
    texts.format.tokenizer().save_pretrained(kept.folder());
  } catch (const Error& e) {
    // After minutes of training the lesson ends well without the files.
    return lesson.say("The model could not be kept: {}", e.what());
  }
  lesson.say(
      "The model of step 7 is kept. It answers questions like those above, in small "
      "letters; the command is");
  lesson.lines(fmt::format("  ./run chat --model {}\n", gpt::quoted(kept.folder())));
}

}  // namespace gradus::lessons
