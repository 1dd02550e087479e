// The base of all optimisers: groups of parameters and their learning rates.
#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "autograd/ops.h"
#include "nn/learning_rates.h"
#include "tensor/strided.h"

namespace gradus::optim {

namespace {

void check_lr(const char* name, double lr) {
  check(lr >= 0 && std::isfinite(lr), "{}: lr is {}, expected 0 or more", name, lr);
}

}  // namespace

Optimizer::Optimizer(const char* name, const std::vector<Tensor>& parameters, double lr)
    : Optimizer(name, {{.params = parameters, .lr = lr, .buffers = {}}}) {
  keeps_buffers_itself_ = true;
}

Optimizer::Optimizer(const char* name, const std::vector<Group>& groups)
    : name_(name), rates_(std::make_shared<LearningRates>()) {
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
    rates_->momentum.push_back(group.momentum);
  }
  rates_->initial = rates_->lr;
  states_.resize(parameters_.size());
}

Optimizer::Optimizer(const char* name, const std::vector<Group>& groups, const Optimizer& worker)
    : Optimizer(name, groups) {
  rates_ = worker.rates_;
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

double Optimizer::momentum(size_t group) const { return *rates_->momentum[group]; }

Tensor* Optimizer::buffer(size_t group, State& state, const char* name) const {
  const std::vector<std::string>& names = buffers_of_group_[group];
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return nullptr;
  return &state.buffers[static_cast<size_t>(found - names.begin())];
}

/// SGD and RMSprop keep no buffer for a momentum of 0, but a schedule may change that.
void Optimizer::add_momentum_buffers() {
  if (!rates_->changes_momentum) return;
  for (std::vector<std::string>& names : buffers_of_group_) {
    const auto has = [&](const char* name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (!has("momentum_buffer") && !has("exp_avg")) names.emplace_back("momentum_buffer");
  }
}

void Optimizer::zero_grad(bool set_to_none) const {
  for (const Tensor& p : parameters_)
    if (p.grad().defined()) p.mutable_grad() = set_to_none ? Tensor() : zeros_like(p);
}

}  // namespace gradus::optim
