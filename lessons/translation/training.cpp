#include "lessons/translation/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

#include "lessons/kit/side_by_side.h"
#include "nn/optim.h"

namespace gradus::lessons {
namespace {

/// A model, its optimiser and its schedule.
struct Learner {
  const Translator& model;
  optim::Adam adam;
  optim::CosineSchedule schedule;

  Learner(const Translator& translator, const TrainingOptions& o)
      : model(translator),
        adam(model.parameters, {.lr = o.lr, .betas = {0.9, 0.98}}),
        schedule(adam, {.warmup_steps = std::min(o.warmup, o.steps), .total_steps = o.steps}) {}

  /// Takes one training step on each batch. Returns the sum of the losses.
  double learn(const std::vector<Batch>& batches) {
    double sum = 0;
    for (const Batch& batch : batches) {
      adam.zero_grad();
      const Tensor loss = batch_loss(model.logits(batch), batch);
      loss.backward();
      nn::utils::clip_grad_norm_(model.parameters, 1.0);
      adam.step();
      schedule.step();
      sum += loss.item<double>();
    }
    return sum;
  }
};

}  // namespace

Trained train(const std::vector<Translator>& models, const std::function<Batch(int64_t)>& batch_of,
              const TrainingOptions& options, const ProgressBar::Output& output) {
  check(!models.empty(), "train: there is no model");
  const std::launch policy = launch_policy(models.size());
  const OneThread one_thread;    // for each model
  std::deque<Learner> learners;  // a deque does not move them: a schedule points to its optimiser
  for (const Translator& model : models)
    learners.emplace_back(model, options);
  const std::string name =
      models.size() == 1 ? models[0].name : fmt::format("{} models", models.size());
  constexpr int64_t kRound = 8;  // steps; Ctrl-C waits for their end
  const int64_t trial = options.steps < 1000 ? kRound : 8 * kRound;
  ProgressBar progress(name, options.steps, output, options.cost, trial);
  while (progress.going()) {
    std::vector<Batch> batches;
    for (int64_t s = progress.steps_done(); s < options.steps && std::ssize(batches) < kRound; ++s)
      batches.push_back(batch_of(s));
    const double loss = learn_side_by_side(learners, batches, policy);
    for (const Batch& batch : batches)
      progress.step(loss, batch.tokens * std::ssize(models));
  }
  return {progress.steps_done(), progress.stopped(), progress.seconds_per_step()};
}

double fastest_step(const std::vector<Translator>& models, const Batch& batch, int64_t tries) {
  const OneThread one_thread;
  std::deque<Learner> learners;
  for (const Translator& model : models)
    learners.emplace_back(model, TrainingOptions{.steps = tries + 1, .lr = 0});
  double fastest = INFINITY;
  for (int64_t i = 0; i <= tries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (Learner& learner : learners)
      learner.learn({batch});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (i > 0) fastest = std::min(fastest, seconds.count());  // the first one is a warm-up
  }
  for (const Translator& model : models)
    for (const Tensor& p : model.parameters)
      p.mutable_grad() = Tensor();
  return fastest;
}

ProgressBar::Cost cost_of_steps(const std::vector<Translator>& models, const NumberLists& lists,
                                int64_t steps, int64_t batch_size) {
  const auto seconds = [&](int64_t length) {
    return fastest_step(models, lists.training_batch(length, batch_size), 3);
  };
  const double shortest = seconds(1);
  const double longest = seconds(NumberLists::kLongest);
  // One part of the work grows with the length of the list, the other with its square.
  return [=](int64_t s) {
    const auto n = static_cast<double>(NumberLists::length(s, steps));
    const auto most = double{NumberLists::kLongest};
    return shortest * n + (longest - shortest * most) * (n * n - n) / (most * most - most);
  };
}

int64_t steps_of(const Lesson& lesson, int64_t steps) { return lesson.quick() ? 16 : steps; }
int64_t batch_of(const Lesson& lesson, int64_t lists) { return lesson.quick() ? 8 : lists; }

Trained train_on_lists(const std::vector<Translator>& models, const NumberLists& lists,
                       int64_t steps, int64_t batch_size, const ProgressBar::Output& output) {
  const ProgressBar::Cost cost = cost_of_steps(models, lists, steps, batch_size);
  const auto batch_at = [&](int64_t s) { return lists.training_batch(s, steps, batch_size); };
  return train(models, batch_at, {.steps = steps, .cost = cost}, output);
}

Trained train_on_lists(Lesson& lesson, const std::vector<Translator>& models,
                       const NumberLists& lists) {
  const Trained trained = train_on_lists(models, lists, steps_of(lesson, kListSteps),
                                         batch_of(lesson, kListBatch), lesson.progress());
  if (trained.stopped) leave_after(lesson, models, lists);
  return trained;
}

void leave_after(Lesson& lesson, const std::vector<Translator>& models, const NumberLists& lists) {
  lesson.say("What it has learned so far, in percent of lists that are exactly right:");
  lesson.lines(accuracy_table(models, lists));
  throw Lesson::Leave{130};
}

}  // namespace gradus::lessons
