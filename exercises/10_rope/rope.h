// Rotary positions (Su et al. 2021), with neighbours as pairs.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// Pair (x[2i], x[2i + 1]) of row t turned by the angle (start + t) base^(-2i / D).   x (..., T, D)
/// -> (..., T, D)
Tensor rope(const Tensor& x, int64_t start = 0, double base = 10000);

}  // namespace mine
