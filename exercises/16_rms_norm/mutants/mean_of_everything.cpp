// caught by forward.random_numbers
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return x * rsqrt((x * x).mean() + eps) * weight;
}

}  // namespace mine
