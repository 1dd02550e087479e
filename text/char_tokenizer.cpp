#include "text/char_tokenizer.h"

#include <filesystem>
#include <set>

#include "tensor/file_io.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

namespace gradus::text {
namespace {

/// Calls f(code point, position in bytes) for each character. Throws if the text is not UTF-8.
template <class F>
void for_each_character(const char* op, std::string_view text, F f) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint character = first_code_point(text.substr(at));
    check(character.length > 0,
          "{}: byte {} is 0x{:02x} and not UTF-8; a tokenizer of characters needs UTF-8, byte-pair "
          "encoding takes any bytes",
          op, at, static_cast<unsigned char>(text[at]));
    f(character.value, at);
    at += character.length;
  }
}

std::vector<char32_t> distinct_characters(std::string_view text) {
  check(!text.empty(), "CharTokenizer: the text is empty");
  std::set<char32_t> characters;
  for_each_character("CharTokenizer", text, [&](char32_t c, size_t) { characters.insert(c); });
  return {characters.begin(), characters.end()};
}

}  // namespace

CharTokenizer::CharTokenizer(std::string_view text) : CharTokenizer(distinct_characters(text)) {}

CharTokenizer::CharTokenizer(std::vector<char32_t> characters)
    : characters_(std::move(characters)) {
  for (size_t id = 0; id < characters_.size(); ++id)
    ids_.emplace(characters_[id], static_cast<int64_t>(id));
}

CharTokenizer CharTokenizer::from_pretrained(const std::string& dir) {
  const FileContext file{"tokenizer", dir + "/vocab.json"};
  std::vector<char32_t> characters;
  for (const std::string& token : read_vocabulary(file.path)) {
    const CodePoint character = first_code_point(token);
    file.check(
        character.length > 0 && character.length == token.size(),
        "the token {} (id {}) is not one character; a vocabulary of byte-pair encoding needs "
        "a file merges.txt beside it",
        shown(token), characters.size());
    characters.push_back(character.value);
  }
  return CharTokenizer(std::move(characters));
}

std::vector<int64_t> CharTokenizer::encode(std::string_view text) const {
  std::vector<int64_t> ids;
  for_each_character("encode", text, [&](char32_t c, size_t at) {
    const auto found = ids_.find(c);
    check(found != ids_.end(),
          "encode: the character '{}' (U+{:04X}) at byte {} is not one of the {} characters of the "
          "vocabulary",
          printable(to_utf8(c)), static_cast<uint32_t>(c), at, vocab_size());
    ids.push_back(found->second);
  });
  return ids;
}

std::string CharTokenizer::decode(std::span<const int64_t> ids) const {
  std::string text;
  for (size_t i = 0; i < ids.size(); ++i) {
    check(ids[i] >= 0 && ids[i] < vocab_size(), "decode: id {} at position {} is not from 0 to {}",
          ids[i], i, vocab_size() - 1);
    text += to_utf8(characters_[static_cast<size_t>(ids[i])]);
  }
  return text;
}

void CharTokenizer::save_pretrained(const std::string& dir) const {
  for (const char* name : {"merges.txt", "vocab.bpe"})
    check(!std::filesystem::exists(std::filesystem::path(dir) / name),
          "save_pretrained: {} has {}, which belongs to another tokenizer; choose another folder",
          printable(dir), name);
  std::vector<std::string> tokens;
  for (const char32_t c : characters_)
    tokens.push_back(to_utf8(c));
  make_folder(dir);
  write_vocabulary(dir + "/vocab.json", tokens);
}

}  // namespace gradus::text
