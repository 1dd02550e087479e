#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  // x (..., C) -> (..., C)
  todo("softmax: forward");
}

}  // namespace mine
