// caught by shape.a_single_number
#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) {
  const double infinity = std::numeric_limits<double>::infinity();
  Tensor largest = x.amax(-1, true).detach();
  largest = largest.masked_fill(largest.eq(-infinity), 0);
  Tensor sum = zeros_like(largest);
  for (int64_t c = 0; c < x.size(-1); ++c)
    sum = sum + exp(x.narrow(-1, c, 1) - largest);
  return (log(sum) + largest).squeeze(-1);
}

}  // namespace mine
