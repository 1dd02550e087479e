// The task of lessons 02, 03 and 09: lists of German number words to translate into English.
#pragma once
#include "lessons/translation/number_words.h"
#include "lessons/translation/sentences.h"

namespace gradus::lessons {

/// Lists of 1 to 8 German numbers below 1000 and their English.
class NumberLists {
 public:
  static constexpr int64_t kLongest = 8;

  /// Draws `tests` test lists of each length. They consist of the numbers that are kept for
  /// testing, which are in no training list.
  explicit NumberLists(int64_t tests = 100);
  /// The length of the lists in training step s of `steps`. The longest length grows during the
  /// first third of the training. The lengths are used in turn; every second round has only the
  /// longer half, because long lists are harder.
  static int64_t length(int64_t s, int64_t steps);
  /// A batch of random lists for training step s.
  Batch training_batch(int64_t s, int64_t steps, int64_t size) const {
    return training_batch(length(s, steps), size);
  }
  Batch training_batch(int64_t list_length, int64_t size) const;
  /// The test lists by length: tests()[0] has single numbers.
  const std::vector<Batch>& tests() const { return tests_; }
  /// For each test batch the alignment of the English pieces, (B, T) int64; -1 at commas and ends.
  const std::vector<Tensor>& alignments() const { return alignments_; }

  const Vocabulary german, english;

 private:
  std::vector<numbers::Translation> draw(const std::vector<int64_t>& from, int64_t length,
                                         int64_t size) const;
  Batch batch(const std::vector<numbers::Translation>& lists) const;

  const std::vector<int64_t> training_numbers_, test_numbers_;
  std::vector<Batch> tests_;
  std::vector<Tensor> alignments_;
};

}  // namespace gradus::lessons
