#include "autograd/grad_mode.h"

#include <mutex>
#include <set>

namespace gradus {
namespace {
thread_local bool grad_enabled = true;
thread_local const std::string* current_scope = nullptr;

const std::string* intern(std::string name) {
  static std::mutex mutex;
  static std::set<std::string> names;  // never shrinks: nodes point into it
  const std::lock_guard lock(mutex);
  return &*names.insert(std::move(name)).first;
}
}  // namespace

bool is_grad_enabled() { return grad_enabled; }
void set_grad_enabled(bool on) { grad_enabled = on; }

Scope::Scope(const std::string& name) : before_(current_scope) {
  current_scope = intern(before_ ? *before_ + "." + name : name);
}
Scope::~Scope() { current_scope = before_; }
const std::string* Scope::current() {
  static const std::string none;
  return current_scope ? current_scope : &none;
}

}  // namespace gradus
