// The logarithm of a sum of exponentials: the smooth maximum, and the denominator of every
// cross-entropy.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// log(sum(exp(x))) over the last dimension.   x (..., C) -> (...)
Tensor log_sum_exp(const Tensor& x);

}  // namespace mine
