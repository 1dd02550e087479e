#include "gpt/chat.h"

#include "tensor/factories.h"

namespace gradus::gpt {

Chat::Chat(const nn::Gpt& model, const ChatFormat& format, const GenerateOptions& options,
           const std::string& system)
    : model_(model), format_(format), options_(options) {
  const int64_t tokens = format.tokenizer().vocab_size();
  check(tokens == model.config.vocab_size, "chat: the tokenizer has {} tokens, and the model {}",
        tokens, model.config.vocab_size);
  options_.eos_token_id = format.end();
  if (system.empty()) return;
  messages_.push_back({"system", system});
  const int64_t length = std::ssize(format_.prompt(messages_));
  check(length < room(), "chat: the system's message has {} tokens, expected fewer than {}", length,
        room());
}

/// The tokens of the system's message and of as many of the last turns as fit.
std::vector<int64_t> Chat::prompt_that_fits() {
  const bool has_system = messages_.front().role == "system";
  const auto first_turn = messages_.begin() + (has_system ? 1 : 0);
  for (auto begin = first_turn;; begin += 2) {  // a question and its answer
    std::vector<Message> kept(messages_.begin(), first_turn);
    kept.insert(kept.end(), begin, messages_.end());
    std::vector<int64_t> ids = format_.prompt(kept);
    forgotten_ = begin - first_turn;
    if (std::ssize(ids) <= room()) return ids;
    check(begin + 1 != messages_.end(),
          "the question has {} tokens with what comes before it, and the model reads at most {} "
          "before it answers",
          ids.size(), room());
  }
}

std::string Chat::answer(const std::string& question,
                         const std::function<bool(const std::string&)>& on_text) {
  messages_.push_back({"user", question});
  try {
    const std::vector<int64_t> prompt = prompt_that_fits();
    GenerateOptions options = options_;
    options.max_new_tokens =
        std::min(options.max_new_tokens, model_.config.context_length - std::ssize(prompt));
    Generator generator(model_, tensor(prompt, kInt64).unsqueeze(0), options);
    std::string answer;
    for (bool goes_on = true; goes_on && !generator.finished();) {
      const int64_t token = generator.step().item<int64_t>();
      // Another special token would begin what others say, and is no text either.
      if (format_.tokenizer().is_special(token)) break;
      const std::string text = format_.tokenizer().decode(std::vector<int64_t>{token});
      answer += text;
      goes_on = !on_text || on_text(text);
    }
    messages_.push_back({"assistant", answer});
    return answer;
  } catch (const Error&) {
    messages_.pop_back();
    throw;
  }
}

}  // namespace gradus::gpt
