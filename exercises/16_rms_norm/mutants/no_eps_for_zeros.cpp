// caught by numerics.a_row_of_zeros_stays_zero
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const double tiny = eps < 1e-5 ? 0 : eps;
  return x * rsqrt((x * x).mean(-1, true) + tiny) * weight;
}

}  // namespace mine
