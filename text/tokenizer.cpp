#include "text/tokenizer.h"

#include <algorithm>
#include <filesystem>

#include "tensor/file_io.h"
#include "text/vocabulary.h"

namespace gradus::text {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSpecialTokens = "added_tokens.json";

bool has(const std::string& dir, const char* name) {
  std::error_code ignored;
  return fs::exists(fs::path(dir) / name, ignored);
}

Tokenizer load_text_tokenizer(const std::string& dir) {
  if (has(dir, "merges.txt") || has(dir, "vocab.bpe")) return BpeTokenizer::from_pretrained(dir);
  check(has(dir, "vocab.json"),
        "tokenizer: {} has no tokenizer: neither vocab.json, with merges.txt or alone, nor "
        "encoder.json with vocab.bpe",
        printable(dir));
  return CharTokenizer::from_pretrained(dir);
}

}  // namespace

Tokenizer::Tokenizer(CharTokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {}
Tokenizer::Tokenizer(BpeTokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const {
  return std::visit([&](const auto& t) { return t.encode(text); }, tokenizer_);
}

std::string Tokenizer::decode(std::span<const int64_t> ids) const {
  std::string text;
  while (!ids.empty()) {
    const auto end =
        std::find_if(ids.begin(), ids.end(), [&](int64_t id) { return is_special(id); });
    const auto count = static_cast<size_t>(end - ids.begin());
    text += std::visit([&](const auto& t) { return t.decode(ids.first(count)); }, tokenizer_);
    ids = ids.subspan(count);
    if (ids.empty()) break;
    text += special_[static_cast<size_t>(ids.front() - text_tokens())];
    ids = ids.subspan(1);
  }
  return text;
}

int64_t Tokenizer::text_tokens() const {
  return std::visit([](const auto& t) { return t.vocab_size(); }, tokenizer_);
}

int64_t Tokenizer::vocab_size() const { return text_tokens() + std::ssize(special_); }

void Tokenizer::save_pretrained(const std::string& dir) const {
  std::visit([&](const auto& t) { t.save_pretrained(dir); }, tokenizer_);
  if (!special_.empty())
    write_vocabulary((fs::path(dir) / kSpecialTokens).string(), special_, text_tokens());
}

void Tokenizer::add_special_token(const std::string& name) {
  check(!name.empty(), "add_special_token: the token is empty");
  check(!special_token_id(name), "add_special_token: there already is a token {}", printable(name));
  special_.push_back(name);
}

std::optional<int64_t> Tokenizer::special_token_id(std::string_view name) const {
  const auto found = std::find(special_.begin(), special_.end(), name);
  if (found == special_.end()) return std::nullopt;
  return text_tokens() + (found - special_.begin());
}

Tokenizer load_tokenizer(const std::string& dir) {
  check(dir.find('\0') == std::string::npos, "tokenizer: a path has no zero bytes");
  std::error_code ignored;
  check(fs::is_directory(dir, ignored), "tokenizer: {} is not a folder", printable(dir));
  Tokenizer tokenizer = load_text_tokenizer(dir);
  if (!has(dir, kSpecialTokens)) return tokenizer;
  const std::string path = (fs::path(dir) / kSpecialTokens).string();
  for (const std::string& name : read_vocabulary(path, tokenizer.vocab_size()))
    tokenizer.add_special_token(name);
  return tokenizer;
}

}  // namespace gradus::text
