// What is called at the end of a backward.
#pragma once
#include <functional>
#include <vector>

namespace gradus::autograd {

/// Calls f when the innermost backward that this thread runs has computed all gradients, before it
/// returns. For hooks: throws if no backward runs. f is not called if the backward throws.
void queue_callback(std::function<void()> f);

/// The callbacks of a backward, while it runs.
class CallbackQueue {
 public:
  CallbackQueue();
  ~CallbackQueue();
  CallbackQueue(const CallbackQueue&) = delete;
  CallbackQueue& operator=(const CallbackQueue&) = delete;
  void call_all();

 private:
  friend void queue_callback(std::function<void()> f);
  CallbackQueue* const outer_;
  std::vector<std::function<void()>> callbacks_;
};

}  // namespace gradus::autograd
