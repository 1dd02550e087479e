// Lesson 11: the first tokenizer, whose tokens are words and punctuation marks (book 2.2 to 2.4).
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "lessons/kit/labels.h"

namespace gradus::lessons {

/// The words and punctuation marks of a text. White space separates words and is dropped; each of
/// , . : ; ? _ ! " ( ) ' and the dash -- is a token of its own.
Words split_into_words(std::string_view text);

/// The distinct words, sorted.
Words vocabulary_of(const Words& words);

/// A number for each word of a vocabulary.
class WordTokenizer {
 public:
  /// The ids are the positions in the vocabulary. If "<|unk|>" is in it, it takes the place of
  /// every unknown word.
  explicit WordTokenizer(Words vocabulary);

  /// Throws if a word is unknown and there is no "<|unk|>".
  std::vector<int64_t> encode(std::string_view text) const;
  /// The words with a space between two of them, but none before a punctuation mark.
  std::string decode(const std::vector<int64_t>& ids) const;

 private:
  Words vocabulary_;
  std::map<std::string, int64_t> ids_;
};

/// The error that the tokenizer gives for a text, or "".
std::string refusal_of(const WordTokenizer& tokenizer, std::string_view text);

}  // namespace gradus::lessons
