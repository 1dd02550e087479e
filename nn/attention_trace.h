#pragma once
#include "autograd/ops.h"

namespace gradus::nn {

/// What an attention layer computed on its way, for pictures and lessons: forward(x, &trace) fills
/// it. Several heads lie side by side in dimension 1, between B and T; a layer leaves undefined
/// what it does not have.
struct AttentionTrace {
  Tensor q, k, v;          // (B, H, T, D)
  Tensor scores;           // q k^T, (B, H, T, T): rows are queries, columns are keys
  Tensor masked_scores;    // -inf where a key is hidden
  Tensor weights;          // softmax of the scaled scores: rows sum to 1
  Tensor dropped_weights;  // after dropout
  Tensor context;          // dropped_weights v, (B, H, T, D)
  Tensor merged;           // the heads side by side, (B, T, H D)
  Tensor output;           // what forward returns
};

}  // namespace gradus::nn
