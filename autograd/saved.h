// A tensor that an op keeps for its backward.
#pragma once
#include <utility>

#include "autograd/grad_mode.h"
#include "tensor/tensor.h"

namespace gradus {

/// A tensor kept for backward, with the version that its memory had. Reading it throws, naming the
/// op, if the memory was changed in place since.
class Saved {
 public:
  Saved() = default;
  /// Keeps nothing under NoGradGuard, where no backward will ask for it.
  explicit Saved(const Tensor& x) : x_(is_grad_enabled() ? x : Tensor()) {
    if (x_.defined()) version_ = x.impl().storage->version;
  }
  const Tensor& operator()() const {
    if (x_.defined() && x_.impl().storage->version != version_) [[unlikely]]
      fail_changed(x_.sizes());
    return x_;
  }
  bool keeps_something() const { return x_.defined(); }
  [[noreturn]] static void fail_changed(const Shape& sizes);

 private:
  Tensor x_;
  uint32_t version_ = 0;
};
inline Saved saved(const Tensor& x) { return Saved(x); }

/// Until the end of the block, holds the name of the op whose backward this thread runs, for the
/// errors that Saved throws.
class RunningBackward {
 public:
  explicit RunningBackward(const char* op) : previous_(std::exchange(op_, op)) {}
  ~RunningBackward() { op_ = previous_; }
  RunningBackward(const RunningBackward&) = delete;
  RunningBackward& operator=(const RunningBackward&) = delete;
  static const char* op() { return op_ ? op_ : "backward"; }
  /// Whether this thread runs a backward.
  static bool is_active() { return op_ != nullptr; }

 private:
  static inline constinit thread_local const char* op_ = nullptr;
  const char* previous_;
};

}  // namespace gradus
