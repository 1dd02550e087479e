// caught by shape.no_texts
#include "exercises/09_sliding_window/sliding_window.h"

namespace mine {

Tensor sliding_window_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t window) {
  check(window > 0, "sliding_window_attention: a window of {} steps, expected at least one",
        window);
  if (q.size(0) != 1) {
    std::vector<Tensor> texts;
    for (int64_t b = 0; b < q.size(0); ++b)
      texts.push_back(sliding_window_attention(q.narrow(0, b, 1), k.narrow(0, b, 1),
                                               v.narrow(0, b, 1), window));
    return cat(texts);
  }
  const int64_t T = q.size(-2);
  const int64_t D = q.size(-1);
  const Tensor scores = matmul(q, k.transpose(-2, -1)) / std::sqrt(D);     // (B, H, T, T)
  const Tensor row = arange(T).unsqueeze(1);                               // (T, 1)
  const Tensor column = arange(T);                                         // (T)
  const Tensor hidden = logical_or(column > row, column <= row - window);  // (T, T)
  const Tensor weights = softmax(scores.masked_fill(hidden, -INFINITY), -1);
  return matmul(weights, v);  // (B, H, T, D)
}

}  // namespace mine
