#include "autograd/deep_call.h"

#include <exception>
#include <system_error>
#include <thread>

#include "autograd/grad_mode.h"
#include "autograd/profile.h"
#include "autograd/saved.h"
#include "autograd/scope.h"

namespace gradus::autograd {
namespace {

constexpr int kMaxCalls = 10'000;

}  // namespace

DeepCall::DeepCall(const char* op) : op_(op) {
  check(depth_ < kMaxCalls, "{}: {} calls of backward or grad inside each other are too many", op,
        kMaxCalls);
  if (depth_ == 0) outermost_ = this;
  ++depth_;
}

// The new thread continues with everything that this one keeps in thread_local variables.
void DeepCall::run_on_new_thread(const std::function<void()>& f) const {
  std::exception_ptr error;
  const auto call = [&, depth = depth_, outermost = outermost_, mode = is_grad_enabled(),
                     scope = Scope::current(), op = RunningBackward::op(),
                     profiler = current_profiler()] {
    depth_ = depth;
    outermost_ = outermost;
    set_grad_enabled(mode);
    const Scope same_scope(scope);
    const RunningBackward same_op(op);
    set_current_profiler(profiler);
    try {
      f();
    } catch (...) {
      error = std::current_exception();
    }
  };
  std::thread thread;
  try {
    thread = std::thread(call);
  } catch (const std::system_error& failure) {
    fail(
        "{}: {} calls of backward or grad are inside each other, and no thread could be started "
        "for the next one: {}",
        op_, depth_, failure.what());
  }
  thread.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace gradus::autograd
