// For models so small that a step ends before a second thread has started.
#pragma once
#include "tensor/threads.h"

namespace gradus::lessons {

/// While it is alive, the kernels use one thread.
struct OneThread {
  const int before = get_num_threads();
  OneThread() { set_num_threads(1); }
  ~OneThread() { set_num_threads(before); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
};

}  // namespace gradus::lessons
