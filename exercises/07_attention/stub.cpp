#include "exercises/07_attention/attention.h"

namespace mine {

Attention attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  // q (..., T, D), k (..., S, D), v (..., S, E) -> weights (..., T, S), y (..., T, E)
  todo("attention: forward");
}

AttentionGradients attention_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                      const Tensor& v) {
  // dy (..., T, E) -> dq like q, dk like k, dv like v
  todo("attention: backward");
}

}  // namespace mine
