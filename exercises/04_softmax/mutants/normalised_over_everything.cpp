// caught by forward.every_row_by_itself
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  const Tensor e = exp(x - x.amax(-1, true));
  return e / e.sum();
}

}  // namespace mine
