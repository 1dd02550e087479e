// A tokenizer of either kind, for programs that let the user choose.
#pragma once
#include <optional>
#include <variant>

#include "text/bpe_tokenizer.h"
#include "text/char_tokenizer.h"

namespace gradus::text {

/// A CharTokenizer or a BpeTokenizer, with the same functions. Special tokens can be added to its
/// vocabulary.
class Tokenizer {
 public:
  Tokenizer(CharTokenizer tokenizer);
  Tokenizer(BpeTokenizer tokenizer);

  /// The tokens of a text, which is never a special token: a text that has "<|end|>" in it cannot
  /// pretend that it ends.
  std::vector<int64_t> encode(std::string_view text) const;
  /// The text of the ids; that of a special token is its name.
  std::string decode(std::span<const int64_t> ids) const;
  /// All tokens, the special ones included.
  int64_t vocab_size() const;
  /// Writes the files of the tokenizer, and special tokens to added_tokens.json, as Hugging Face
  /// does: {"<|end|>": 65, ...}.
  void save_pretrained(const std::string& dir) const;
  bool is_bpe() const { return std::holds_alternative<BpeTokenizer>(tokenizer_); }

  /// Adds a token that is not text, such as the end of an answer, with the next id. Throws if it is
  /// empty or there already.
  void add_special_token(const std::string& name);
  const std::vector<std::string>& special_tokens() const { return special_; }
  bool is_special(int64_t id) const { return text_tokens() <= id && id < vocab_size(); }
  /// The id of a special token, if there is one with this name.
  std::optional<int64_t> special_token_id(std::string_view name) const;

 private:
  int64_t text_tokens() const;  // the tokens without the special ones

  std::variant<CharTokenizer, BpeTokenizer> tokenizer_;
  std::vector<std::string> special_;  // their ids follow those of the text
};

/// Reads the tokenizer of a folder: byte-pair encoding if it has merges.txt or vocab.bpe, else
/// characters from vocab.json; and its special tokens, if it has added_tokens.json.
Tokenizer load_tokenizer(const std::string& dir);

}  // namespace gradus::text
