#include "autograd/grad_mode.h"

#include <mutex>
#include <set>

namespace gradus {
namespace {
thread_local const std::string* current_scope = nullptr;
const std::string no_name;

const std::string* intern(std::string name) {
  static std::mutex mutex;
  static std::set<std::string> names;  // never shrinks: nodes point into it
  const std::lock_guard lock(mutex);
  return &*names.insert(std::move(name)).first;
}
}  // namespace

Scope::Scope(const std::string& name) : before_(current_scope) {
  current_scope = intern(before_ ? *before_ + "." + name : name);
}
Scope::~Scope() { current_scope = before_; }
const std::string* Scope::current() { return current_scope ? current_scope : &no_name; }

}  // namespace gradus
