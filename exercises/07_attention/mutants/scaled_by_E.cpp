// caught by forward.a_small_example_by_hand
#include <cmath>

#include "exercises/07_attention/attention.h"

namespace mine {

Attention attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(v.size(-1)));
  const Tensor scores = matmul(q, k.transpose(-2, -1)) * scale;  // (..., T, S)
  const Tensor weights = softmax(scores, -1);                    // (..., T, S)
  return {weights, matmul(weights, v)};                          // (..., T, E)
}

AttentionGradients attention_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                      const Tensor& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(v.size(-1)));
  const Tensor weights = attention(q, k, v).weights;                   // (..., T, S)
  const Tensor dv = matmul(weights.transpose(-2, -1), dy);             // (..., S, E)
  const Tensor dweights = matmul(dy, v.transpose(-2, -1));             // (..., T, S)
  const Tensor mean = (weights * dweights).sum(-1, /*keepdim=*/true);  // (..., T, 1)
  const Tensor dscores = weights * (dweights - mean);                  // (..., T, S)
  const Tensor dq = matmul(dscores, k) * scale;                        // (..., T, D)
  const Tensor dk = matmul(dscores.transpose(-2, -1), q) * scale;      // (..., S, D)
  return {dq, dk, dv};
}

}  // namespace mine
