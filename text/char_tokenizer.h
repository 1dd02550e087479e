// A tokenizer whose tokens are characters.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gradus::text {

/// Each character (Unicode code point) is a token. The text must be UTF-8; BpeTokenizer takes any
/// bytes.
class CharTokenizer {
 public:
  /// The tokens are the distinct characters of the text, sorted by their code points. Throws if the
  /// text is empty or is not UTF-8.
  explicit CharTokenizer(std::string_view text);
  /// Reads dir/vocab.json.
  static CharTokenizer from_pretrained(const std::string& dir);

  /// The ids of the characters. Throws if one is not in the vocabulary or is not UTF-8, and names
  /// it and its position.
  std::vector<int64_t> encode(std::string_view text) const;
  /// The text of the ids. Throws if an id is not in the vocabulary.
  std::string decode(std::span<const int64_t> ids) const;
  int64_t vocab_size() const { return std::ssize(characters_); }
  /// Writes dir/vocab.json: {"a": 0, ...}. Throws if the folder has byte-pair encoding's files.
  void save_pretrained(const std::string& dir) const;

 private:
  explicit CharTokenizer(std::vector<char32_t> characters);

  std::vector<char32_t> characters_;  // by id
  std::unordered_map<char32_t, int64_t> ids_;
};

}  // namespace gradus::text
