// Pairs of sentences as tensors: vocabularies, padding, masks, and pairs from a file.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lessons/kit/labels.h"

namespace gradus::lessons {

constexpr int64_t kPad = 0;    // fills up the shorter sentences of a batch
constexpr int64_t kStart = 1;  // what the decoder is given first
constexpr int64_t kEnd = 2;    // what stands behind the last word

/// The words of a language and their numbers, from 3 on.
class Vocabulary {
 public:
  explicit Vocabulary(const Words& words);
  int64_t size() const { return static_cast<int64_t>(words_.size()); }
  /// The numbers of the words. Throws at an unknown word and at an empty sentence.
  std::vector<int64_t> numbers(const Words& sentence) const;
  bool knows(const Words& sentence) const;
  /// The words of a row of numbers, up to the end of the sentence.
  Words words(const Tensor& row) const;
  const std::string& word(int64_t number) const;

 private:
  Words words_;
  std::map<std::string, int64_t> numbers_;
};

struct SentencePair {
  Words source, target;
};

/// Sentence pairs of different lengths side by side. Decoding begins with kStart and is to end with
/// kEnd.
struct Batch {
  Tensor source;   // (B, S) int64, kPad behind the end
  Tensor lengths;  // (B) int64: of the source sentences
  Tensor
      target_in;  // (B, T) int64: kStart and the words; what the decoder is given (teacher forcing)
  Tensor target;  // (B, T) int64: the words and kEnd; what it is to say. kPad behind the end
  int64_t tokens;  // how many words of source and target, without padding
};
Batch make_batch(const std::vector<SentencePair>& pairs, const Vocabulary& source,
                 const Vocabulary& target);

/// The cross-entropy of logits (B, T, V) with the batch's target, in the mean over its words.
Tensor batch_loss(const Tensor& logits, const Batch& batch);

/// Sentence pairs from a text file: one pair in a line, a tab between source and target, words
/// between spaces. Throws, with the line's number, at a line that is no such pair.
std::vector<SentencePair> read_pairs(const std::string& path);
/// All words of one side, the most frequent first.
Words words_of(const std::vector<SentencePair>& pairs, Words SentencePair::*side);

/// The pairs in batches of at most `size` with sentences of similar length, so that there is little
/// padding; the batches come in random order.
std::vector<std::vector<SentencePair>> in_batches(std::vector<SentencePair> pairs, size_t size);

}  // namespace gradus::lessons
