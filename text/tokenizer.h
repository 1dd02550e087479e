// A tokenizer of either kind, for programs that let the user choose.
#pragma once
#include <variant>

#include "text/bpe_tokenizer.h"
#include "text/char_tokenizer.h"

namespace gradus::text {

/// A CharTokenizer or a BpeTokenizer, with the same functions.
class Tokenizer {
 public:
  Tokenizer(CharTokenizer tokenizer);
  Tokenizer(BpeTokenizer tokenizer);

  std::vector<int64_t> encode(std::string_view text) const;
  std::string decode(std::span<const int64_t> ids) const;
  int64_t vocab_size() const;
  void save_pretrained(const std::string& dir) const;
  bool is_bpe() const { return std::holds_alternative<BpeTokenizer>(tokenizer_); }

 private:
  std::variant<CharTokenizer, BpeTokenizer> tokenizer_;
};

/// Reads the tokenizer of a folder: byte-pair encoding if it has merges.txt or vocab.bpe, else
/// characters from vocab.json.
Tokenizer load_tokenizer(const std::string& dir);

}  // namespace gradus::text
