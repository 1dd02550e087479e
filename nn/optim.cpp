#include "nn/optim.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <unordered_set>

#include "autograd/ops.h"
#include "tensor/kernels/optimizer.h"
#include "tensor/kernels/reduce.h"
#include "tensor/strided.h"

namespace gradus::optim {

Optimizer::Optimizer(const char* name, const std::vector<Tensor>& parameters, double lr)
    : name_(name),
      parameters_(parameters),
      buffers_(parameters.size()),
      lr_(std::make_shared<double>()) {
  std::unordered_set<const TensorImpl*> seen;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i];
    check(p.defined(), "{}: parameter {} is undefined", name, i);
    check(p.is_leaf(),
          "{}: parameter {} of shape {} is computed from others; only leaves can be optimised",
          name, i, p.sizes());
    check(!has_internal_overlap(p),
          "{}: parameter {} of shape {} is expanded: its elements share memory", name, i,
          p.sizes());
    check(seen.insert(&p.impl()).second, "{}: parameter {} of shape {} is in the list twice", name,
          i, p.sizes());
  }
  set_lr(lr);
}

void Optimizer::set_lr(double lr) {
  check(lr >= 0 && std::isfinite(lr), "{}: lr is {}, expected 0 or more", name_, lr);
  *lr_ = lr;
}

void Optimizer::zero_grad(bool set_to_none) const {
  for (const Tensor& p : parameters_)
    if (p.grad().defined()) p.mutable_grad() = set_to_none ? Tensor() : zeros_like(p);
}

template <class Update>
void Optimizer::for_each(size_t buffers, const Update& update) {
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
    std::vector<Tensor>& own = buffers_[i];
    for (size_t b = own.size(); b < buffers; ++b)
      own.push_back(zeros(p.sizes(), p.dtype()));
    for (Tensor& buffer : own)
      buffer = buffer.to(p.dtype());  // Module::to may have converted the parameter
    const Tensor values = as_contiguous(p.detach());
    const Tensor grad = as_contiguous(p.grad().detach());
    dispatch_float(name_, p.dtype(), [&]<class T>() {
      update(i, values.data<T>(), grad.data<T>(), p.numel(),
             [&](size_t b) { return own[b].template data<T>(); });
    });
    if (!p.is_contiguous()) copy_elements(p, values);
    ++p.impl().storage->version;  // the backward pass of an older graph then throws
  }
}

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& options)
    : Optimizer("sgd", parameters, options.lr), options_(options), started_(parameters.size()) {
  check(options.momentum >= 0 && options.weight_decay >= 0,
        "sgd: momentum is {} and weight_decay {}, expected 0 or more", options.momentum,
        options.weight_decay);
  check(!options.nesterov || (options.momentum > 0 && options.dampening == 0),
        "sgd: nesterov needs a momentum, got {}, and no dampening, got {}", options.momentum,
        options.dampening);
}

void SGD::step() {
  const bool has_momentum = options_.momentum != 0;
  const size_t buffers = has_momentum ? 1 : 0;
  for_each(buffers, [&](size_t i, auto* p, const auto* grad, int64_t n, const auto& buffer) {
    const bool is_first = !started_[i];
    started_[i] = true;
    auto* const b = has_momentum ? buffer(0) : nullptr;
    kernels::sgd_step(p, b, grad, n,
                      {.lr = lr(),
                       .momentum = options_.momentum,
                       .dampening = options_.dampening,
                       .weight_decay = options_.weight_decay,
                       .nesterov = options_.nesterov,
                       .first = is_first});
  });
}

Adam::Adam(const char* name, const std::vector<Tensor>& parameters, const AdamOptions& options,
           bool decoupled)
    : Optimizer(name, parameters, options.lr),
      options_(options),
      decoupled_(decoupled),
      steps_(parameters.size()) {
  const auto [beta1, beta2] = options.betas;
  check(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
        "{}: betas are {} and {}, expected 0 <= beta < 1", name, beta1, beta2);
  check(options.eps >= 0 && options.weight_decay >= 0,
        "{}: eps is {} and weight_decay {}, expected 0 or more", name, options.eps,
        options.weight_decay);
}
Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : Adam("adam", parameters, options, /*decoupled=*/false) {}
AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options)
    : Adam("adamw", parameters,
           {.lr = options.lr,
            .betas = options.betas,
            .eps = options.eps,
            .weight_decay = options.weight_decay},
           /*decoupled=*/true) {}

