// What is called before and after a layer.
#include "nn/module_state.h"

namespace gradus::nn {
namespace {

void check_hook(const char* op, const ModuleState& module, bool is_empty) {
  check(!is_empty, "{}: the hook is empty", op);
  check(module.is_layer || module.is_list,
        "{}: {} is not derived from nn::Layer, so no hook would be called", op,
        class_name(module.class_signature));
}

}  // namespace

void RemovableHandle::remove() const {
  const std::shared_ptr<ModuleState> module = module_.lock();
  if (!module) return;
  module->pre_hooks.erase(id_);
  module->forward_hooks.erase(id_);
}

RemovableHandle Module::add_forward_hook(ForwardHook hook) const {
  check_hook("register_forward_hook", *state_, hook == nullptr);
  state_->forward_hooks.emplace(state_->next_hook, std::move(hook));
  return {state_, state_->next_hook++};
}
RemovableHandle Module::add_forward_pre_hook(ForwardPreHook hook) const {
  check_hook("register_forward_pre_hook", *state_, hook == nullptr);
  state_->pre_hooks.emplace(state_->next_hook, std::move(hook));
  return {state_, state_->next_hook++};
}

bool Module::runs_hooks() const { return state_->is_layer; }
bool Module::has_hooks() const {
  return !state_->pre_hooks.empty() || !state_->forward_hooks.empty();
}

// Hooks may add and remove hooks, also themselves, so both functions call copies of the hooks.

Tensor Module::through_pre_hooks(const Tensor& x) const {
  Tensor input = x;
  const auto hooks = state_->pre_hooks;
  for (const auto& [id, hook] : hooks) {
    const Tensor changed = hook(*this, input);
    if (changed.defined()) input = changed;
  }
  return input;
}

void Module::through_forward_hooks(const Tensor& x, Tensor* y) const {
  const auto hooks = state_->forward_hooks;
  for (const auto& [id, hook] : hooks) {
    const Tensor changed = hook(*this, x, y ? *y : Tensor());
    if (y && changed.defined()) *y = changed;
  }
}

}  // namespace gradus::nn
