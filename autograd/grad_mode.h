// Whether ops are recorded. The mode belongs to the thread.
#pragma once

namespace gradus {

inline constinit thread_local bool grad_enabled = true;
/// Whether this thread records ops.
inline bool is_grad_enabled() { return grad_enabled; }
/// Switches recording on or off in this thread.
inline void set_grad_enabled(bool on) { grad_enabled = on; }

/// Switches recording on or off until the end of the block.
class AutoGradMode {
 public:
  explicit AutoGradMode(bool on) : previous_(is_grad_enabled()) { set_grad_enabled(on); }
  ~AutoGradMode() { set_grad_enabled(previous_); }
  AutoGradMode(const AutoGradMode&) = delete;
  AutoGradMode& operator=(const AutoGradMode&) = delete;

 private:
  bool previous_;
};

/// Records nothing until the end of the block. What is computed or viewed meanwhile has
/// requires_grad() false; PyTorch's view of a leaf says true, and gets no gradient either.
struct NoGradGuard : AutoGradMode {
  NoGradGuard() : AutoGradMode(false) {}
};

}  // namespace gradus
