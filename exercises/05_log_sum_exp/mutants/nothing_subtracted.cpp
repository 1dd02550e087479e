// caught by numerics.large_numbers
#include "exercises/05_log_sum_exp/log_sum_exp.h"

namespace mine {

Tensor log_sum_exp(const Tensor& x) { return log(exp(x).sum(-1)); }

}  // namespace mine
