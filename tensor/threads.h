#pragma once
#include "tensor/error.h"
#include "tensor/kernels/parallel.h"

namespace gradus {

/// How many threads the kernels may use, at least 1. By default the cores open to the process, or
/// OMP_NUM_THREADS. No result depends on it.
inline void set_num_threads(int n) {
  check(1 <= n && n <= 1024, "set_num_threads: expected 1 to 1024 threads, got {}", n);
  kernels::set_num_threads(n);
}
inline int get_num_threads() { return kernels::get_num_threads(); }

}  // namespace gradus
