// The task of lessons 02, 03 and 09: lists of numbers to translate, training, and accuracy.
#pragma once
#include <functional>

#include "lessons/kit/lesson.h"
#include "lessons/translation/number_words.h"
#include "lessons/translation/sentences.h"
#include "nn/decoding.h"

namespace gradus::lessons {

constexpr int64_t kListSteps = 4000;  // training steps of every model
constexpr int64_t kListBatch = 16;    // lists in each step

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

/// A model with the functions that training and testing need.
struct Translator {
  std::string name;
  std::vector<Tensor> parameters;
  /// The logits of each target word, given the words before it: (B, T, V).
  std::function<Tensor(const Batch&)> logits;
  /// Begins to translate word by word.
  std::function<nn::DecoderStepper(const Batch&)> begin;

  int64_t size() const;  // the number of parameters
};

/// Translates the batch's sentences and takes the likeliest word at each step. A translation ends a
/// few words after the true length.
Tensor translate(const Translator& translator, const Batch& batch);
/// The share of the batch that is translated without a mistake.
double exactly_right(const Translator& translator, const Batch& batch);
/// The share that is exactly right, for each length of list.
std::vector<double> accuracy_by_length(const Translator& translator, const NumberLists& lists);
/// The share of the test lists' English pieces whose largest attention weight is on their German
/// piece. The decoder's inputs are the right words.
struct Alignment {
  double values = 0;    // of the digits, teens and tens
  double hundreds = 0;  // of "hundred", which always follows a digit
  double all = 0;
};
Alignment alignment_of(const Translator& translator, const NumberLists& lists);

struct TrainingOptions {
  int64_t steps = 0;
  double lr = 2.5e-3;
  int64_t warmup = 300;
  ProgressBar::Cost cost = {};  // of each step
};
struct Trained {
  int64_t steps = 0;  // the steps done; after Ctrl-C fewer than TrainingOptions::steps
  bool stopped = false;
  double seconds_per_step = 0;
};
/// Trains the models side by side on the same batches, as many at once as there are threads. Models
/// must not draw random numbers. The optimiser is Adam (betas 0.9 and 0.98, as in the Transformer's
/// paper) with warm-up and a cosine schedule to 0; gradients are clipped to norm 1.
Trained train(const std::vector<Translator>& models,
              const std::function<Batch(int64_t step)>& batch_of, const TrainingOptions& options,
              const ProgressBar::Output& output);

/// The time in seconds that one training step of all models takes on this batch, on one thread: the
/// fastest of several tries. The learning rate is 0, so the models do not change.
double fastest_step(const std::vector<Translator>& models, const Batch& batch, int64_t tries);

/// `steps`, or a few with --quick.
int64_t steps_of(const Lesson& lesson, int64_t steps);
/// `lists` in a step, or a few with --quick.
int64_t batch_of(const Lesson& lesson, int64_t lists);
/// Trains for kListSteps on the lists. After Ctrl-C it shows the accuracy so far and leaves the
/// lesson.
Trained train_on_lists(Lesson& lesson, const std::vector<Translator>& models,
                       const NumberLists& lists);
/// The same for programs that are not lessons.
Trained train_on_lists(const std::vector<Translator>& models, const NumberLists& lists,
                       int64_t steps, int64_t batch_size, const ProgressBar::Output& output);
/// The pieces of --text, if given. Throws if they cannot be in a list.
std::optional<Words> own_list(const Lesson& lesson, const NumberLists& lists);
/// One line for each model: the percentage of lists of 1, 2, ... numbers that are exactly right.
std::string accuracy_table(const std::vector<std::pair<std::string, std::vector<double>>>& models);
std::string accuracy_table(const std::vector<Translator>& models, const NumberLists& lists);

}  // namespace gradus::lessons
