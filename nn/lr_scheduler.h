// PyTorch's schedulers: after each step of the optimiser, scheduler.step() sets its learning rates.
//
//   optim::SGD optimizer(model.parameters(), {.lr = 0.1});
//   optim::lr_scheduler::StepLR scheduler(optimizer, 30);
//
// Steps are counted from 0. The base rate of a group is the one that it has when the scheduler is
// made; a resumed training gives last_epoch, the last step that was done, and then it is the one
// with which the group was made.
#pragma once
#include <functional>

#include "nn/optim.h"

namespace gradus::optim::lr_scheduler {

/// The base of all schedulers.
class LRScheduler {
 public:
  /// Sets the learning rates of the next step.
  void step();
  /// The learning rate of each group that was set last.
  const std::vector<double>& get_last_lr() const;
  /// The step whose learning rates were set last; the first is 0.
  int64_t last_epoch() const { return last_epoch_; }

 protected:
  /// The learning rate at a step, for a group with this base rate.
  using Rate = std::function<double(double base, int64_t step)>;
  /// The momentum at a step, for all groups.
  using Momentum = std::function<double(int64_t step)>;
  LRScheduler(const char* name, Optimizer& optimizer, int64_t last_epoch, Rate rate,
              Momentum momentum = {});

 private:
  const char* name_;
  std::shared_ptr<Optimizer::LearningRates> rates_;  // the optimiser's
  std::vector<double> base_;                         // of each group
  int64_t last_epoch_;
  Rate rate_;
  Momentum momentum_;
};

/// base * gamma^(step / step_size), with the quotient rounded down.
class StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, int64_t step_size, double gamma = 0.1, int64_t last_epoch = -1);
};

/// base * lr_lambda(step)
class LambdaLR : public LRScheduler {
 public:
  LambdaLR(Optimizer& optimizer, const std::function<double(int64_t step)>& lr_lambda,
           int64_t last_epoch = -1);
};

/// base times a factor that goes from start_factor to end_factor in total_iters equal steps, and
/// stays there.
class LinearLR : public LRScheduler {
 public:
  explicit LinearLR(Optimizer& optimizer, double start_factor = 1.0 / 3, double end_factor = 1,
                    int64_t total_iters = 5, int64_t last_epoch = -1);
};

/// Half a cosine wave from base to eta_min in T_max steps (Loshchilov and Hutter 2017, equation 5):
///
///   eta_min + (base - eta_min) (1 + cos(pi step / T_max)) / 2
class CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, double eta_min = 0,
                    int64_t last_epoch = -1);
};

/// The options of OneCycleLR.
struct OneCycleLROptions {
  double max_lr = 0;                    // must be given
  int64_t total_steps = 0;              // must be given
  double pct_start = 0.3;               // the part of the steps in which the rate rises
  std::string anneal_strategy = "cos";  // or "linear"
  double div_factor = 25;               // the first rate is max_lr / div_factor
  double final_div_factor = 1e4;        // the last rate is the first / final_div_factor
  bool three_phase = false;             // fall to the first rate as fast as it rose, then on
  bool cycle_momentum = true;           // the momentum falls and rises the other way round
  double base_momentum = 0.85;          // at max_lr
  double max_momentum = 0.95;           // at the start and at the end; below 1
};
/// A rise to max_lr and a longer fall far below the start (Smith and Topin 2019). With
/// cycle_momentum the momentum of SGD, RMSprop and Muon, or beta1 of Adam and AdamW, falls from
/// max_momentum to base_momentum while the rate rises, and rises again while it falls. step()
/// throws after total_steps.
class OneCycleLR : public LRScheduler {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options, int64_t last_epoch = -1);
};

}  // namespace gradus::optim::lr_scheduler
