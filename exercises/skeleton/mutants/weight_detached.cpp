// caught by gradient.of_x_and_weight
#include "exercises/NN_NAME/NAME.h"

namespace mine {

Tensor NAME(const Tensor& x, const Tensor& weight) { return x * weight.detach(); }

}  // namespace mine
