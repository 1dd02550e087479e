#include "autograd/ops.h"
#include "tensor/strided.h"

namespace gradus {

Tensor to(const Tensor& x, DType t) {
  if (x.dtype() == t) return x;
  check(t != kBFloat16 || !is_recorded(x),
        "to: x requires gradients, and a bfloat16 tensor has none; convert x.detach(), or use "
        "NoGradGuard");
  const Tensor y = empty(x.sizes(), t);
  copy_elements(y, x);
  if (!is_floating_point(t) || t == kBFloat16) return y;
  return record("to", y, {x, [from = x.dtype()](const Tensor& dy) { return to(dy, from); }});
}

Tensor clone(const Tensor& x) {
  const Tensor y = empty_like(x);
  copy_elements(y, x);
  return record("clone", y, {x, [](const Tensor& dy) { return dy; }});
}

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  return record("contiguous", as_contiguous(x), {x, [](const Tensor& dy) { return dy; }});
}

}  // namespace gradus
