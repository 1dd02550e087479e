// caught by shape.no_rows
#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) {
  if (x.dim() < 2) {
    const double infinity = std::numeric_limits<double>::infinity();
    Tensor largest = x.amax(-1).detach();
    largest = largest.masked_fill(largest.eq(-infinity), 0);
    return log(exp(x - largest).sum(-1)) + largest;
  }
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < x.size(0); ++i)
    rows.push_back(log_sum_exp(x[i]));
  return stack(rows);
}

}  // namespace mine
