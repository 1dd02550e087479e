#include "exercises/grader/workers.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace gradus::grader {

size_t worker_count() {
  constexpr size_t kMostWorkers = 16;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMostWorkers);
}

void for_each_on_cores(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  const auto work_on = [&] {
    for (size_t i = next++; i < count; i = next++)
      work(i);
  };
  std::vector<std::thread> workers;
  for (size_t i = 1; i < std::min(worker_count(), count); ++i)
    workers.emplace_back(work_on);
  work_on();
  for (std::thread& worker : workers)
    worker.join();
}

}  // namespace gradus::grader
