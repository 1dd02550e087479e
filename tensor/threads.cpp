#include "tensor/threads.h"

#include "tensor/error.h"
#include "tensor/kernels/parallel.h"

namespace gradus {

void set_num_threads(int n) {
  check(n >= 1, "set_num_threads: expected at least one thread, got {}", n);
  kernels::set_num_threads(n);
}
int get_num_threads() { return kernels::get_num_threads(); }

}  // namespace gradus
