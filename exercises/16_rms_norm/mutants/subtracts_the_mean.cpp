// caught by forward.three_and_four
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const Tensor centred = x - x.mean(-1, /*keepdim=*/true);                 // (..., C)
  const Tensor variance = (centred * centred).mean(-1, /*keepdim=*/true);  // (..., 1)
  return centred * rsqrt(variance + eps) * weight;                         // (..., C)
}

}  // namespace mine
