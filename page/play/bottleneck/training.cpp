#include "page/play/bottleneck/training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lessons/kit/side_by_side.h"
#include "nn/functional.h"
#include "nn/optim.h"
#include "tensor/random.h"

namespace gradus::page::bottleneck {
namespace {

constexpr int64_t kWarmup = 100;           // training steps
constexpr uint64_t kTestSeed = 1'000'000;  // no training has it

/// The sequences of all training steps. The longest length grows during the first third.
std::vector<Tensor> training_batches(const TrainingOptions& options, uint64_t seed) {
  manual_seed(seed);
  std::vector<Tensor> batches;
  for (int64_t step = 0; step < options.steps; ++step) {
    const int64_t longest =
        std::min(options.longest, 1 + step * options.longest * 3 / options.steps);
    const auto length = randint(1, longest + 1, {1}).item<int64_t>();
    batches.push_back(randint(kDigits, {options.batch, length}));
  }
  return batches;
}

void train(const Model& model, const std::vector<Tensor>& batches, double lr) {
  if (batches.empty()) return;  // the models stay as they were made
  const std::vector<Tensor> parameters = model.tensors();
  optim::Adam adam(parameters, {.lr = lr, .betas = {0.9, 0.98}});
  const int64_t steps = std::ssize(batches);
  optim::CosineSchedule schedule(
      adam, {.warmup_steps = std::min<int64_t>(kWarmup, steps), .total_steps = steps});
  for (const Tensor& digits : batches) {
    adam.zero_grad();
    const Tensor logits = model.decode(model.encode(digits), inputs_for(digits), nullptr);
    const Tensor loss = cross_entropy(logits.flatten(0, 1), digits.flatten());
    loss.backward();
    nn::utils::clip_grad_norm_(parameters, 1.0);
    adam.step();
    schedule.step();
  }
}

std::vector<double> accuracies(const Model& model, int64_t tests) {
  std::vector<double> shares;
  for (int64_t length = 1; length <= kLongest; ++length)
    shares.push_back(share_right(model, length, tests, kTestSeed + static_cast<uint64_t>(length)));
  return shares;
}

/// Mean, least and greatest share over the seeds, for each length.
Accuracy summary(const std::string& name, const std::vector<std::vector<double>>& of_seeds) {
  Accuracy accuracy{name, {}, {}, {}};
  for (size_t length = 0; length < of_seeds[0].size(); ++length) {
    std::vector<double> shares;
    for (const std::vector<double>& seed : of_seeds)
      shares.push_back(seed[length]);
    accuracy.mean.push_back(std::reduce(shares.begin(), shares.end()) /
                            static_cast<double>(shares.size()));
    accuracy.low.push_back(*std::min_element(shares.begin(), shares.end()));
    accuracy.high.push_back(*std::max_element(shares.begin(), shares.end()));
  }
  return accuracy;
}

}  // namespace

double share_right(const Model& model, int64_t length, int64_t count, uint64_t seed) {
  const NoGradGuard no_grad;
  Generator generator(seed);
  const Tensor digits = empty({count, length}, kInt64);
  fill_randint(generator, digits.data_ptr<int64_t>(), digits.numel(), 0, kDigits);
  // No word ends a sequence, so the search writes max_length of them.
  const Tensor written = nn::greedy_search(model.begin(model.encode(digits)), count,
                                           {.begin = kStart, .end = -1, .max_length = length});
  const Tensor wrong = (written != digits).sum(1);  // (B)
  return (wrong == 0).sum().item<double>() / static_cast<double>(count);
}

Trained train_models(const TrainingOptions& options) {
  std::vector<std::vector<Model>> models;    // of each seed
  std::vector<std::vector<Tensor>> batches;  // of each seed
  for (int64_t s = 1; s <= options.seeds; ++s) {
    manual_seed(static_cast<uint64_t>(s));
    models.push_back(make_models());
    batches.push_back(training_batches(options, static_cast<uint64_t>(1000 + s)));
  }
  const size_t count = models[0].size();
  const std::launch policy = lessons::launch_policy(models.size() * count);
  const lessons::OneThread one_thread;  // for each model
  std::vector<std::vector<std::future<std::vector<double>>>> measured(count);
  for (size_t s = 0; s < models.size(); ++s)
    for (size_t m = 0; m < count; ++m)
      measured[m].push_back(std::async(policy, [&, s, m] {
        train(models[s][m], batches[s], options.lr);
        return accuracies(models[s][m], options.tests);
      }));
  Trained trained{models[0], {}, options};
  for (size_t m = 0; m < count; ++m) {
    std::vector<std::vector<double>> of_seeds;
    for (auto& one : measured[m])
      of_seeds.push_back(one.get());
    trained.accuracy.push_back(summary(models[0][m].name, of_seeds));
  }
  return trained;
}

}  // namespace gradus::page::bottleneck
