#include "autograd/scope.h"

#include <set>

#include "tensor/kernels/fork.h"

namespace gradus {

const std::string Scope::no_scope;

namespace {

/// One copy of every name. Nodes point to it, so it is never freed.
struct Names {
  kernels::ForkSafeMutex mutex;
  std::set<std::string> all;
};
Names& names() {
  static Names* const made_once = new Names;
  return *made_once;
}
// Made before main: a child of fork() would wait forever for a thread that was just making it.
[[maybe_unused]] const Names& made_early = names();

/// The copy of this string that all nodes share.
const std::string* intern(std::string name) {
  const std::lock_guard lock(names().mutex);
  return &*names().all.insert(std::move(name)).first;
}

}  // namespace

Scope::Scope(const std::string& name) : previous_(current_) {
  current_ = intern(previous_ ? *previous_ + "." + name : name);
}

}  // namespace gradus
