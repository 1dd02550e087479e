#pragma once
#include <cmath>
#include <tuple>

#include "autograd/ops.h"

namespace gradus::nn {

/// The last step of attention over an encoder's states, from scores (B, T, S) of every encoder
/// state for every decoder state, called the query (B, T, H):
///
///   weights = softmax(scores) * factors    (B, T, S)
///   context = weights states               (B, T, K), states (B, S, K)
///
/// The mask (B, S), bool, is true for the words that take part; factors (B, T, S) are optional.
/// Returns (context, weights).
inline std::tuple<Tensor, Tensor> weighted_states(const Tensor& query, const Tensor& scores,
                                                  const Tensor& states, const Tensor& mask,
                                                  const Tensor& factors = {}) {
  check(query.dim() == 3 && states.dim() == 3,
        "attention: query {} and states {}, expected [B, T, H] and [B, S, K]", query.sizes(),
        states.sizes());
  if (mask.defined())
    check(mask.dtype() == kBool && mask.dim() == 2,
          "attention: the mask is {} {}, expected [B, S] bool (true: visible)", mask.sizes(),
          mask.dtype());
  Tensor weights =
      mask.defined() ? masked_softmax(scores.masked_fill(logical_not(mask.unsqueeze(1)), -INFINITY))
                     : softmax(scores, -1);  // (B, T, S)
  if (factors.defined()) weights = weights * factors;
  return {matmul(weights, states), weights};
}

}  // namespace gradus::nn
