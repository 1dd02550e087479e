#pragma once
#include "autograd/ops.h"

namespace gradus::nn {

/// The intermediate results of an attention layer, for pictures and lessons: layer(x, &trace)
/// fills it. Layers with several heads have the head dimension H, the others do not. A field that
/// a layer does not compute stays undefined.
struct AttentionTrace {
  Tensor q;                // (B, H, T, D)
  Tensor k;                // (B, H, T, D)
  Tensor v;                // (B, H, T, D)
  Tensor scores;           // (B, H, T, T): q k^T, one row for each query, one column for each key
  Tensor masked_scores;    // (B, H, T, T): -inf where a key is hidden
  Tensor weights;          // (B, H, T, T): softmax of the scaled scores, every row sums to 1
  Tensor dropped_weights;  // (B, H, T, T): after dropout
  Tensor context;          // (B, H, T, D): dropped_weights v
  Tensor merged;           // (B, T, H D): the contexts of all heads, concatenated
  Tensor output;           // the result of forward
};

}  // namespace gradus::nn
