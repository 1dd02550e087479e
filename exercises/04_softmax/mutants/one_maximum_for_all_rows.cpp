// caught by numerics.large_logits
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  if (x.numel() == 0) return x;
  const Tensor e = exp(x - x.amax());
  return e / e.sum(-1, true);
}

}  // namespace mine
