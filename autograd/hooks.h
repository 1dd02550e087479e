// Hooks: functions that backward calls with the gradient of a tensor, when it is complete.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "tensor/tensor.h"

namespace gradus {

namespace autograd {
class DeepCall;
}

/// A mutex that stays locked while hooks run. A backward inside a hook can lock it again, even
/// though it may run in another thread (deep_call.h).
class HookMutex {
 public:
  void lock();
  void unlock();

 private:
  std::mutex mutex_;
  std::atomic<const autograd::DeepCall*> owner_{nullptr};  // the outermost that has locked it
  int depth_ = 0;
};

/// The hooks of a tensor. Several nodes share the list if the tensor was changed in place: a hook
/// belongs to the node that the tensor had when the hook was added, but is removed from the list of
/// the tensor. Threads may call any of the functions at the same time.
class Hooks : public RefCounted {
 public:
  /// Adds a hook for a node, and returns its index.
  unsigned add(uint64_t node_id, TensorHook hook);
  unsigned add_post_accumulate(uint64_t node_id, PostAccumulateGradHook hook);
  /// Throws if there was never a hook of this index.
  void remove(unsigned index);

  /// Calls the tensor hooks of the node in the order in which they were added. Returns the gradient
  /// after the last one; `op` is the node's, for messages.
  Tensor call(uint64_t node_id, const char* op, Tensor gradient) const;
  /// Calls the hooks of a leaf with a tensor that shares the leaf's memory and has its node.
  void call_post_accumulate(const Ref<Node>& leaf) const;
  /// The memory of the leaf, which must be told again when it is replaced. The node has no
  /// reference to its tensor, and needs none: the tensor refers to the node.
  void set_leaf(const Tensor& x);
  /// Locked while the grad of a leaf is added to and its hooks run.
  HookMutex post_accumulate_mutex;

 private:
  struct Hook {
    unsigned index;
    uint64_t node_id;
    std::optional<TensorHook> on_gradient;  // one of the two is empty
    PostAccumulateGradHook on_grad;
  };
  unsigned add(uint64_t node_id, std::optional<TensorHook> on_gradient,
               PostAccumulateGradHook on_grad);
  template <class F>
  void for_each(uint64_t node_id, const F& call) const;

  mutable std::mutex mutex_;
  std::map<unsigned, std::shared_ptr<const Hook>> hooks_;  // by their index
  unsigned next_index_ = 0;
  Tensor leaf_;  // without its node
};

}  // namespace gradus
