// caught by forward.as_many_heads_is_multi_head_attention
#include "exercises/12_grouped_query_attention/grouped_query_attention.h"

namespace mine {

Tensor grouped_query_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const auto [B, H, T, D] = q.sizes<4>();
  const int64_t G = k.size(1);
  const int64_t share = H / G;
  const Tensor keys = stack({k, k}, 2).reshape({B, 2 * G, T, D}),
               values = stack({v, v}, 2).reshape({B, 2 * G, T, D});
  return scaled_dot_product_attention(q, keys.narrow(1, 0, H), values.narrow(1, 0, H), {}, 0, true);
}

}  // namespace mine
