// caught by shape.keeps_the_shape_of_x
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  const Tensor e = exp(x - x.amax(-1, true));
  return (e / e.sum(-1, true)).sum(-1);
}

}  // namespace mine
