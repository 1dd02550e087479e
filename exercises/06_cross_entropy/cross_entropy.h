// Cross-entropy between scores and the right class, forward and backward.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// The mean of -log(softmax(logits[i])[target[i]]) over the rows i whose target is not
/// ignore_index. logits (N, V), target (N) int64 -> ()
Tensor cross_entropy(const Tensor& logits, const Tensor& target, int64_t ignore_index);

/// Its gradient by the logits, for dloss = d(what is differentiated)/d(loss).   dloss () -> (N, V)
Tensor cross_entropy_backward(const Tensor& dloss, const Tensor& logits, const Tensor& target,
                              int64_t ignore_index);

}  // namespace mine
