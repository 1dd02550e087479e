#include "nn/optim.h"

#include <cmath>
#include <numbers>
#include <unordered_set>

#include "autograd/ops.h"
#include "nn/learning_rates.h"
#include "tensor/kernels/optimizer.h"
#include "tensor/strided.h"

namespace gradus::optim {

namespace {

void check_lr(const char* name, double lr) {
  check(lr >= 0 && std::isfinite(lr), "{}: lr is {}, expected 0 or more", name, lr);
}

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
                       .weight_decay = options.weight_decay}});
  return result;
}

/// The number of buffers of a parameter.
size_t count_buffers(const SGDOptions& options) { return options.momentum != 0 ? 1 : 0; }
size_t count_buffers(const AdamOptions&) { return 2; }

template <class Options>
std::vector<Options> options_of(const std::vector<ParamGroup<Options>>& groups) {
  std::vector<Options> result;
  for (const auto& group : groups)
    result.push_back(group.options);
  return result;
}

}  // namespace

template <class Options>
std::vector<Optimizer::Group> Optimizer::groups_of(const std::vector<ParamGroup<Options>>& groups) {
  std::vector<Group> result;
  for (const auto& [params, options] : groups)
    result.push_back({.params = params, .lr = options.lr, .buffers = count_buffers(options)});
  return result;
}

Optimizer::Optimizer(const char* name, const std::vector<Tensor>& parameters, double lr)
    : Optimizer(name, {{.params = parameters, .lr = lr, .buffers = 0}}, {}) {
  buffer_names_.reset();
}

Optimizer::Optimizer(const char* name, const std::vector<Group>& groups,
                     const std::vector<std::string>& buffer_names)
    : name_(name), buffer_names_(buffer_names), rates_(std::make_shared<LearningRates>()) {
  check(!groups.empty(), "{}: expected at least one group of parameters", name);
  std::unordered_set<const TensorImpl*> seen;
  rates_->optimizer = name;
  for (const Group& group : groups) {
    check_lr(name, group.lr);
    for (const Tensor& p : group.params) {
      const size_t i = parameters_.size();
      check(p.defined(), "{}: parameter {} is undefined", name, i);
      check(p.is_leaf(),
            "{}: parameter {} of shape {} is computed from others; only leaves can be optimised",
            name, i, p.sizes());
      check(!has_internal_overlap(p),
            "{}: parameter {} of shape {} is expanded: its elements share memory", name, i,
            p.sizes());
      check(seen.insert(&p.impl()).second, "{}: parameter {} of shape {} is in the list twice",
            name, i, p.sizes());
      parameters_.push_back(p);
      group_of_.push_back(buffers_of_group_.size());
    }
    buffers_of_group_.push_back(group.buffers);
    rates_->lr.push_back(group.lr);
  }
  rates_->initial = rates_->lr;
  states_.resize(parameters_.size());
}

void Optimizer::LearningRates::set(double new_lr) {
  check_lr(optimizer, new_lr);
  for (size_t g = 1; g < lr.size(); ++g)
    check(initial[0] > 0 || initial[g] == 0,
          "{}: group {} was made with lr {} and group 0 with lr 0, so set_lr cannot keep their "
          "ratio",
          optimizer, g, initial[g]);
  lr[0] = new_lr;
  for (size_t g = 1; g < lr.size(); ++g)
    lr[g] = initial[g] == initial[0] ? new_lr : new_lr * (initial[g] / initial[0]);
}

double Optimizer::lr(size_t group) const {
  check(group < rates_->lr.size(), "{}: group {} of {}", name_, group, rates_->lr.size());
  return rates_->lr[group];
}
void Optimizer::set_lr(double lr) { rates_->set(lr); }

void Optimizer::zero_grad(bool set_to_none) const {
  for (const Tensor& p : parameters_)
    if (p.grad().defined()) p.mutable_grad() = set_to_none ? Tensor() : zeros_like(p);
}

template <class Update>
void Optimizer::for_each(const Update& update) {
  // All gradients are checked before the first parameter is changed.
  for (const Tensor& p : parameters_) {
    const Tensor grad = p.grad();
    if (!grad.defined()) continue;
    check(grad.sizes() == p.sizes() && grad.dtype() == p.dtype(),
          "{}: a parameter is {} {} and its gradient {} {}", name_, p.sizes(), p.dtype(),
          grad.sizes(), grad.dtype());
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    if (!p.grad().defined()) continue;
    State& state = states_[i];
    const size_t group = group_of_[i];
    while (state.buffers.size() < buffers_of_group_[group])
      state.buffers.push_back(zeros(p.sizes(), p.dtype()));
    for (Tensor& buffer : state.buffers)
      if (buffer.dtype() != p.dtype())  // Module::to has converted the parameter
        buffer = buffer.to(p.dtype());
    const Tensor values = as_contiguous(p);
    const Tensor grad = as_contiguous(p.grad());
    ++state.step;
    dispatch_float(name_, p.dtype(), [&]<class T>() {
      update(group, values.data<T>(), grad.data<T>(), p.numel(), state);
    });
    if (!p.is_contiguous()) copy_elements(p, values);
    ++p.impl().storage->version;  // the backward pass of an older graph then throws
  }
}

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& options)
    : SGD(std::vector<ParamGroup<SGDOptions>>{{parameters, options}}) {}
SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups)
    : Optimizer("sgd", groups_of(groups), {"momentum_buffer"}), options_(options_of(groups)) {
  for (const SGDOptions& options : options_)
    check_options(options);
}

void SGD::step() {
  for_each([&]<class T>(size_t group, T* p, const T* grad, int64_t n, State& state) {
    const SGDOptions& options = options_[group];
    T* const b = options.momentum != 0 ? state.buffers[0].data<T>() : nullptr;
    kernels::sgd_step(p, b, grad, n,
                      {.lr = lr(group),
                       .momentum = options.momentum,
                       .dampening = options.dampening,
                       .weight_decay = options.weight_decay,
                       .nesterov = options.nesterov,
                       .first = state.step == 1});
  });
}

Adam::Adam(const char* name, const std::vector<ParamGroup<AdamOptions>>& groups, bool decoupled)
    : Optimizer(name, groups_of(groups), {"exp_avg", "exp_avg_sq"}),
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
    const auto [beta1, beta2] = options.betas;
    T* const m = state.buffers[0].data<T>();
    T* const v = state.buffers[1].data<T>();
    kernels::adam_step(p, m, v, grad, n,
                       {.lr = lr(group),
                        .beta1 = beta1,
                        .beta2 = beta2,
                        .eps = options.eps,
                        .weight_decay = options.weight_decay,
                        .step = state.step,
                        .decoupled = decoupled_});
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
