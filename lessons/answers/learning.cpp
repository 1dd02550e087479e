#include "lessons/answers/learning.h"

#include "lessons/kit/side_by_side.h"
#include "nn/optim.h"

namespace gradus::lessons {
namespace {

/// A learner with its optimiser and its schedule.
struct InTraining {
  const Learner& learner;
  optim::AdamW optimizer;
  optim::CosineSchedule schedule;

  InTraining(const Learner& l, const Learning& learning)
      : learner(l),
        optimizer(l.trained.parameters(), {.lr = l.lr, .betas = {0.9, 0.99}, .weight_decay = 0.1}),
        schedule(
            optimizer,
            {.warmup_steps = learning.warmup, .total_steps = learning.steps, .min_lr = l.lr / 10}) {
  }

  /// One step on each batch. Returns the sum of the losses.
  double learn(const std::vector<gpt::Batch>& batches) {
    double sum = 0;
    for (const gpt::Batch& batch : batches) {
      const Tensor loss =
          gpt::loss_of(learner.model, learner.changed ? learner.changed(batch) : batch);
      optimizer.zero_grad();
      loss.backward();
      nn::utils::clip_grad_norm_(learner.trained.parameters(), 1.0);
      optimizer.step();
      schedule.step();
      sum += loss.item<double>();
    }
    return sum;
  }
};

}  // namespace

void learn(const std::vector<Learner>& learners, const gpt::Examples& examples,
           const Learning& learning, const std::string& work, const ProgressBar::Output& output,
           const std::function<void(int64_t, double, ProgressBar&)>& on_round) {
  const std::launch policy = launch_policy(learners.size());
  const OneThread one_thread;  // for each model
  std::deque<InTraining> all;  // a deque does not move them: a schedule points to its optimiser
  for (const Learner& learner : learners)
    all.emplace_back(learner, learning);
  constexpr int64_t kRound = 8;  // steps; Ctrl-C waits for their end
  ProgressBar progress(work, learning.steps, output, {}, kRound);
  while (progress.going()) {
    std::vector<gpt::Batch> batches;
    for (int64_t s = progress.steps_done(); s < learning.steps && std::ssize(batches) < kRound; ++s)
      batches.push_back(examples.random_batch(learning.batch));
    const double loss = learn_side_by_side(all, batches, policy);
    for (const gpt::Batch& batch : batches)
      progress.step(loss, batch.ids.numel() * std::ssize(learners));
    if (on_round) on_round(progress.steps_done(), loss, progress);
  }
  if (progress.stopped()) throw Lesson::Leave{130};
}

double seconds_of_step(const Learner& learner, const gpt::Batch& batch) {
  const OneThread one_thread;
  Learner still = learner;
  still.lr = 0;
  InTraining training(still, {.steps = 10});
  double fastest = INFINITY;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    training.learn({batch});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (i > 0) fastest = std::min(fastest, seconds.count());  // the first one is a warm-up
  }
  for (const Tensor& p : learner.trained.parameters())
    p.mutable_grad() = Tensor();
  return fastest;
}

double loss_over(const nn::Gpt& model, const gpt::Examples& examples) {
  const NoGradGuard no_grad;
  double sum = 0;
  double targets = 0;
  examples.for_each_batch({}, [&](const gpt::Batch& batch) {
    const auto counted = static_cast<double>(batch.counted());
    sum += gpt::loss_of(model, batch).item<double>() * counted;
    targets += counted;
  });
  return sum / targets;
}

}  // namespace gradus::lessons
