// Small models that learn side by side, each in a thread of its own.
#pragma once
#include <deque>
#include <future>
#include <vector>

#include "tensor/threads.h"

namespace gradus::lessons {

/// While it is alive, the kernels use one thread: a step of such a model ends before a second one
/// has started.
struct OneThread {
  const int before = get_num_threads();
  OneThread() { set_num_threads(1); }
  ~OneThread() { set_num_threads(before); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
};

/// How `count` models learn: in threads of their own, or one after the other if there is only one
/// model or one thread. To be called before OneThread.
inline std::launch launch_policy(size_t count) {
  return count > 1 && get_num_threads() > 1 ? std::launch::async : std::launch::deferred;
}

/// Every learner takes its steps on the batches: learner.learn(batches) returns the sum of its
/// losses. Returns the mean loss.
template <class Learner, class Batch>
double learn_side_by_side(std::deque<Learner>& learners, const std::vector<Batch>& batches,
                          std::launch policy) {
  std::vector<std::future<double>> sums;
  for (Learner& learner : learners)
    sums.push_back(std::async(policy, [&] { return learner.learn(batches); }));
  double sum = 0;
  for (std::future<double>& one : sums)
    sum += one.get();
  return sum / static_cast<double>(learners.size() * batches.size());
}

}  // namespace gradus::lessons
