#include "autograd/scope.h"

#include <set>

#include "tensor/kernels/fork.h"

namespace gradus {

const std::string Scope::no_scope;

namespace {

/// The one copy of this string that all nodes share. Nodes point to it, so it is never freed.
const std::string* intern(std::string name) {
  static kernels::ForkSafeMutex mutex;
  static std::set<std::string> names;
  const std::lock_guard lock(mutex);
  return &*names.insert(std::move(name)).first;
}

}  // namespace

Scope::Scope(const std::string& name) : previous_(current_) {
  current_ = intern(previous_ ? *previous_ + "." + name : name);
}

}  // namespace gradus
