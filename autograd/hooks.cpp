#include "autograd/hooks.h"

#include <string_view>

#include "autograd/deep_call.h"
#include "autograd/node.h"

namespace gradus {

Tensor TensorHook::operator()(const Tensor& gradient) const { return function_(gradient); }

void TensorHook::set_void(std::function<void(const Tensor&)> f) {
  if (!f) return;
  function_ = [f = std::move(f)](const Tensor& gradient) {
    f(gradient);
    return Tensor();
  };
}

void HookMutex::lock() {
  const autograd::DeepCall* const call = autograd::DeepCall::outermost();
  if (owner_ != call) {
    mutex_.lock();
    owner_ = call;
  }
  ++depth_;
}

void HookMutex::unlock() {
  if (--depth_ > 0) return;
  owner_ = nullptr;
  mutex_.unlock();
}

unsigned Hooks::add(uint64_t node_id, std::optional<TensorHook> on_gradient,
                    PostAccumulateGradHook on_grad) {
  const std::lock_guard lock(mutex_);
  const unsigned index = next_index_;
  hooks_[index] = std::make_shared<const Hook>(Hook{.index = index,
                                                    .node_id = node_id,
                                                    .on_gradient = std::move(on_gradient),
                                                    .on_grad = std::move(on_grad)});
  ++next_index_;
  return index;
}

unsigned Hooks::add(uint64_t node_id, TensorHook hook) {
  return add(node_id, std::optional(std::move(hook)), nullptr);
}

unsigned Hooks::add_post_accumulate(uint64_t node_id, PostAccumulateGradHook hook) {
  return add(node_id, std::nullopt, std::move(hook));
}

void Hooks::remove(unsigned index) {
  std::shared_ptr<const Hook> removed;  // what it captured is freed without the lock
  const std::lock_guard lock(mutex_);
  check(index < next_index_, "remove_hook: the tensor never had a hook {}", index);
  const auto found = hooks_.find(index);
  if (found == hooks_.end()) return;
  removed = std::move(found->second);
  hooks_.erase(found);
}

/// Calls `call` with every hook of the node. A hook may add and remove hooks: those that are added
/// are not called this time.
template <class F>
void Hooks::for_each(uint64_t node_id, const F& call) const {
  const auto first_from = [this](unsigned index) {
    const std::lock_guard lock(mutex_);
    const auto found = hooks_.lower_bound(index);
    return found == hooks_.end() ? nullptr : found->second;
  };
  unsigned end = 0;
  {
    const std::lock_guard lock(mutex_);
    end = next_index_;
  }
  for (auto hook = first_from(0); hook && hook->index < end; hook = first_from(hook->index + 1))
    if (hook->node_id == node_id) call(*hook);
}

Tensor Hooks::call(uint64_t node_id, const char* op, Tensor gradient) const {
  for_each(node_id, [&](const Hook& hook) {
    if (!hook.on_gradient) return;
    Tensor replaced = (*hook.on_gradient)(gradient);
    if (!replaced.defined()) return;
    check(replaced.sizes() == gradient.sizes() && replaced.dtype() == gradient.dtype(),
          "register_hook: hook {} of {} returned {} {} for a gradient that is {} {}", hook.index,
          std::string_view(op) == "leaf" ? "a leaf" : fmt::format("the result of '{}'", op),
          replaced.sizes(), replaced.dtype(), gradient.sizes(), gradient.dtype());
    gradient = std::move(replaced);
  });
  return gradient;
}

void Hooks::set_leaf(const Tensor& x) {
  const Tensor without_node = x.detach();
  const std::lock_guard lock(mutex_);
  leaf_ = without_node;
}

void Hooks::call_post_accumulate(const Ref<Node>& leaf) const {
  for_each(leaf->id, [&](const Hook& hook) {
    if (!hook.on_grad) return;
    const Tensor x = leaf_.detach();
    set_node(x, leaf);
    hook.on_grad(x);
  });
}

}  // namespace gradus
