// What keeps the library usable in a child of fork(), which has only the thread that called fork.
#pragma once

#include <mutex>

namespace gradus::kernels {

/// A mutex for static data. The process forks only when no thread holds one, so that a child never
/// waits for a thread that it does not have. It is never destroyed.
class ForkSafeMutex {
 public:
  ForkSafeMutex();
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  static void before_fork();
  static void after_fork();
  static ForkSafeMutex* try_lock_all_but(ForkSafeMutex* held);

  std::mutex mutex_;
  ForkSafeMutex* next_;  // all of them form a list
};

}  // namespace gradus::kernels
