#include "nn/lr_scheduler.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nn/learning_rates.h"

namespace gradus::optim::lr_scheduler {
namespace {

/// From `start` to `end`, for a part between 0 and 1.
double cosine_between(double start, double end, double part) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * part));
}
double line_between(double start, double end, double part) { return start + (end - start) * part; }

/// A value of OneCycleLR that rises and falls: the learning rate, or the momentum. It goes from
/// `start` to `middle` and on to `end`.
struct Course {
  double start;
  double middle;
  double end;
};
/// A part of it.
struct Phase {
  double last_step;
  double start;
  double end;
};

std::vector<Phase> phases_of(const OneCycleLROptions& options, const Course& course) {
  const auto [start, middle, end] = course;
  const auto steps = static_cast<double>(options.total_steps);
  const double rise = options.pct_start * steps;
  if (!options.three_phase) return {{rise - 1, start, middle}, {steps - 1, middle, end}};
  return {{rise - 1, start, middle}, {2 * rise - 2, middle, start}, {steps - 1, start, end}};
}

double one_cycle(const OneCycleLROptions& options, const Course& course, int64_t step) {
  check(step < options.total_steps, "one_cycle_lr: step {} of {}; no rate is known after the last",
        step, options.total_steps);
  const auto between = options.anneal_strategy == "cos" ? cosine_between : line_between;
  const auto now = static_cast<double>(step);
  double begin = 0;
  const std::vector<Phase> phases = phases_of(options, course);
  for (const Phase& phase : phases) {
    if (now <= phase.last_step || phase.last_step >= static_cast<double>(options.total_steps - 1))
      return now >= phase.last_step
                 ? phase.end
                 : between(phase.start, phase.end, (now - begin) / (phase.last_step - begin));
    begin = phase.last_step;
  }
  return phases.back().end;
}

double one_cycle_rate(const OneCycleLROptions& options, int64_t step) {
  const double first = options.max_lr / options.div_factor;
  return one_cycle(options, {first, options.max_lr, first / options.final_div_factor}, step);
}

double one_cycle_momentum(const OneCycleLROptions& options, int64_t step) {
  return one_cycle(options, {options.max_momentum, options.base_momentum, options.max_momentum},
                   step);
}

const OneCycleLROptions& checked(const OneCycleLROptions& options) {
  check(options.max_lr >= 0 && std::isfinite(options.max_lr),
        "one_cycle_lr: max_lr is {}, expected 0 or more", options.max_lr);
  check(options.total_steps > 1, "one_cycle_lr: total_steps is {}, expected 2 or more",
        options.total_steps);
  check(options.pct_start >= 0 && options.pct_start <= 1,
        "one_cycle_lr: pct_start is {}, expected a number from 0 to 1", options.pct_start);
  check(options.anneal_strategy == "cos" || options.anneal_strategy == "linear",
        "one_cycle_lr: anneal_strategy is '{}', expected 'cos' or 'linear'",
        options.anneal_strategy);
  check(options.div_factor > 0 && options.final_div_factor > 0,
        "one_cycle_lr: div_factor is {} and final_div_factor {}, expected numbers above 0",
        options.div_factor, options.final_div_factor);
  check(options.base_momentum >= 0 && options.base_momentum < 1 && options.max_momentum >= 0 &&
            options.max_momentum < 1,
        "one_cycle_lr: base_momentum is {} and max_momentum {}, expected numbers from 0 to below 1",
        options.base_momentum, options.max_momentum);
  return options;
}

}  // namespace

LRScheduler::LRScheduler(const char* name, Optimizer& optimizer, int64_t last_epoch, Rate rate,
                         Momentum momentum)
    : name_(name),
      rates_(optimizer.rates_),
      base_(last_epoch == -1 ? rates_->lr : rates_->initial),
      last_epoch_(last_epoch),
      rate_(std::move(rate)),
      momentum_(std::move(momentum)) {
  check(last_epoch >= -1, "{}: last_epoch is {}, expected -1 or a step", name, last_epoch);
  if (momentum_) {
    check(rates_->momentum[0].has_value(),
          "{}: {} has no momentum; cycle_momentum = false leaves it out", name, rates_->optimizer);
    rates_->changes_momentum = true;
  }
  step();
}

void LRScheduler::step() {
  std::vector<double> rates;
  for (const double base : base_) {
    rates.push_back(rate_(base, last_epoch_ + 1));
    check(rates.back() >= 0 && std::isfinite(rates.back()),
          "{}: the learning rate of step {} is {}, expected 0 or more", name_, last_epoch_ + 1,
          rates.back());
  }
  rates_->lr = rates;
  ++last_epoch_;
  if (!momentum_) return;
  for (std::optional<double>& momentum : rates_->momentum)
    momentum = momentum_(last_epoch_);
}

const std::vector<double>& LRScheduler::get_last_lr() const { return rates_->lr; }

StepLR::StepLR(Optimizer& optimizer, int64_t step_size, double gamma, int64_t last_epoch)
    : LRScheduler("step_lr", optimizer, last_epoch, [=](double base, int64_t step) {
        check(step_size > 0, "step_lr: step_size is {}, expected 1 or more", step_size);
        const int64_t falls = step / step_size;
        return base * std::pow(gamma, static_cast<double>(falls));
      }) {}

LambdaLR::LambdaLR(Optimizer& optimizer, const std::function<double(int64_t)>& lr_lambda,
                   int64_t last_epoch)
    : LRScheduler("lambda_lr", optimizer, last_epoch, [lr_lambda](double base, int64_t step) {
        check(static_cast<bool>(lr_lambda), "lambda_lr: lr_lambda is empty");
        return base * lr_lambda(step);
      }) {}

LinearLR::LinearLR(Optimizer& optimizer, double start_factor, double end_factor,
                   int64_t total_iters, int64_t last_epoch)
    : LRScheduler("linear_lr", optimizer, last_epoch, [=](double base, int64_t step) {
        check(start_factor > 0 && start_factor <= 1 && end_factor >= 0 && end_factor <= 1,
              "linear_lr: start_factor is {} and end_factor {}, expected numbers from 0 to 1, the "
              "first above 0",
              start_factor, end_factor);
        check(total_iters > 0, "linear_lr: total_iters is {}, expected 1 or more", total_iters);
        const double part =
            static_cast<double>(std::min(step, total_iters)) / static_cast<double>(total_iters);
        return base * line_between(start_factor, end_factor, part);
      }) {}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, double eta_min,
                                     int64_t last_epoch)
    : LRScheduler("cosine_annealing_lr", optimizer, last_epoch, [=](double base, int64_t step) {
        check(T_max > 0, "cosine_annealing_lr: T_max is {}, expected 1 or more", T_max);
        return cosine_between(base, eta_min,
                              static_cast<double>(step) / static_cast<double>(T_max));
      }) {}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options, int64_t last_epoch)
    : LRScheduler(
          "one_cycle_lr", optimizer, last_epoch,
          [options = checked(options)](double /*base*/, int64_t step) {
            return one_cycle_rate(options, step);
          },
          options.cycle_momentum
              ? Momentum([options](int64_t step) { return one_cycle_momentum(options, step); })
              : Momentum()) {}

}  // namespace gradus::optim::lr_scheduler
