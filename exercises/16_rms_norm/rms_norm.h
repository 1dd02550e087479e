// RMSNorm (Zhang and Sennrich 2019), the normalisation of Llama.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// x / sqrt(mean(x^2) + eps) * weight, the mean over the last dimension.   x (..., C), weight (C)
/// -> (..., C)
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps = 1e-6);

}  // namespace mine
