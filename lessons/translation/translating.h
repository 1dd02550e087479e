// What lessons 02, 03 and 09 share: lists of numbers to translate, training, and how many lists
// come out right.
#pragma once
#include <functional>

#include "lessons/kit/lesson.h"
#include "lessons/translation/number_words.h"
#include "lessons/translation/sentences.h"
#include "nn/decoding.h"

namespace gradus::lessons {

// What each model gets: so many steps of so many lists.
constexpr int64_t kListSteps = 4000, kListBatch = 16;

/// Lists of 1 to 8 German numbers below 1000 and their English.
class NumberLists {
 public:
  static constexpr int64_t kLongest = 8;

  /// Draws `tests` lists of each length to test with. They consist of held-out numbers, of which no
  /// list for training has one.
  explicit NumberLists(int64_t tests = 100);
  /// How long the lists of training step s are. Long ones come in one after the other during the
  /// first third; every second round has the longer half only, in which more can go wrong.
  static int64_t length(int64_t s, int64_t steps);
  /// The batch of that step: random lists of that length.
  Batch training_batch(int64_t s, int64_t steps, int64_t size) const {
    return training_batch(length(s, steps), size);
  }
  Batch training_batch(int64_t list_length, int64_t size) const;
  /// The lists to test with, by length: tests()[0] has single numbers.
  const std::vector<Batch>& tests() const { return tests_; }
  /// The alignment of the test lists' English pieces, (B, T) int64; -1 at commas and ends.
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

/// A model as training and testing see it.
struct Translator {
  std::string name;
  std::vector<Tensor> parameters;
  std::function<Tensor(const Batch&)>
      logits;  // of the target's words, given those before: (B, T, V)
  std::function<nn::DecoderStepper(const Batch&)> begin;  // to translate word by word

  int64_t size() const;  // how many numbers its parameters have
};

/// Says the translations of the batch's sentences, the likeliest word each time; cut a little
/// behind the true length.
Tensor translate(const Translator& translator, const Batch& batch);
/// Which share of the batch is translated without a mistake.
double exactly_right(const Translator& translator, const Batch& batch);
/// That for each length of list.
std::vector<double> accuracy_by_length(const Translator& translator, const NumberLists& lists);
/// For which share of the test lists' English pieces the largest attention weight lies on the
/// German piece that they come from. The model is given the right words.
struct Alignment {
  double values = 0;    // of the digits, teens and tens: what says which number it is
  double hundreds = 0;  // of "hundred", which always stands behind a digit
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
  int64_t steps = 0;  // that were done: fewer than asked for after Ctrl-C
  bool stopped = false;
  double seconds_per_step = 0;
};
/// Trains the models, at least one, side by side, as many at once as there are threads, all on the
/// same batches; they must not draw random numbers. Adam (betas 0.9 and 0.98, as the Transformer's
/// paper has them) with warm-up and a cosine to 0, gradients clipped to norm 1.
Trained train(const std::vector<Translator>& models,
              const std::function<Batch(int64_t step)>& batch_of, const TrainingOptions& options,
              const ProgressBar::Output& output);

/// How long one training step of each model takes on this batch, in seconds on one thread: the
/// fastest of several tries, from which nothing is learned.
double fastest_step(const std::vector<Translator>& models, const Batch& batch, int64_t tries);

/// `steps`, or a few with --quick.
int64_t steps_of(const Lesson& lesson, int64_t steps);
/// `lists` in a step, or a few with --quick.
int64_t batch_of(const Lesson& lesson, int64_t lists);
/// kListSteps of training on the lists. After Ctrl-C it shows what was learned so far, and leaves.
Trained train_on_lists(Lesson& lesson, const std::vector<Translator>& models,
                       const NumberLists& lists);
/// The same in other programs.
Trained train_on_lists(const std::vector<Translator>& models, const NumberLists& lists,
                       int64_t steps, int64_t batch_size, const ProgressBar::Output& output);
/// The pieces of --text, if given. Throws at what the lists cannot have.
std::optional<Words> own_list(const Lesson& lesson, const NumberLists& lists);
/// One line for each model: the per cent of lists of 1, 2, ... numbers that are exactly right.
std::string accuracy_table(const std::vector<std::pair<std::string, std::vector<double>>>& models);
std::string accuracy_table(const std::vector<Translator>& models, const NumberLists& lists);

}  // namespace gradus::lessons
