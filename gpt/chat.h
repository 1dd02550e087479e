// A conversation with a fine-tuned model.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gpt/conversation.h"
#include "gpt/generate.h"

namespace gradus::gpt {

class Chat {
 public:
  /// The options of generation; the end of an answer is the format's, and max_new_tokens is limited
  /// by what the window has room for. Throws if the vocabularies of model and format differ, and if
  /// the system's message leaves no room.
  Chat(const nn::Gpt& model, const ChatFormat& format, const GenerateOptions& options = {},
       const std::string& system = "");

  /// The model's answer to the question, which it reads after the turns before. What does not fit
  /// into its window is forgotten, the oldest turn first. `on_text` gets the bytes of each token as
  /// soon as it is chosen; if it returns false, the answer ends there. Throws, and forgets the
  /// question, if it has characters that are not in the vocabulary or is too long.
  std::string answer(const std::string& question,
                     const std::function<bool(const std::string&)>& on_text = {});

  /// The system's message, if there is one, and all turns.
  const std::vector<Message>& messages() const { return messages_; }
  /// The messages that the model did not see when it answered last.
  int64_t forgotten() const { return forgotten_; }

 private:
  std::vector<int64_t> prompt_that_fits();
  /// The tokens that a prompt may have: a quarter of the window is for the answer.
  int64_t room() const { return model_.config.context_length * 3 / 4; }

  const nn::Gpt model_;
  const ChatFormat format_;
  GenerateOptions options_;
  std::vector<Message> messages_;
  int64_t forgotten_ = 0;
};

}  // namespace gradus::gpt
