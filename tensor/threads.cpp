#include "tensor/threads.h"

#include "tensor/error.h"
#include "tensor/kernels/parallel.h"

namespace gradus {

void set_num_threads(int n) {
  check(1 <= n && n <= 1024, "set_num_threads: expected 1 to 1024 threads, got {}", n);
  kernels::set_num_threads(n);
}
int get_num_threads() { return kernels::get_num_threads(); }

}  // namespace gradus
