#include "text/tokenizer.h"

#include <filesystem>

#include "tensor/error.h"
#include "tensor/files.h"

namespace gradus::text {

Tokenizer::Tokenizer(CharTokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {}
Tokenizer::Tokenizer(BpeTokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const {
  return std::visit([&](const auto& t) { return t.encode(text); }, tokenizer_);
}

std::string Tokenizer::decode(std::span<const int64_t> ids) const {
  return std::visit([&](const auto& t) { return t.decode(ids); }, tokenizer_);
}

int64_t Tokenizer::vocab_size() const {
  return std::visit([](const auto& t) { return t.vocab_size(); }, tokenizer_);
}

void Tokenizer::save_pretrained(const std::string& dir) const {
  std::visit([&](const auto& t) { t.save_pretrained(dir); }, tokenizer_);
}

Tokenizer load_tokenizer(const std::string& dir) {
  check(dir.find('\0') == std::string::npos, "tokenizer: a path has no zero bytes");
  const auto has = [&](const char* name) {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::path(dir) / name, ignored);
  };
  std::error_code ignored;
  check(std::filesystem::is_directory(dir, ignored), "tokenizer: {} is not a folder",
        printable(dir));
  if (has("merges.txt") || has("vocab.bpe")) return BpeTokenizer::from_pretrained(dir);
  check(has("vocab.json"),
        "tokenizer: {} has no tokenizer: neither vocab.json, with merges.txt or alone, nor "
        "encoder.json with vocab.bpe",
        printable(dir));
  return CharTokenizer::from_pretrained(dir);
}

}  // namespace gradus::text
