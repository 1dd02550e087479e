// caught by forward.one_to_three_to_six
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  const Tensor e = exp(x - x.amax(-1, true));
  return e / e.mean(-1, true);
}

}  // namespace mine
