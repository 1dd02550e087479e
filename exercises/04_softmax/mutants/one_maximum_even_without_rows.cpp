// caught by shape.no_rows
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  const Tensor e = exp(x - x.amax());
  return e / e.sum(-1, true);
}

}  // namespace mine
