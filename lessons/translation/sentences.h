// Sentence pairs as tensors: vocabularies, batches with padding, and pairs from a file.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lessons/kit/labels.h"

namespace gradus::lessons {

constexpr int64_t kPad = 0;    // fills up the shorter sentences of a batch
constexpr int64_t kStart = 1;  // the first input of the decoder
constexpr int64_t kEnd = 2;    // follows the last word

/// The words of a language and their numbers, which begin at 3.
class Vocabulary {
 public:
  explicit Vocabulary(const Words& words);
  int64_t size() const { return static_cast<int64_t>(words_.size()); }
  /// The numbers of the words. Throws if a word is unknown or the sentence is empty.
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

/// Sentence pairs of different lengths, padded with kPad. Decoding begins with kStart and must end
/// with kEnd.
struct Batch {
  Tensor source;     // (B, S) int64
  Tensor lengths;    // (B) int64: of the source sentences
  Tensor target_in;  // (B, T) int64: kStart and the words, the decoder's input (teacher forcing)
  Tensor target;     // (B, T) int64: the words and kEnd, the decoder's expected output
  int64_t tokens;    // the number of source and target words, without padding
};
Batch make_batch(const std::vector<SentencePair>& pairs, const Vocabulary& source,
                 const Vocabulary& target);

/// The cross-entropy of the logits (B, T, V) and the batch's target: the mean over its words.
Tensor batch_loss(const Tensor& logits, const Batch& batch);

/// Reads sentence pairs from a text file. Each line has one pair: source, tab, target; spaces
/// separate the words. The error for any other line names its number.
std::vector<SentencePair> read_pairs(const std::string& path);

/// Pairs to learn from, and every 20th, which is kept for testing.
struct SplitPairs {
  std::vector<SentencePair> learned, kept;
};
/// Throws if there are too few pairs, or too many words for a model of this size.
SplitPairs split(const std::vector<SentencePair>& pairs);
/// All words of one side, the most frequent first.
Words words_of(const std::vector<SentencePair>& pairs, Words SentencePair::*side);

/// Divides the pairs into batches of at most `size`. The sentences of a batch have similar lengths,
/// so that there is little padding. The order of the batches is random.
std::vector<std::vector<SentencePair>> in_batches(std::vector<SentencePair> pairs, size_t size);

}  // namespace gradus::lessons
