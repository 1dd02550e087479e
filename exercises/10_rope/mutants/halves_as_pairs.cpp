// caught by forward.neighbours_are_pairs
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
  const Tensor first = x.narrow(-1, 0, D / 2),
               second = x.narrow(-1, D / 2, D / 2);  // i with i + D/2
  return cat({first * c - second * s, first * s + second * c}, -1);
}

}  // namespace mine
