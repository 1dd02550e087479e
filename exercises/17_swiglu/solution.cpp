#include "exercises/17_swiglu/swiglu.h"

namespace mine {

Tensor swiglu(const Tensor& x, const Tensor& w1, const Tensor& w2, const Tensor& w3) {
  const Tensor gate = silu(linear(x, w1));  // (..., F)
  return linear(gate * linear(x, w3), w2);  // (..., C)
}

}  // namespace mine
