#pragma once

#include <cstdint>

namespace gradus::kernels {

/// Most threads a parallel_for may use, n >= 1. Without OpenMP every loop runs in the calling
/// thread.
void set_num_threads(int n);

/// What set_num_threads was given; before that, the cores open to this process, by affinity and
/// cgroup quota (or OMP_NUM_THREADS).
int get_num_threads();

using ChunkFunction = void (*)(const void* context, int64_t begin, int64_t end);

/// The untyped form behind parallel_for: the one place that knows OpenMP.
void parallel_chunks(int64_t n, int64_t grain, ChunkFunction function, const void* context);

/// body(begin, end) over chunks that cover 0..n, each at least about `grain` long; serial if n <=
/// grain, inside another parallel_for or while another thread is in one, or with one thread. Where
/// chunks end depends on the number of threads, so no result may depend on it. The body must not
/// throw.
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

/// A grain for items that cost `cost` simple steps each: a chunk is worth about 32,768 of them,
/// some 10 microseconds.
inline int64_t grain_for(int64_t cost) { return 1 + 32768 / (cost > 1 ? cost : 1); }

}  // namespace gradus::kernels
