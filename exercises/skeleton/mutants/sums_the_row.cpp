// caught by shape.keeps_the_shape_of_x
#include "exercises/NN_NAME/NAME.h"

namespace mine {

Tensor NAME(const Tensor& x, const Tensor& weight) { return (x * weight).sum(-1); }

}  // namespace mine
