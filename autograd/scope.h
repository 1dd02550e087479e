// Names for the parts of a model, which the nodes of the graph carry.
#pragma once
#include <string>
#include <utility>

namespace gradus {

/// Every node that this thread creates until the end of the block belongs to the scope. Scopes
/// nest: "attn" inside "block0" is "block0.attn".
class Scope {
 public:
  explicit Scope(const std::string& name);
  /// Opens the scopes that were current() elsewhere, and only these.
  explicit Scope(const std::string* scopes) : previous_(std::exchange(current_, scopes)) {}
  ~Scope() { current_ = previous_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// The names of all open scopes, joined by dots. The string lives as long as the program.
  static const std::string* current() { return current_ ? current_ : &no_scope; }

 private:
  static const std::string no_scope;
  static inline constinit thread_local const std::string* current_ = nullptr;
  const std::string* previous_;
};

}  // namespace gradus
