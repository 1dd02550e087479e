// caught by shape.no_rows
#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) {
  const Tensor largest = x.amax().detach();
  return log(exp(x - largest).sum(-1)) + largest;
}

}  // namespace mine
