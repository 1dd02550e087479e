// caught by shape.a_single_number
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  const Tensor rows = x.reshape({-1, x.size(-1)});
  const Tensor e = exp(rows - rows.amax(-1, true).detach());
  return (e / e.sum(-1, true)).reshape(x.sizes());
}

}  // namespace mine
