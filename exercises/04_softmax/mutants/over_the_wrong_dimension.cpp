// caught by forward.every_row_by_itself
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  if (x.numel() == 0) return x;
  const Tensor e = exp(x - x.amax(0, true));
  return e / e.sum(0, true);
}

}  // namespace mine
