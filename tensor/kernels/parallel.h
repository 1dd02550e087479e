// How kernels share a loop between threads.
#pragma once

#include <cstdint>

#include "tensor/kernels/thread_pool.h"

namespace gradus::kernels {

/// Sets the largest number of threads that parallel_for uses, 1 to kMostThreads.
void set_num_threads(int n);

/// The number given to set_num_threads. By default OMP_NUM_THREADS, or the number of cores that
/// this process may use by its affinity and its cgroup quota.
int get_num_threads();

using ChunkFunction = void (*)(const void* context, int64_t begin, int64_t end);

/// The untyped form of parallel_for, for n > grain.
void parallel_chunks(int64_t n, int64_t grain, ChunkFunction function, const void* context);

/// Calls body(begin, end) for chunks that cover 0 to n - 1, each of about `grain` elements or more.
/// It runs in one thread if n <= grain, inside another parallel_for, while another thread is in
/// one, or while other programs need the cores. The chunks depend on the number of threads, so no
/// result may depend on the chunks. The body must not throw.
template <class Body>
void parallel_for(int64_t n, int64_t grain, const Body& body) {
  if (n <= 0) return;
  if (n <= grain) return body(int64_t{0}, n);
  parallel_chunks(
      n, grain,
      [](const void* context, int64_t begin, int64_t end) {
        (*static_cast<const Body*>(context))(begin, end);
      },
      &body);
}

/// The grain for elements that cost `cost` simple operations each: a chunk of 32,768 operations,
/// about 10 microseconds.
inline int64_t grain_for(int64_t cost) { return 1 + 32768 / (cost > 1 ? cost : 1); }

}  // namespace gradus::kernels
