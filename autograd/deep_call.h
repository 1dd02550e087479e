// A backward that runs inside another backward, for functions whose backward calls backward.
#pragma once
#include <functional>

namespace gradus::autograd {

/// Counts how many calls of backward and grad are active: those of this thread, and those of the
/// threads that wait for it.
class DeepCall {
 public:
  /// Throws if there are too many; `op` is for the message.
  explicit DeepCall(const char* op);
  ~DeepCall() {
    if (--depth_ == 0) outermost_ = nullptr;
  }
  DeepCall(const DeepCall&) = delete;
  DeepCall& operator=(const DeepCall&) = delete;

  /// The outermost active call, which all calls inside it share; null if there is none.
  static const DeepCall* outermost() { return outermost_; }

  /// Calls f. If a number of calls are active on this thread's stack, f is called by a new thread,
  /// with its own stack, while this one waits.
  template <class F>
  void run(const F& f) const {
    if (depth_ % kCallsPerThread != 0)
      f();
    else
      run_on_new_thread(f);
  }

 private:
  void run_on_new_thread(const std::function<void()>& f) const;

  static constexpr int kCallsPerThread = 32;
  static inline constinit thread_local int depth_ = 0;
  static inline constinit thread_local const DeepCall* outermost_ = nullptr;
  const char* op_;
};

}  // namespace gradus::autograd
