#include "nn/optim.h"

#include <cmath>
#include <numbers>

#include "nn/learning_rates.h"
#include "nn/optimizer_steps.h"
#include "tensor/kernels/optimizer.h"

namespace gradus::optim {

namespace {

void check_options(const SGDOptions& options) {
  check(options.momentum >= 0 && options.weight_decay >= 0,
        "sgd: momentum is {} and weight_decay {}, expected 0 or more", options.momentum,
        options.weight_decay);
  check(!options.nesterov || (options.momentum > 0 && options.dampening == 0),
        "sgd: nesterov needs a momentum, got {}, and no dampening, got {}", options.momentum,
        options.dampening);
}
void check_options(const char* name, const AdamOptions& options) {
  const auto [beta1, beta2] = options.betas;
  check(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
        "{}: betas are {} and {}, expected 0 <= beta < 1", name, beta1, beta2);
  check(options.eps >= 0 && options.weight_decay >= 0,
        "{}: eps is {} and weight_decay {}, expected 0 or more", name, options.eps,
        options.weight_decay);
}

std::vector<ParamGroup<AdamOptions>> as_adam(const std::vector<ParamGroup<AdamWOptions>>& groups) {
  std::vector<ParamGroup<AdamOptions>> result;
  for (const auto& [params, options] : groups)
    result.push_back({params,
                      {.lr = options.lr,
                       .betas = options.betas,
                       .eps = options.eps,
                       .weight_decay = options.weight_decay,
                       .amsgrad = options.amsgrad}});
  return result;
}

std::vector<std::string> buffers_of_sgd(const SGDOptions& options) {
  if (options.momentum == 0) return {};
  return {"momentum_buffer"};
}
std::vector<std::string> buffers_of_adam(const AdamOptions& options) {
  if (options.amsgrad) return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  return {"exp_avg", "exp_avg_sq"};
}

}  // namespace

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& options)
    : SGD(std::vector<ParamGroup<SGDOptions>>{{parameters, options}}) {}
SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups)
    : Optimizer("sgd", groups_of(groups, buffers_of_sgd)), options_(options_of(groups)) {
  for (const SGDOptions& options : options_)
    check_options(options);
}

void SGD::step() {
  for_each([&]<class T>(size_t group, T* p, const T* grad, int64_t n, State& state) {
    const SGDOptions& options = options_[group];
    const Tensor* const b = buffer(group, state, "momentum_buffer");
    kernels::sgd_step(p, b ? b->data<T>() : nullptr, grad, n,
                      {.lr = lr(group),
                       .momentum = momentum(group),
                       .dampening = options.dampening,
                       .weight_decay = options.weight_decay,
                       .nesterov = options.nesterov,
                       .first = state.step == 1});
  });
}

Adam::Adam(const char* name, const std::vector<ParamGroup<AdamOptions>>& groups, bool decoupled)
    : Optimizer(name, groups_of(groups, buffers_of_adam)),
      options_(options_of(groups)),
      decoupled_(decoupled) {
  for (const AdamOptions& options : options_)
    check_options(name, options);
}
Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups)
    : Adam("adam", groups, /*decoupled=*/false) {}
Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : Adam(std::vector<ParamGroup<AdamOptions>>{{parameters, options}}) {}
AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups)
    : Adam("adamw", as_adam(groups), /*decoupled=*/true) {}
AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options)
    : AdamW(std::vector<ParamGroup<AdamWOptions>>{{parameters, options}}) {}

void Adam::step() {
  for_each([&]<class T>(size_t group, T* p, const T* grad, int64_t n, State& state) {
    const AdamOptions& options = options_[group];
    T* const m = state.buffers[0].data<T>();
    T* const v = state.buffers[1].data<T>();
    const kernels::AdamStep step{.lr = lr(group),
                                 .beta1 = momentum(group),
                                 .beta2 = std::get<1>(options.betas),
                                 .eps = options.eps,
                                 .weight_decay = options.weight_decay,
                                 .step = state.step,
                                 .decoupled = decoupled_};
    if (options.amsgrad)
      kernels::amsgrad_step(p, m, v, state.buffers[2].data<T>(), grad, n, step);
    else
      kernels::adam_step(p, m, v, grad, n, step);
  });
}

CosineSchedule::CosineSchedule(Optimizer& optimizer, const CosineScheduleOptions& options)
    : options_(options), rates_(optimizer.rates_), steps_(options.first_step) {
  check(options.warmup_steps >= 0 && options.total_steps > 0 &&
            options.warmup_steps <= options.total_steps,
        "cosine_schedule: {} warm-up steps of {} in all", options.warmup_steps,
        options.total_steps);
  const double max_lr = options.max_lr.value_or(optimizer.lr());
  check(options.min_lr >= 0 && options.min_lr <= max_lr && std::isfinite(max_lr),
        "cosine_schedule: min_lr is {} and max_lr {}, expected 0 <= min_lr <= max_lr",
        options.min_lr, max_lr);
  check(options.first_step >= 0, "cosine_schedule: first_step is {}, expected 0 or more",
        options.first_step);
  options_.max_lr = max_lr;
  rates_->set(lr(steps_));
}

void CosineSchedule::step() { rates_->set(lr(++steps_)); }

double CosineSchedule::lr(int64_t s) const {
  const double min_lr = options_.min_lr;
  const double max_lr = *options_.max_lr;
  const auto warmup_steps = static_cast<double>(options_.warmup_steps);
  if (s < options_.warmup_steps) return max_lr * static_cast<double>(s + 1) / warmup_steps;
  if (s >= options_.total_steps) return min_lr;
  const double progress = static_cast<double>(s - options_.warmup_steps) /
                          static_cast<double>(options_.total_steps - options_.warmup_steps);
  return min_lr + (max_lr - min_lr) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

double transformer_lr(double s, double d_model, double warmup_steps) {
  check(s >= 1 && d_model > 0 && warmup_steps > 0,
        "transformer_lr: step {}, d_model {}, warmup_steps {}, expected positive numbers", s,
        d_model, warmup_steps);
  return std::min(1 / std::sqrt(s), s / std::pow(warmup_steps, 1.5)) / std::sqrt(d_model);
}

}  // namespace gradus::optim
