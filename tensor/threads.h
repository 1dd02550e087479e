#pragma once

namespace gradus {

/// How many threads the kernels may use, at least 1. By default the cores open to the process, or OMP_NUM_THREADS.
/// No result depends on it.
void set_num_threads(int n);
int get_num_threads();

}  // namespace gradus
