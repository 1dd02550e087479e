// caught by forward.eps_is_added_under_the_root
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return x / ((x * x).mean(-1, true).sqrt() + eps) * weight;
}

}  // namespace mine
