#include "tensor/kernels/parallel.h"

#include <algorithm>
#include <atomic>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace gradus::kernels {
namespace {

std::atomic<int> chosen_threads{0};

}  // namespace

void set_num_threads(int n) { chosen_threads = n; }

int get_num_threads() {
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  if (chosen > 0) return chosen;
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

void parallel_chunks(int64_t n, int64_t grain, ChunkFunction function, const void* context) {
#ifdef _OPENMP
  const int64_t useful = 1 + (n - 1) / std::max<int64_t>(grain, 1);
  const int64_t threads = omp_in_parallel() ? 1 : std::min<int64_t>(get_num_threads(), useful);
  if (threads > 1) {
    const int64_t length = 1 + (n - 1) / threads;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(threads))
    for (int64_t t = 0; t < threads; ++t) {
      const int64_t begin = t * length, end = std::min(begin + length, n);
      if (begin < end) function(context, begin, end);
    }
    return;
  }
#else
  static_cast<void>(grain);
#endif
  function(context, 0, n);
}

}  // namespace gradus::kernels
