// caught by forward.one_number_through_each_weight
#include "exercises/17_swiglu/swiglu.h"

namespace mine {

Tensor swiglu(const Tensor& x, const Tensor& w1, const Tensor& w2, const Tensor& w3) {
  return linear(linear(x, w1) * silu(linear(x, w3)), w2);
}

}  // namespace mine
