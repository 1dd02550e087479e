// caught by forward.averages_so_far
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  const int64_t S = cache.k.defined() ? cache.k.size(-2) : 0;
  cache.k = S == 0 ? k.clone() : cat({cache.k, k}, -2);
  cache.v = S == 0 ? v.clone() : cat({cache.v, v}, -2);
  return scaled_dot_product_attention(q, cache.k, cache.v, {}, 0, /*is_causal=*/true);
}

}  // namespace mine
