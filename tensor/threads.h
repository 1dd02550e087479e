// How many threads the library uses.
#pragma once
#include "tensor/error.h"
#include "tensor/kernels/parallel.h"

namespace gradus {

/// Sets how many threads the kernels may use. The default is the number of cores that the process
/// may use, or OMP_NUM_THREADS. No result depends on it.
inline void set_num_threads(int n) {
  check(1 <= n && n <= 1024, "set_num_threads: expected 1 to 1024 threads, got {}", n);
  kernels::set_num_threads(n);
}
inline int get_num_threads() { return kernels::get_num_threads(); }

}  // namespace gradus
