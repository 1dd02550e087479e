#include "exercises/NN_NAME/NAME.h"

namespace mine {

Tensor NAME(const Tensor& x, const Tensor& weight) {
  return x * weight;  // (..., C)
}

}  // namespace mine
