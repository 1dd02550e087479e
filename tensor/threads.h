// How many threads the library uses.
#pragma once
#include "tensor/error.h"
#include "tensor/kernels/parallel.h"

namespace gradus {

/// Sets how many threads the kernels may use. The default is the number of cores that the process
/// may use, or OMP_NUM_THREADS, at most 1024. No result depends on it. The threads sleep when there
/// is nothing to do; a child of fork() starts its own.
inline void set_num_threads(int n) {
  check(1 <= n && n <= kernels::kMostThreads, "set_num_threads: expected 1 to {} threads, got {}",
        kernels::kMostThreads, n);
  kernels::set_num_threads(n);
}
/// How many threads an op uses at most.
inline int get_num_threads() { return kernels::get_num_threads(); }

}  // namespace gradus
