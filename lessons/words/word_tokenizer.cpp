#include "lessons/words/word_tokenizer.h"

#include <set>

#include "tensor/error.h"
#include "terminal/terminal.h"

namespace gradus::lessons {
namespace {

constexpr const char* kUnknown = "<|unk|>";
constexpr std::string_view kSpaces = " \t\n\v\f\r";
constexpr std::string_view kMarks = ",.:;?_!\"()'";
constexpr std::string_view kDash = "--";

bool is_one_of(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}

}  // namespace

Words split_into_words(std::string_view text) {
  Words words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = text.substr(i).starts_with(kDash);
    const bool is_mark = is_dash || is_one_of(text[i], kMarks);
    if (!is_mark && !is_one_of(text[i], kSpaces)) {
      word += text[i];
      continue;
    }
    end_word();
    if (is_mark) words.emplace_back(text.substr(i, is_dash ? kDash.size() : 1));
    if (is_dash) ++i;
  }
  end_word();
  return words;
}

Words vocabulary_of(const Words& words) {
  const std::set<std::string> sorted(words.begin(), words.end());
  return {sorted.begin(), sorted.end()};
}

WordTokenizer::WordTokenizer(Words vocabulary) : vocabulary_(std::move(vocabulary)) {
  for (const std::string& word : vocabulary_)
    ids_.emplace(word, std::ssize(ids_));
}

std::vector<int64_t> WordTokenizer::encode(std::string_view text) const {
  std::vector<int64_t> ids;
  for (const std::string& word : split_into_words(text)) {
    auto found = ids_.find(word);
    if (found == ids_.end()) found = ids_.find(kUnknown);
    check(found != ids_.end(), "encode: '{}' is not one of the {} words of the vocabulary",
          terminal::printable(word), vocabulary_.size());
    ids.push_back(found->second);
  }
  return ids;
}

std::string refusal_of(const WordTokenizer& tokenizer, std::string_view text) {
  try {
    (void)tokenizer.encode(text);
  } catch (const Error& error) {
    return std::string("Error: ") + error.what();
  }
  return "";
}

std::string WordTokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string text;
  for (const int64_t id : ids) {
    check(id >= 0 && id < std::ssize(vocabulary_), "decode: id {} is not from 0 to {}", id,
          std::ssize(vocabulary_) - 1);
    const std::string& word = vocabulary_[static_cast<size_t>(id)];
    const bool is_mark = word.size() == 1 && word != "_" && is_one_of(word[0], kMarks);
    text += (text.empty() || is_mark ? "" : " ") + word;
  }
  return text;
}

}  // namespace gradus::lessons
