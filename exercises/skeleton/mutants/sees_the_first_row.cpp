// caught by forward.small_numbers
#include "exercises/NN_NAME/NAME.h"

namespace mine {

Tensor NAME(const Tensor& x, const Tensor& weight) {
  return x * weight + x.select(-1, 0).unsqueeze(-1);
}

}  // namespace mine
