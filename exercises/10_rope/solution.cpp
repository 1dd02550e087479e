#include "exercises/10_rope/rope.h"

namespace mine {

Tensor rope(const Tensor& x, int64_t start, double base) {
  const int64_t T = x.size(-2);
  const int64_t D = x.size(-1);
  check(D % 2 == 0, "rope: x is {}, its rows of {} numbers cannot be cut into pairs", x.sizes(), D);
  const Tensor position = arange(start, start + T, kFloat64);      // (T)
  const Tensor speed = pow(base, -arange(0, D, 2, kFloat64) / D);  // (D/2)
  const Tensor angle = outer(position, speed);                     // (T, D/2)
  const Tensor c = cos(angle).to(x.dtype());                       // (T, D/2)
  const Tensor s = sin(angle).to(x.dtype());

  const Tensor even = x.slice(-1, 0, nullopt, 2);  // (..., T, D/2)
  const Tensor odd = x.slice(-1, 1, nullopt, 2);
  return stack({even * c - odd * s, even * s + odd * c}, -1)
      .reshape(x.sizes());  // (..., T, D/2, 2) -> (..., T, D)
}

}  // namespace mine
