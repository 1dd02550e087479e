// caught by gradient.of_x
#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) {
  const Tensor largest = x.amax(-1, true);
  return log(exp(x - largest).sum(-1)).detach() + largest.squeeze(-1);
}

}  // namespace mine
