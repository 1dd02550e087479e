// How lessons 03 and 09 train their translators. Lesson 02 has the same loop for one model, line by
// line.
#pragma once
#include "lessons/translation/translating.h"

namespace gradus::lessons {

constexpr int64_t kListSteps = 4000;  // training steps of every model
constexpr int64_t kListBatch = 16;    // lists in each step

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
/// Trains the models side by side on the same batches, which are drawn before. Models must not draw
/// random numbers; then what one learns does not depend on the others, nor on the timing. The
/// optimiser is Adam (betas 0.9 and 0.98, as in the Transformer's paper) with warm-up and a cosine
/// schedule to 0; gradients are clipped to norm 1. Ctrl-C ends it after a few steps.
Trained train(const std::vector<Translator>& models,
              const std::function<Batch(int64_t step)>& batch_of, const TrainingOptions& options,
              const ProgressBar::Output& output);

/// The time in seconds that one training step of all models takes on this batch, on one thread: the
/// fastest of several tries. The learning rate is 0, so the models do not change.
double fastest_step(const std::vector<Translator>& models, const Batch& batch, int64_t tries);
/// The time of each of `steps` steps on the lists, from measurements with the shortest and the
/// longest lists.
ProgressBar::Cost cost_of_steps(const std::vector<Translator>& models, const NumberLists& lists,
                                int64_t steps, int64_t batch_size);

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
/// Shows what the models know when Ctrl-C ended their training, and leaves the lesson.
[[noreturn]] void leave_after(Lesson& lesson, const std::vector<Translator>& models,
                              const NumberLists& lists);

}  // namespace gradus::lessons
