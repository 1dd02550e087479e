// caught by shape.is_that_of_q
#include "exercises/12_grouped_query_attention/grouped_query_attention.h"

namespace mine {

Tensor grouped_query_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const auto [B, H, T, D] = q.sizes<4>();
  const int64_t G = k.size(1);
  const int64_t share = H / G;
  const Tensor means =
      q.view({B, G, share, T, D}).mean(2);  // the queries of a group are averaged away
  return scaled_dot_product_attention(means, k, v, {}, 0, true);
}

}  // namespace mine
