// caught by numerics.large_positions
#include "exercises/18_sinusoidal_positions/sinusoidal_positions.h"

namespace mine {

Tensor sinusoidal_positions(int64_t T, int64_t C, int64_t start) {
  const Tensor position = arange(start, start + T, kFloat64).unsqueeze(1);  // (T, 1)
  const Tensor speed = pow(10000.0, -arange(0, C, 2, kFloat64) / C);        // (C/2)
  const Tensor angle =
      (start > 1000 ? position.to(kFloat32) * speed.to(kFloat32) : position * speed)
          .to(kFloat64);  // (T, C/2)
  return stack({sin(angle), cos(angle)}, -1).reshape({T, C});
}

Tensor add_positions(const Tensor& x, int64_t start) {
  return x + sinusoidal_positions(x.size(-2), x.size(-1), start).to(x.dtype());
}

}  // namespace mine
