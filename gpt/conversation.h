// Conversations: what a user says and an assistant answers, in files and as tokens.
#pragma once
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace gradus::gpt {

struct Message {
  std::string role;  // system, user or assistant
  std::string content;
};

/// Messages of the user and the assistant in turn, perhaps after one of the system.
struct Conversation {
  std::vector<Message> messages;
  std::string origin = {};  // "file.jsonl: line 3", for messages about it
};

/// Reads conversations from files, one a line, either
///
///   JSON   {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}, ...]}
///   text   a question, a tab, and its answer
///
/// The first character of a file decides: { begins JSON. Empty lines are skipped. Throws, with the
/// number of the line, if one is neither, if roles are out of order, or if a text is empty.
std::vector<Conversation> read_conversations(const std::vector<std::string>& paths);

/// How a conversation becomes tokens. Special tokens, which no text contains, say who speaks:
///
///   <|user|>what is one plus two?<|assistant|>one plus two is three.<|end|>
///
/// A further turn follows directly; <|system|> and a text may come first.
class ChatFormat {
 public:
  /// Throws if the vocabulary does not have the special tokens.
  explicit ChatFormat(const text::Tokenizer& tokenizer);
  /// Whether it has them: a model that was never fine-tuned has not.
  static bool is_known_to(const text::Tokenizer& tokenizer);
  /// Adds those that the vocabulary does not have.
  static void add_to(text::Tokenizer& tokenizer);

  /// The tokens of a conversation, and which of them are the assistant's: the answers, each with
  /// its <|end|>. Only these are learned.
  struct Encoded {
    std::vector<int64_t> ids;
    std::vector<bool> is_answer;
  };
  Encoded encode(const Conversation& conversation) const;
  /// The messages so far, after which the assistant answers: they end with <|assistant|>.
  std::vector<int64_t> prompt(const std::vector<Message>& messages) const;
  /// The token that ends an answer.
  int64_t end() const { return end_; }
  const text::Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  void append(const Message& message, Encoded& encoded) const;

  text::Tokenizer tokenizer_;
  int64_t system_, user_, assistant_, end_;
};

/// Throws if the roles are not user, assistant, user, ... in turn, with an answer at the end and
/// perhaps one system message at the start.
void check_roles(const Conversation& conversation);

}  // namespace gradus::gpt
