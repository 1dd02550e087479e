#include "tensor/strided.h"

#include "tensor/factories.h"
#include "tensor/kernels/elementwise.h"

namespace gradus {

bool has_internal_overlap(const Tensor& x) {
  return !x.is_contiguous() && kernels::has_internal_overlap(strided_loop(x.sizes(), x));
}

void copy_elements(const Tensor& to, const Tensor& from) {
  const auto loop = strided_loop(to.sizes(), to, from);
  dispatch_stored(to.dtype(), [&]<class Y>() {
    dispatch_stored(from.dtype(),
                    [&]<class X>() { kernels::copy(to.data<Y>(), from.data<X>(), loop); });
  });
}

Tensor as_contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  const Tensor y = empty(x.sizes(), x.dtype());
  copy_elements(y, x);
  return y;
}

}  // namespace gradus
