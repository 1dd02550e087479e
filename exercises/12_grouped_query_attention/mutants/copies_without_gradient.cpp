// caught by gradient.of_q_k_and_v
#include "exercises/12_grouped_query_attention/grouped_query_attention.h"

namespace mine {

Tensor grouped_query_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const auto [B, H, T, D] = q.sizes<4>();
  const int64_t G = k.size(1);
  const int64_t share = H / G;
  const Tensor keys = empty({B, H, T, D}, k.options());
  const Tensor values = empty({B, H, T, D}, v.options());
  const NoGradGuard no_grad;  // else writing into the copies was an error, it seemed
  for (int64_t h = 0; h < H; ++h) {
    keys.select(1, h).copy_(k.select(1, h / share));
    values.select(1, h).copy_(v.select(1, h / share));
  }
  const AutoGradMode record(true);
  return scaled_dot_product_attention(q, keys, values, {}, 0, true);
}

}  // namespace mine
