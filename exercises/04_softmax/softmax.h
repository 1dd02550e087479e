// Softmax, for logits of any size.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// exp(x) / sum(exp(x)) over the last dimension.   x (..., C) -> (..., C)
Tensor softmax(const Tensor& x);

}  // namespace mine
