// SwiGLU (Shazeer 2020), the feed-forward part of a Llama block.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// W2 (silu(W1 x) * W3 x).   x (..., C), w1 and w3 (F, C), w2 (C, F) -> (..., C)
Tensor swiglu(const Tensor& x, const Tensor& w1, const Tensor& w2, const Tensor& w3);

}  // namespace mine
