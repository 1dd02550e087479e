#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) {
  const double infinity = std::numeric_limits<double>::infinity();
  Tensor largest = x.amax(-1, /*keepdim=*/true).detach();  // (..., 1)
  largest =
      largest.masked_fill(largest.eq(-infinity), 0);  // a row of -inf: -inf - -inf would be nan
  const Tensor sum = exp(x - largest).sum(-1);        // (...), 0 for a row of -inf, else at least 1
  return log(sum) + largest.squeeze(-1);
}

}  // namespace mine
