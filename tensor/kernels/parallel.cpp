#include "tensor/kernels/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace gradus::kernels {
namespace {

std::atomic<int> chosen_threads{0};

#ifdef _OPENMP
std::atomic<bool> threads_are_taken{false};

/// A number of whole cores that the process's control group allows, or `cores` if it sets no limit
/// below that.
int within_quota(int cores) {
  double quota = 0;
  double period = 0;
  if (std::ifstream both("/sys/fs/cgroup/cpu.max");
      !(both >> quota >> period)) {  // version 1 has two files
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  if (!(quota > 0 && period > 0 && quota / period < cores)) return cores;
  return std::max(1, static_cast<int>(quota / period + 0.5));
}

/// OMP_NUM_THREADS, or the cores that the process is bound to, as far as its quota reaches.
int default_threads() {
  static const int within =
      std::getenv("OMP_NUM_THREADS") ? omp_get_max_threads() : within_quota(omp_get_max_threads());
  return within;
}
#else
int default_threads() { return 1; }
#endif

}  // namespace

void set_num_threads(int n) { chosen_threads = n; }

int get_num_threads() {
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : default_threads();
}

void parallel_chunks(int64_t n, [[maybe_unused]] int64_t grain, ChunkFunction function,
                     const void* context) {
#ifdef _OPENMP
  const int64_t useful = 1 + (n - 1) / std::max<int64_t>(grain, 1);
  const int64_t threads = omp_in_parallel() ? 1 : std::min<int64_t>(get_num_threads(), useful);
  // Threads of the caller's own that come here at once do not each get a team: the first does, the
  // others go on alone.
  if (threads > 1 && !threads_are_taken.exchange(true, std::memory_order_acquire)) {
    const int64_t length = 1 + (n - 1) / threads;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(threads))
    for (int64_t t = 0; t < threads; ++t) {
      const int64_t begin = t * length;
      const int64_t end = std::min(begin + length, n);
      if (begin < end) function(context, begin, end);
    }
    threads_are_taken.store(false, std::memory_order_release);
    return;
  }
#endif
  function(context, 0, n);
}

}  // namespace gradus::kernels
