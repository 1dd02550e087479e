// caught by forward.position_1_rotates_the_first_pair_by_1
#include "exercises/10_rope/rope.h"

namespace mine {

Tensor rope(const Tensor& x, int64_t start, double base) {
  const int64_t T = x.size(-2);
  const int64_t D = x.size(-1);
  const Tensor position = arange(start, start + T, kFloat64);
  const Tensor speed = pow(base, -arange(0, D, 2, kFloat64) / D);
  const Tensor angle = outer(position, speed);
  const Tensor c = cos(angle).to(x.dtype());
  const Tensor s = sin(angle).to(x.dtype());
  const Tensor even = x.slice(-1, 0, nullopt, 2);
  const Tensor odd = x.slice(-1, 1, nullopt, 2);
  return stack({even * c + odd * s, odd * c - even * s}, -1).reshape(x.sizes());
}

}  // namespace mine
