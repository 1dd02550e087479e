#include "tensor/kernels/fork.h"

#include <pthread.h>

#include <atomic>

namespace gradus::kernels {
namespace {

// The first of the list. Mutexes are only added to its front.
constinit std::atomic<ForkSafeMutex*> all{nullptr};
// The front of the list when the process forks.
constinit ForkSafeMutex* locked = nullptr;

}  // namespace

ForkSafeMutex::ForkSafeMutex() : next_(all) {
  static const int handlers = pthread_atfork(before_fork, after_fork, after_fork);
  static_cast<void>(handlers);
  while (!all.compare_exchange_weak(next_, this)) {
  }
}

/// Locks all others and returns null, or unlocks all and returns one that another thread holds.
ForkSafeMutex* ForkSafeMutex::try_lock_all_but(ForkSafeMutex* held) {
  for (ForkSafeMutex* m = locked; m; m = m->next_) {
    if (m == held || m->mutex_.try_lock()) continue;
    for (ForkSafeMutex* taken = locked; taken != m; taken = taken->next_)
      if (taken != held) taken->mutex_.unlock();
    held->mutex_.unlock();
    return m;
  }
  return nullptr;
}

// Threads take these mutexes in different orders, so waiting for one while holding another could
// last forever. This waits for one while holding none, then tries the others.
void ForkSafeMutex::before_fork() {
  locked = all;
  ForkSafeMutex* wait_for = locked;
  while (wait_for) {
    wait_for->mutex_.lock();
    wait_for = try_lock_all_but(wait_for);
  }
}

void ForkSafeMutex::after_fork() {
  for (ForkSafeMutex* m = locked; m; m = m->next_)
    m->mutex_.unlock();
}

}  // namespace gradus::kernels
