#include "nn/optim.h"

#include <cmath>
#include <numbers>
#include <unordered_set>

#include "autograd/ops.h"
#include "tensor/kernels/optimizer.h"
#include "tensor/kernels/reduce.h"
#include "tensor/loops.h"

namespace gradus::optim {

Optimizer::Optimizer(const char* name, const std::vector<Tensor>& parameters, double lr)
    : name_(name),
      parameters_(parameters),
      buffers_(parameters.size()),
      lr_(std::make_shared<double>()) {
  check(!parameters.empty(), "{}: the list of parameters is empty; were the layers registered?",
        name);
  std::unordered_set<const TensorImpl*> seen;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i];
    check(p.defined(), "{}: parameter {} is undefined", name, i);
    check(needs_grad(p), "{}: parameter {} of shape {} does not require gradients", name, i,
          p.sizes());
    check(p.is_leaf(),
          "{}: parameter {} of shape {} is computed from others; only leaves can be optimised",
          name, i, p.sizes());
    check(may_write_in_place(p),
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
  for (const Tensor& p : parameters_) {  // all are checked before one is changed
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
      buffer = buffer.to(p.dtype());  // the module may have been converted since
    const Tensor values = as_contiguous(p.detach());
    const Tensor grad = as_contiguous(p.grad().detach());
    dispatch_float(name_, p.dtype(), [&]<class T>() {
      update(i, values.data<T>(), grad.data<T>(), p.numel(),
             [&](size_t b) { return own[b].template data<T>(); });
    });
    if (!p.is_contiguous()) copy_elements(p, values);
    ++p.impl().storage->version;
  }
}

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& o)
    : Optimizer("sgd", parameters, o.lr), options_(o), started_(parameters.size()) {
  check(o.momentum >= 0 && o.weight_decay >= 0,
        "sgd: momentum is {} and weight_decay {}, expected 0 or more", o.momentum, o.weight_decay);
  check(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
        "sgd: nesterov needs a momentum, got {}, and no dampening, got {}", o.momentum,
        o.dampening);
}

void SGD::step() {
  for_each(options_.momentum != 0 ? 1 : 0,
           [&](size_t i, auto* p, const auto* grad, int64_t n, const auto& buffer) {
             const bool first = !started_[i];
             started_[i] = true;
             kernels::sgd_step(p, options_.momentum != 0 ? buffer(0) : nullptr, grad, n,
                               {lr(), options_.momentum, options_.dampening, options_.weight_decay,
                                options_.nesterov, first});
           });
}

Adam::Adam(const char* name, const std::vector<Tensor>& parameters, const AdamOptions& o,
           bool decoupled)
    : Optimizer(name, parameters, o.lr),
      options_(o),
      decoupled_(decoupled),
      steps_(parameters.size()) {
  const auto [beta1, beta2] = o.betas;
  check(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
        "{}: betas are {} and {}, expected 0 <= beta < 1", name, beta1, beta2);
  check(o.eps >= 0 && o.weight_decay >= 0, "{}: eps is {} and weight_decay {}, expected 0 or more",
        name, o.eps, o.weight_decay);
}
Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : Adam("adam", parameters, options, false) {}
AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& o)
    : Adam("adamw", parameters, {o.lr, o.betas, o.eps, o.weight_decay}, true) {}

void Adam::step() {
  for_each(2, [&](size_t i, auto* p, const auto* grad, int64_t n, const auto& buffer) {
    const auto [beta1, beta2] = options_.betas;
    kernels::adam_step(
        p, buffer(0), buffer(1), grad, n,
        {lr(), beta1, beta2, options_.eps, options_.weight_decay, ++steps_[i], decoupled_});
  });
}

CosineSchedule::CosineSchedule(Optimizer& optimizer, const CosineScheduleOptions& o)
    : options_(o), lr_(optimizer.lr_) {
  if (!o.max_lr) options_.max_lr = optimizer.lr();
  check(o.warmup_steps >= 0 && o.total_steps > 0 && o.warmup_steps <= o.total_steps,
        "cosine_schedule: {} warm-up steps of {} in all", o.warmup_steps, o.total_steps);
  check(o.min_lr >= 0 && o.min_lr <= *options_.max_lr && std::isfinite(*options_.max_lr),
        "cosine_schedule: min_lr is {} and max_lr {}, expected 0 <= min_lr <= max_lr", o.min_lr,
        *options_.max_lr);
  *lr_ = lr(0);
}

void CosineSchedule::step() { *lr_ = lr(++steps_); }

double CosineSchedule::lr(int64_t s) const {
  const double low = options_.min_lr;
  const double high = *options_.max_lr;
  if (s < options_.warmup_steps)
    return high * static_cast<double>(s + 1) / static_cast<double>(options_.warmup_steps);
  if (s >= options_.total_steps) return low;
  const double progress = static_cast<double>(s - options_.warmup_steps) /
                          static_cast<double>(options_.total_steps - options_.warmup_steps);
  return low + (high - low) * (1 + std::cos(std::numbers::pi * progress)) / 2;
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
  const Tensor g = as_contiguous(grad.detach());
  if (norm_type == 2)
    return dispatch_float("clip_grad_norm_", g.dtype(), [&]<class T>() {
      return std::sqrt(kernels::sum_of_squares(g.data<T>(), g.numel()));
    });
  return g.numel() == 0 ? 0 : norm(g.to(kFloat64), norm_type).item<double>();
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type) {
  check(max_norm >= 0, "clip_grad_norm_: max_norm is {}, expected 0 or more", max_norm);
  check(norm_type > 0, "clip_grad_norm_: norm_type is {}, expected a positive number", norm_type);
  const NoGradGuard guard;
  double total = 0;
  for (const Tensor& p : parameters) {
    if (!p.grad().defined()) continue;
    const double norm = norm_of(p.grad(), norm_type);
    if (std::isinf(norm_type))
      total = std::isnan(norm) ? norm : std::max(norm, total);
    else
      total += std::pow(norm, norm_type);
  }
  if (!std::isinf(norm_type)) total = std::pow(total, 1 / norm_type);
  const double factor = max_norm / (total + 1e-6);
  if (!(factor >= 1))
    for (const Tensor& p : parameters)
      if (p.grad().defined()) p.grad().mul_(factor);
  return total;
}

double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type) {
  return clip_grad_norm_(std::vector<Tensor>{parameter}, max_norm, norm_type);
}

}  // namespace gradus::nn::utils
