// The learning rates of schedulers are those of PyTorch 2.15.
#include "nn/lr_scheduler.h"

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "tensor/factories.h"
#include "tests/expect_error.h"

namespace gradus::optim::lr_scheduler::lr_scheduler_test {
namespace {

using Rates = std::vector<std::vector<double>>;

SGD two_groups() {
  return SGD({{.params = {ones(1)}, .options = {.lr = 0.5}},
              {.params = {ones(1)}, .options = {.lr = 0.2}}});
}

/// The rates of both groups at each step.
template <class Scheduler, class... Arguments>
void expect_rates(const Rates& expected, const Arguments&... arguments) {
  SGD optimizer = two_groups();
  Scheduler scheduler(optimizer, arguments...);
  for (size_t step = 0; step < expected.size(); ++step) {
    if (step > 0) scheduler.step();
    EXPECT_EQ(scheduler.last_epoch(), static_cast<int64_t>(step));
    for (const size_t group : {size_t{0}, size_t{1}}) {
      EXPECT_NEAR(optimizer.lr(group), expected[step][group], 1e-15) << step << " " << group;
      EXPECT_EQ(scheduler.get_last_lr()[group], optimizer.lr(group));
    }
  }
}

TEST(LrScheduler, StepFallsEveryFewSteps) {
  expect_rates<StepLR>(
      {{0.5, 0.2}, {0.5, 0.2}, {0.5, 0.2}, {0.25, 0.1}, {0.25, 0.1}, {0.25, 0.1}, {0.125, 0.05}}, 3,
      0.5);
}

TEST(LrScheduler, LambdaMultipliesTheBase) {
  expect_rates<LambdaLR>(
      {{0.5, 0.2}, {0.25, 0.1}, {0.16666666666666666, 0.06666666666666667}, {0.125, 0.05}},
      [](int64_t step) { return 1 / static_cast<double>(1 + step); });
}

TEST(LrScheduler, LinearStaysAtItsEnd) {
  expect_rates<LinearLR>(
      {{0.125, 0.05}, {0.1875, 0.075}, {0.25, 0.1}, {0.3125, 0.125}, {0.375, 0.15}, {0.375, 0.15}},
      0.25, 0.75, 4);
  expect_rates<LinearLR>({{0.16666666666666666, 0.06666666666666667},
                          {0.23333333333333334, 0.09333333333333334},
                          {0.3, 0.12},
                          {0.36666666666666664, 0.14666666666666667},
                          {0.43333333333333335, 0.17333333333333334},
                          {0.5, 0.2},
                          {0.5, 0.2}});
}

TEST(LrScheduler, CosineRisesAgainAfterItsEnd) {
  expect_rates<CosineAnnealingLR>({{0.5, 0.2},
                                   {0.4414213562373095, 0.18535533905932738},
                                   {0.3, 0.15},
                                   {0.15857864376269054, 0.11464466094067263},
                                   {0.1, 0.1},
                                   {0.15857864376269049, 0.11464466094067263}},
                                  4, 0.1);
}

/// Both groups have the same rates.
Rates of_both(const std::vector<double>& rates) {
  Rates both;
  for (const double rate : rates)
    both.push_back({rate, rate});
  return both;
}

TEST(LrScheduler, OneCycleRisesAndFalls) {
  expect_rates<OneCycleLR>(
      of_both({0.04, 0.52, 1.0, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893,
               0.38874197806371075, 0.18825834605023697, 0.049519367986526286, 4e-06}),
      OneCycleLROptions{.max_lr = 1, .total_steps = 10});
  expect_rates<OneCycleLR>(of_both({0.1, 0.46, 0.82, 0.8572857142857143, 0.5718571428571428,
                                    0.28642857142857137, 0.001}),
                           OneCycleLROptions{.max_lr = 1,
                                             .total_steps = 7,
                                             .pct_start = 0.5,
                                             .anneal_strategy = "linear",
                                             .div_factor = 10,
                                             .final_div_factor = 100});
  expect_rates<OneCycleLR>(
      of_both({0.04, 0.52, 1.0, 0.52, 0.04, 0.0361807218535102, 0.0261817218535102,
               0.013822278146489805, 0.0038232781464898036, 4e-06}),
      OneCycleLROptions{.max_lr = 1, .total_steps = 10, .three_phase = true});
}

/// Two numbers after six steps of a training with OneCycleLR, in two phases and in three.
template <class Optimizer, class Options>
void expect_one_cycle(const Options& options, const std::vector<double>& two_phases,
                      const std::vector<double>& three_phases) {
  OneCycleLROptions cycle{.max_lr = 0.2, .total_steps = 8};
  for (const std::vector<double>& expected : {two_phases, three_phases}) {
    const Tensor w = tensor({1.0, -2.0}, kFloat64).requires_grad_();
    Optimizer optimizer({w}, options);
    OneCycleLR scheduler(optimizer, cycle);
    for (int step = 0; step < 6; ++step) {
      optimizer.zero_grad();
      (w * w).sum().backward();
      optimizer.step();
      scheduler.step();
    }
    for (const size_t i : {size_t{0}, size_t{1}})
      EXPECT_NEAR(w.detach().data_ptr<double>()[i], expected[i], 1e-13) << i;
    cycle.three_phase = true;
    cycle.base_momentum = 0.5;
    cycle.anneal_strategy = "linear";
  }
}

TEST(LrScheduler, OneCycleChangesTheMomentum) {
  expect_one_cycle<SGD>(SGDOptions{.lr = 0.1}, {-0.8298346018778149, 1.6596692037556298},
                        {0.07327567491938677, -0.14655134983877355});
  expect_one_cycle<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1},
                        {-0.8312073286665119, 1.6624146573330238},
                        {0.1249002108963661, -0.2498004217927322});
  expect_one_cycle<AdamW>(AdamWOptions{.lr = 0.1}, {0.40372838261851596, -1.3836207400704579},
                          {0.7410399390574203, -1.7371500578310473});
  expect_one_cycle<RMSprop>(RMSpropOptions{.lr = 0.1}, {-0.6779811102509445, 2.2796551694849714},
                            {-1.2319331509267766, 1.1159091160584067});
}

