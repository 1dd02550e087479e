// caught by shape.dimensions_of_size_one
#include "exercises/09_sliding_window/sliding_window.h"

namespace mine {

Tensor sliding_window_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t window) {
  check(window > 0, "sliding_window_attention: a window of {} steps, expected at least one",
        window);
  const int64_t T = q.size(-2);
  const int64_t D = q.size(-1);
  const Tensor scores = matmul(q, k.transpose(-2, -1)) / std::sqrt(D);     // (B, H, T, T)
  const Tensor row = arange(T).unsqueeze(1);                               // (T, 1)
  const Tensor column = arange(T);                                         // (T)
  const Tensor hidden = logical_or(column > row, column <= row - window);  // (T, T)
  const Tensor weights = softmax(scores.masked_fill(hidden, -INFINITY), -1);
  return matmul(weights, v).squeeze();  // (B, H, T, D)
}

}  // namespace mine
