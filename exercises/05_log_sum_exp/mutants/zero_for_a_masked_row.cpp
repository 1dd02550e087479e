// caught by numerics.a_row_of_minus_infinity
#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor largest = x.amax(-1, true).detach();
  const Tensor y = log(exp(x - largest).sum(-1)) + largest.squeeze(-1);
  return y.masked_fill(largest.squeeze(-1).eq(-infinity), 0);
}

}  // namespace mine
