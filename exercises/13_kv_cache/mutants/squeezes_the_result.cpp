// caught by shape.dimensions_of_size_one
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  const int64_t S = cache.k.defined() ? cache.k.size(-2) : 0;
  cache.k = S == 0 ? k.clone() : cat({cache.k, k}, -2);  // (B, H, S + L, D)
  cache.v = S == 0 ? v.clone() : cat({cache.v, v}, -2);
  const Tensor step = arange(S, S + L).unsqueeze(1);  // (L, 1): the positions of the new rows
  const Tensor seen = arange(S + L) <= step;          // (L, S + L)
  return scaled_dot_product_attention(q, cache.k, cache.v, seen).squeeze(0);  // (B, H, L, D)
}

}  // namespace mine
