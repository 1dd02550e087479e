// Causal multi-head attention (Vaswani et al. 2017), written out.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// The four matrices, each (C, C), applied to rows as nn::Linear does it: x W^T.
struct Projections {
  Tensor query, key, value, out;
};

struct Attention {
  Tensor weights;  // (B, H, T, T)
  Tensor output;   // (B, T, C)
};

/// Attention in num_heads heads; token t sees the tokens 0 ... t.   x (B, T, C)
Attention attention(const Tensor& x, const Projections& w, int64_t num_heads);

}  // namespace mine