void Adam::step() {
  const auto [beta1, beta2] = options_.betas;
  const kernels::AdamStep step{.lr = lr(),
                               .beta1 = beta1,
                               .beta2 = beta2,
                               .eps = options_.eps,
                               .weight_decay = options_.weight_decay,
                               .step = 0,
                               .decoupled = decoupled_};
  for_each(2, [&](size_t i, auto* p, const auto* grad, int64_t n, const auto& buffer) {
    kernels::AdamStep step_of_parameter = step;
    step_of_parameter.step = ++steps_[i];
    auto* const m = buffer(0);
    auto* const v = buffer(1);
    kernels::adam_step(p, m, v, grad, n, step_of_parameter);
  });
}

CosineSchedule::CosineSchedule(Optimizer& optimizer, const CosineScheduleOptions& options)
    : options_(options), lr_(optimizer.lr_) {
  check(options.warmup_steps >= 0 && options.total_steps > 0 &&
            options.warmup_steps <= options.total_steps,
        "cosine_schedule: {} warm-up steps of {} in all", options.warmup_steps,
        options.total_steps);
  const double max_lr = options.max_lr.value_or(optimizer.lr());
  check(options.min_lr >= 0 && options.min_lr <= max_lr && std::isfinite(max_lr),
        "cosine_schedule: min_lr is {} and max_lr {}, expected 0 <= min_lr <= max_lr",
        options.min_lr, max_lr);
  options_.max_lr = max_lr;
  *lr_ = lr(0);
}

void CosineSchedule::step() { *lr_ = lr(++steps_); }

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

namespace gradus::nn::utils {
namespace {

double norm_of(const Tensor& grad, double norm_type) {
  const Tensor values = as_contiguous(grad.detach());
  if (norm_type == 2)
    return dispatch_float("clip_grad_norm_", values.dtype(), [&]<class T>() {
      return std::sqrt(kernels::sum_of_squares(values.data<T>(), values.numel()));
    });
  if (values.numel() == 0) return 0;
  return norm(values.to(kFloat64), norm_type).item<double>();
}

/// The norm of the norms of all gradients. It is NaN if one of the gradients has a NaN.
double total_norm(const std::vector<Tensor>& parameters, double norm_type) {
  std::vector<double> norms;
  for (const Tensor& p : parameters)
    if (p.grad().defined() && (p.grad().numel() > 0 || norm_type == 0))
      norms.push_back(norm_of(p.grad(), norm_type));
  if (norms.empty()) return 0;
  if (norm_type == 0) return static_cast<double>(norms.size());
  if (std::isinf(norm_type)) {
    const auto extreme = [&](double a, double b) {  // NaN, the larger or the smaller number
      if (std::isnan(a) || std::isnan(b)) return a + b;
      return norm_type > 0 ? std::max(a, b) : std::min(a, b);
    };
    return std::accumulate(norms.begin() + 1, norms.end(), norms[0], extreme);
  }
  double total = 0;
  for (const double norm : norms)
    total += std::pow(norm, norm_type);
  return std::pow(total, 1 / norm_type);
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  check(max_norm >= 0, "clip_grad_norm_: max_norm is {}, expected 0 or more", max_norm);
  check(!std::isnan(norm_type), "clip_grad_norm_: norm_type is nan, expected a number");
  const NoGradGuard guard;
  const double total = total_norm(parameters, norm_type);
  check(!error_if_nonfinite || std::isfinite(total),
        "clip_grad_norm_: the norm of the gradients is {}, so they cannot be clipped; without "
        "error_if_nonfinite they are scaled all the same",
        total);
  const double factor = max_norm / (total + 1e-6);
  const bool is_small_enough = factor >= 1;  // false if the total is NaN: the gradients become NaN
  if (!is_small_enough)
    for (const Tensor& p : parameters)
      if (p.grad().defined()) p.grad().mul_(factor);
  return total;
}

double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector<Tensor>{parameter}, max_norm, norm_type, error_if_nonfinite);
}

}  // namespace gradus::nn::utils
