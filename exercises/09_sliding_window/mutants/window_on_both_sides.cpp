// caught by forward.a_window_of_3_sees_two_earlier_tokens
#include "exercises/09_sliding_window/sliding_window.h"

namespace mine {

Tensor sliding_window_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t window) {
  const int64_t T = q.size(-2);
  const int64_t D = q.size(-1);
  const Tensor scores = matmul(q, k.transpose(-2, -1)) / std::sqrt(D);
  const Tensor row = arange(T).unsqueeze(1);
  const Tensor column = arange(T);
  const Tensor hidden = abs(column - row) >= window;
  return matmul(softmax(scores.masked_fill(hidden, -INFINITY), -1), v);
}

}  // namespace mine
