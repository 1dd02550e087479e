#include <limits>

#include "autograd/ops.h"
#include "tensor/elementwise.h"

namespace gradus {

// dx = dy where x is finite, else 0.
Tensor nan_to_num(const Tensor& x, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
  if (!x.is_floating_point()) return clone(x);
  const double largest = x.dtype() == kFloat32 ? double{std::numeric_limits<float>::max()}
                                               : std::numeric_limits<double>::max();
  const Tensor y = replace_nonfinite("nan_to_num", x, nan.value_or(0), posinf.value_or(largest),
                                     neginf.value_or(-largest));
  return record("nan_to_num", y, {x, [x = saved(x)](const Tensor& dy) {
                                    return dy * to(isfinite(x()), dy.dtype());
                                  }});
}

}  // namespace gradus
