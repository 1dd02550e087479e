// caught by forward.is_your_own
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) { return gradus::softmax(x, -1); }

}  // namespace mine
