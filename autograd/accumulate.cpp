// What happens to a gradient that is complete: hooks see it, and it is added to a grad.
#include <mutex>

#include "autograd/anomaly.h"
#include "autograd/graph.h"
#include "autograd/graph_task.h"
#include "autograd/in_place.h"
#include "autograd/ops.h"
#include "tensor/strided.h"

namespace gradus::autograd {

// The base of a view may use the memory, too, if only the view refers to the base.
bool owns_its_memory(const Tensor& x) {
  const TensorImpl& impl = x.impl();
  const bool base_uses_it = impl.base && impl.base->storage == impl.storage;
  const bool base_is_known = base_uses_it && impl.base->references > 1;
  const uint32_t users = base_uses_it ? 2 : 1;
  return impl.references == 1 && impl.storage->references == users && !base_is_known &&
         !impl.node && impl.storage->bytes == x.numel() * element_size(x.dtype()) &&
         !has_internal_overlap(x);
}

/// Whether a gradient may be added in place to a grad that the graph keeps.
bool GraphTask::may_add_to(const Tensor& grad) const {
  const auto shares_memory = [&](const Start& start) {
    return start.gradient.impl().storage == grad.impl().storage;
  };
  return !is_grad_enabled() && !grad.requires_grad() && !has_internal_overlap(grad) &&
         std::none_of(starts_.begin(), starts_.end(), shares_memory);
}

/// Adds dx to the grad of a leaf, or of a tensor after retain_grad(). A new grad has the layout of
/// its tensor and shares memory with nothing.
void GraphTask::accumulate_grad(Node& node, const Tensor& dx, bool may_keep_dx) const {
  const std::lock_guard lock(node.grad_mutex);
  Tensor& grad = node.grad;
  if (grad.defined()) {
    check(grad.sizes() == node.shape && grad.dtype() == node.dtype,
          "backward: the tensor is {} {}, the grad it was given is {} {}", node.shape, node.dtype,
          grad.sizes(), grad.dtype());
    if (may_add_to(grad))
      in_place::add(grad, dx);
    else
      grad = add(grad, dx);
  } else if (is_grad_enabled()) {
    grad = clone(dx);
  } else if (may_keep_dx && dx.strides() == node.strides) {
    grad = dx;
  } else {
    grad = empty_strided_like(node.shape, node.strides, node.dtype);
    grad.copy_(dx);
  }
}

/// Lets a rule add in place to the gradient of its input. Returns false if the rule cannot, if
/// there is no gradient yet, if somebody else uses it, or while recording.
bool GraphTask::add_in_place(const Node::Edge& edge, const Tensor& dy, const Tensor& y) {
  if (!edge.rule.can_add() || is_grad_enabled() || checks_nan()) return false;
  const Node& input = *edge.input;
  Tensor dx;
  std::unique_lock<NodeMutex> lock;
  if (adds_at_once_to_grad(input)) {
    lock = std::unique_lock(edge.input->grad_mutex);
    dx = input.grad;
    if (!dx.defined() || dx.sizes() != input.shape || dx.dtype() != input.dtype || !may_add_to(dx))
      return false;
  } else {
    const auto pending = pending_.find(due(input));
    if (pending == pending_.end() || !owns_its_memory(pending->second.gradient)) return false;
    dx = pending->second.gradient;
  }
  edge.rule.add_to(dx, dy, y);
  ++dx.impl().storage->version;
  return true;
}

/// The id of the oldest node that sends gradients to the leaf. When all nodes down to this one have
/// run, the gradient of the leaf is complete.
uint64_t GraphTask::oldest_user(const Node& leaf) {
  if (!oldest_user_) find_oldest_users();
  const auto found = oldest_user_->find(&leaf);
  return found == oldest_user_->end() ? leaf.id : found->second;
}

void GraphTask::find_oldest_users() {
  oldest_user_.emplace();
  for (const auto& [id, node] : reachable_nodes(*outputs_)) {  // the oldest first
    if (!needs_gradient(node)) continue;
    for (const Node::Edge& edge : node->edges)
      if (edge.input && edge.input->hooks() && edge.input->is_leaf())
        oldest_user_->emplace(edge.input.get(), id);
  }
}

/// Gives dy, the complete gradient of the node's tensor, to all that ask for it. `runs` says
/// whether the gradients of the node's inputs will be computed. Returns what they are computed
/// from: dy after the hooks.
Tensor GraphTask::deliver(Node& node, Tensor dy, bool runs) {
  const bool is_captured = !accumulates_ && targets_.count(&node) > 0;
  // As in PyTorch, a gradient is captured after the hooks only if the node does not run.
  if (is_captured && runs) captured_[&node] = dy;
  if (node.hooks()) [[unlikely]] {
    // A hook may change the gradient in place, and nothing else may see that.
    if (!owns_its_memory(dy)) dy = clone(dy);
    dy = node.hooks()->call(node.id, node.name, std::move(dy));
  }
  if (is_captured && !runs) captured_[&node] = dy;
  if (node.retains_grad) accumulate_grad(node, dy, /*may_keep_dx=*/false);
  if (accumulates_ && node.is_leaf()) accumulate_with_hooks(node, dy);
  return dy;
}

void GraphTask::accumulate_with_hooks(Node& leaf, const Tensor& dx) {
  const std::lock_guard lock(leaf.hooks()->post_accumulate_mutex);
  accumulate_grad(leaf, dx, /*may_keep_dx=*/owns_its_memory(dx));
  leaf.hooks()->call_post_accumulate(Ref<Node>(&leaf));
}

}  // namespace gradus::autograd