TEST(LrScheduler, AResumedOneCycleHasTheSameMomentum) {
  const auto train = [](const Tensor& w, SGD& optimizer, OneCycleLR& scheduler, int steps) {
    for (int step = 0; step < steps; ++step) {
      optimizer.zero_grad();
      (w * w).sum().backward();
      optimizer.step();
      scheduler.step();
    }
  };
  const OneCycleLROptions cycle{.max_lr = 0.2, .total_steps = 8};
  const Tensor w = tensor({1.0, -2.0}).requires_grad_();
  SGD optimizer({w}, {.lr = 0.1});
  OneCycleLR scheduler(optimizer, cycle);
  train(w, optimizer, scheduler, 3);
  const Tensor again = w.detach().clone().requires_grad_();
  SGD resumed({again}, {.lr = 0.1});
  OneCycleLR its_scheduler(resumed, cycle, scheduler.last_epoch() - 1);
  resumed.load_state_dict(optimizer.state_dict());
  train(w, optimizer, scheduler, 3);
  train(again, resumed, its_scheduler, 3);
  EXPECT_TRUE(equal(w, again));
}

TEST(LrScheduler, WithoutCycleMomentumItStays) {
  const Tensor w = tensor({1.0}).requires_grad_();
  SGD optimizer({w}, {.lr = 0.1});
  const OneCycleLR scheduler(optimizer, {.max_lr = 0.1, .total_steps = 4, .cycle_momentum = false});
  (w * w).sum().backward();
  optimizer.step();
  EXPECT_EQ(optimizer.state_dict().size(), 3u);  // the step, the rate and the group: no buffer
}

TEST(LrScheduler, AResumedTrainingHasTheSameRates) {
  SGD optimizer = two_groups();
  StepLR scheduler(optimizer, 2, 0.5);
  for (int i = 0; i < 3; ++i)
    scheduler.step();
  SGD resumed = two_groups();
  resumed.load_state_dict(optimizer.state_dict());
  StepLR again(resumed, 2, 0.5, scheduler.last_epoch());
  scheduler.step();
  EXPECT_EQ(again.last_epoch(), scheduler.last_epoch());
  EXPECT_EQ(again.get_last_lr(), scheduler.get_last_lr());
}

TEST(LrScheduler, WrongArgumentsAreNamed) {
  SGD optimizer = two_groups();
  expect_error([&] { StepLR(optimizer, 0); }, "step_lr: step_size is 0, expected 1 or more");
  expect_error([&] { StepLR(optimizer, 1, -0.5, 0); },
               "step_lr: the learning rate of step 1 is -0.25, expected 0 or more");
  expect_error([&] { LambdaLR(optimizer, nullptr); }, "lambda_lr: lr_lambda is empty");
  expect_error([&] { CosineAnnealingLR(optimizer, 0); },
               "cosine_annealing_lr: T_max is 0, expected 1 or more");
  expect_error([&] { StepLR(optimizer, 1, 1, -2); },
               "step_lr: last_epoch is -2, expected -1 or a step");
  expect_error([&] { OneCycleLR(optimizer, {.max_lr = 1, .total_steps = 2, .max_momentum = 1}); },
               "one_cycle_lr: base_momentum is 0.85 and max_momentum 1, expected numbers from 0 to "
               "below 1");
  OneCycleLR cycle(optimizer, {.max_lr = 1, .total_steps = 2});
  cycle.step();
  const double last = optimizer.lr();
  expect_error([&] { cycle.step(); }, "one_cycle_lr: step 2 of 2; no rate is known after the last");
  EXPECT_EQ(optimizer.lr(), last);
}

}  // namespace
}  // namespace gradus::optim::lr_scheduler::lr_scheduler_test
