// Causal attention with a window (Beltagy et al. 2020, Jiang et al. 2023).
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// Attention in which step t sees itself and the window - 1 steps before it.   q, k, v (B, H, T, D)
/// -> (B, H, T, D)
Tensor sliding_window_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t window);

}  // namespace mine
