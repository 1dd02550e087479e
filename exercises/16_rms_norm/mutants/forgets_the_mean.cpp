// caught by forward.three_and_four
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return x * rsqrt((x * x).sum(-1, true) + eps) * weight;
}

}  // namespace mine
