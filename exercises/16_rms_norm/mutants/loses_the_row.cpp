// caught by shape.keeps_the_shape_of_x
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return (x * rsqrt((x * x).mean(-1, true) + eps) * weight).sum(-1);
}

}  // namespace mine
