#include "tensor/kernels/parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>

#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#endif

namespace gradus::kernels {
namespace {

std::atomic<int> chosen_threads{0};

#ifdef _OPENMP
std::atomic<bool> threads_in_use{false};

/// A child of fork() has none of the threads of OpenMP, which would wait for them forever. Once
/// they exist, a child uses one thread.
std::atomic<bool> threads_are_gone{false};
void prepare_for_fork() {
  static const int handler = pthread_atfork(nullptr, nullptr, [] { threads_are_gone = true; });
  static_cast<void>(handler);
}

/// The number of cores that the process's control group allows, rounded to an integer, or `cores`
/// if that is less.
int within_quota(int cores) {
  double quota = 0;
  double period = 0;
  std::ifstream version_2("/sys/fs/cgroup/cpu.max");
  if (!(version_2 >> quota >> period)) {  // version 1 has two files
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  if (!(quota > 0 && period > 0 && quota / period < cores)) return cores;
  return std::max(1, static_cast<int>(std::lround(quota / period)));
}

/// OMP_NUM_THREADS, or the cores that the process is bound to, at most its quota.
int default_threads() {
  static const int threads = [] {
    const int cores = std::clamp(omp_get_max_threads(), 1, kMostThreads);
    return std::getenv("OMP_NUM_THREADS") ? cores : within_quota(cores);
  }();
  return threads;
}
#else
int default_threads() { return 1; }
#endif

}  // namespace

void set_num_threads(int n) { chosen_threads = n; }

int get_num_threads() {
#ifdef _OPENMP
  if (threads_are_gone.load(std::memory_order_relaxed)) return 1;
#endif
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : default_threads();
}

void parallel_chunks(int64_t n, [[maybe_unused]] int64_t grain, ChunkFunction function,
                     const void* context) {
#ifdef _OPENMP
  const int64_t useful = 1 + (n - 1) / std::max<int64_t>(grain, 1);
  const int64_t threads = omp_in_parallel() ? 1 : std::min<int64_t>(get_num_threads(), useful);
  // If several threads of the program call this at once, the first gets the team of threads; the
  // others do their work alone.
  if (threads > 1 && !threads_in_use.exchange(true, std::memory_order_acquire)) {
    const int64_t length = 1 + (n - 1) / threads;
    const int team = static_cast<int>(threads);
    prepare_for_fork();
#pragma omp parallel for schedule(static, 1) num_threads(team)
    for (int64_t t = 0; t < threads; ++t) {
      const int64_t begin = t * length;
      const int64_t end = std::min(begin + length, n);
      if (begin < end) function(context, begin, end);
    }
    threads_in_use.store(false, std::memory_order_release);
    return;
  }
#endif
  function(context, 0, n);
}

}  // namespace gradus::kernels
