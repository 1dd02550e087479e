// caught by numerics.float32_at_large_positions
#include "exercises/10_rope/rope.h"

namespace mine {

Tensor rope(const Tensor& x, int64_t start, double base) {
  const int64_t T = x.size(-2);
  const int64_t D = x.size(-1);
  const Tensor position = arange(start, start + T, x.options());
  const Tensor speed = pow(base, -arange(0, D, 2, x.options()) / D);
  const Tensor angle = outer(position, speed);
  const Tensor c = cos(angle);
  const Tensor s = sin(angle);
  const Tensor even = x.slice(-1, 0, nullopt, 2);
  const Tensor odd = x.slice(-1, 1, nullopt, 2);
  return stack({even * c - odd * s, even * s + odd * c}, -1).reshape(x.sizes());
}

}  // namespace mine
