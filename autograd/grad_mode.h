// Whether ops are recorded. The mode belongs to the thread.
#pragma once

namespace gradus {

inline constinit thread_local bool grad_enabled = true;
inline bool is_grad_enabled() { return grad_enabled; }
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

/// Records nothing until the end of the block.
struct NoGradGuard : AutoGradMode {
  NoGradGuard() : AutoGradMode(false) {}
};

}  // namespace gradus
