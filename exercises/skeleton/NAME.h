// NAME: what it is, in one line, and where it comes from.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// x * weight.   x (..., C), weight (C) -> (..., C)
Tensor NAME(const Tensor& x, const Tensor& weight);

}  // namespace mine
