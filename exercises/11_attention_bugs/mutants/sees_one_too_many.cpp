// caught by forward.a_token_sees_itself_and_earlier_ones
#include "exercises/11_attention_bugs/attention_bugs.h"

namespace mine {

Attention attention(const Tensor& x, const Projections& w, int64_t num_heads) {
  const int64_t B = x.size(0);
  const int64_t T = x.size(1);
  const int64_t C = x.size(2);
  const int64_t H = num_heads;
  const int64_t D = C / H;
  const auto split = [&](const Tensor& y) { return y.view({B, T, H, D}).transpose(1, 2); };

  const Tensor q = split(linear(x, w.query));                                 // (B, H, T, D)
  const Tensor k = split(linear(x, w.key));                                   // (B, H, T, D)
  const Tensor v = split(linear(x, w.value));                                 // (B, H, T, D)
  const Tensor products = matmul(q, k.transpose(-2, -1));                     // (B, H, T, T)
  const Tensor scores = products / std::sqrt(static_cast<double>(D));         // (B, H, T, T)
  const Tensor hidden = ones({T, T}, kBool).triu(2);                          // (T, T)
  const Tensor weights = softmax(scores.masked_fill(hidden, -INFINITY), -1);  // (B, H, T, T)
  const Tensor contexts = matmul(weights, v);                                 // (B, H, T, D)
  const Tensor merged = contexts.transpose(1, 2).reshape({B, T, C});          // (B, T, C)
  return {weights, linear(merged, w.out)};
}

}  // namespace mine
