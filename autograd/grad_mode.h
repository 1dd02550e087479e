// Whether ops are recorded, and under which name: both belong to the thread.
#pragma once
#include <string>

namespace gradus {

inline constinit thread_local bool grad_enabled = true;
inline bool is_grad_enabled() { return grad_enabled; }
inline void set_grad_enabled(bool on) { grad_enabled = on; }

/// Records ops, or not, until the end of the block.
class AutoGradMode {
 public:
  explicit AutoGradMode(bool on) : before_(is_grad_enabled()) { set_grad_enabled(on); }
  ~AutoGradMode() { set_grad_enabled(before_); }
  AutoGradMode(const AutoGradMode&) = delete;
  AutoGradMode& operator=(const AutoGradMode&) = delete;

 private:
  bool before_;
};
/// Records nothing until the end of the block.
struct NoGradGuard : AutoGradMode {
  NoGradGuard() : AutoGradMode(false) {}
};

/// Names the part of a model that the nodes made until the end of the block belong to; scopes nest
/// as "block0.attn".
class Scope {
 public:
  explicit Scope(const std::string& name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  /// The names of all open scopes, joined by dots. The string lives as long as the program.
  static const std::string* current();

 private:
  const std::string* before_;
};

}  // namespace gradus
