#include "autograd/callback.h"

#include "tensor/error.h"

namespace gradus::autograd {
namespace {

constinit thread_local CallbackQueue* innermost = nullptr;

}  // namespace

CallbackQueue::CallbackQueue() : outer_(innermost) { innermost = this; }
CallbackQueue::~CallbackQueue() { innermost = outer_; }

void CallbackQueue::call_all() {
  // A callback may queue another one.
  for (size_t i = 0; i < callbacks_.size(); ++i)
    callbacks_[i]();
}

void queue_callback(std::function<void()> f) {
  check(innermost != nullptr, "queue_callback: no backward runs in this thread");
  innermost->callbacks_.push_back(std::move(f));
}

}  // namespace gradus::autograd
