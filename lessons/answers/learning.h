// How lesson 14 trains: several GPTs side by side, on the same batches.
#pragma once
#include "gpt/batches.h"
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// A model, and how it learns.
struct Learner {
  std::string name;
  nn::Gpt model;
  nn::Module trained;  // its parameters are trained, if they need gradients
  double lr = 0;       // the largest; it rises linearly and then falls like a cosine to a tenth
  /// What the model learns instead of a batch; by default the batch.
  std::function<gpt::Batch(const gpt::Batch&)> changed = {};
};

struct Learning {
  int64_t steps = 0;
  int64_t batch = 0;  // rows in a step
  int64_t warmup = 0;
};

/// Trains with AdamW on random batches of the examples. Each learner has a thread, so what one
/// learns does not depend on the others; these models are too small for more. on_round is called
/// after each round of steps. Ctrl-C leaves the lesson.
void learn(const std::vector<Learner>& learners, const gpt::Examples& examples,
           const Learning& learning, const std::string& work, const ProgressBar::Output& output,
           const std::function<void(int64_t step, double loss, ProgressBar&)>& on_round = {});

/// The time in seconds that a step on this batch takes, on one thread: the fastest of a few. The
/// model does not change.
double seconds_of_step(const Learner& learner, const gpt::Batch& batch);

/// The mean loss over all examples.
double loss_over(const nn::Gpt& model, const gpt::Examples& examples);

}  // namespace gradus::lessons
