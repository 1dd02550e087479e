// caught by shape.dimensions_of_size_one
#include "exercises/12_grouped_query_attention/grouped_query_attention.h"

namespace mine {

Tensor grouped_query_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const auto [B, H, T, D] = q.sizes<4>();
  const int64_t G = k.size(1);
  check(G > 0 && H % G == 0,
        "grouped_query_attention: {} query heads cannot share {} heads of keys and values", H, G);
  const Tensor grouped = q.view({B, G, H / G, T, D});  // the queries of a group side by side
  const Tensor y = scaled_dot_product_attention(grouped, k.unsqueeze(2), v.unsqueeze(2), {}, 0,
                                                /*is_causal=*/true);
  return y.reshape({B, H, T, D}).squeeze();  // (B, G, H/G, T, D) -> (B, H, T, D)
}

}  // namespace mine
