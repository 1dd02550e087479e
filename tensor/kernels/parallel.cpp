#include "tensor/kernels/parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace gradus::kernels {
namespace {

std::atomic<int> chosen_threads{0};

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

/// The cores that the process is bound to.
int usable_cores() {
#if defined(__wasm__)
  return 1;
#else
#ifdef __linux__
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#endif
}

/// OMP_NUM_THREADS, or the cores that the process is bound to, at most its quota.
int default_threads() {
  static const int threads = [] {
    const char* const variable = std::getenv("OMP_NUM_THREADS");
    const int64_t asked = variable ? std::strtoll(variable, nullptr, 10) : 0;
    if (asked > 0) return static_cast<int>(std::min<int64_t>(asked, kMostThreads));
    return std::min(within_quota(usable_cores()), kMostThreads);
  }();
  return threads;
}

}  // namespace

void set_num_threads(int n) { chosen_threads = n; }

int get_num_threads() {
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : default_threads();
}

void parallel_chunks(int64_t n, int64_t grain, ChunkFunction function, const void* context) {
  const int64_t useful = 1 + (n - 1) / std::max<int64_t>(grain, 1);
  const int64_t threads = std::min<int64_t>(get_num_threads(), useful);
  if (threads > 1) {
    struct Loop {
      ChunkFunction function;
      const void* context;
      int64_t n;
      int64_t length;  // of a chunk
    };
    const int64_t length = 1 + (n - 1) / threads;
    const Loop loop{function, context, n, length};
    const auto chunk = [](const void* data, int i) {
      const Loop& part = *static_cast<const Loop*>(data);
      const int64_t begin = i * part.length;
      part.function(part.context, begin, std::min(begin + part.length, part.n));
    };
    const auto chunks = static_cast<int>(1 + (n - 1) / length);
    if (run_in_pool(chunks, chunk, &loop)) return;
  }
  function(context, 0, n);
}

}  // namespace gradus::kernels
