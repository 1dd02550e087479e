// caught by gradient.of_x_and_weight
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const Tensor scale =
      rsqrt((x * x).mean(-1, true) + eps).detach();  // backward no longer sees that it depends on x
  return x * scale * weight;
}

}  // namespace mine
