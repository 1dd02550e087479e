#include "tensor/checks.h"

#include "tensor/kernels/index.h"
#include "tensor/strided.h"

namespace gradus {

void check_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(), "{}: the dtypes differ, {} and {}; convert one with .to()", op,
        a.dtype(), b.dtype());
}

Tensor checked_ids(const char* op, const char* what, const Tensor& ids, int64_t size,
                   const char* of, std::optional<int64_t> allowed) {
  check(ids.dtype() == kInt64, "{}: each {} must be an integer (int64), got {}", op, what,
        ids.dtype());
  const Tensor in_order = as_contiguous(ids);
  const int64_t* data = in_order.data<int64_t>();
  const bool none_fits = size == 0 && !allowed;
  const int64_t outside =
      none_fits ? 0 : kernels::find_outside(data, ids.numel(), size, allowed.value_or(0));
  if (outside < ids.numel()) {
    fail("{}: {} {} at {} is outside the {} {}", op, what, data[outside],
         index_of(outside, ids.sizes()), size, of);
  }
  return in_order;
}

}  // namespace gradus
