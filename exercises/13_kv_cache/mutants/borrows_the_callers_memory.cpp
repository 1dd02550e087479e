// caught by invariants.the_cache_keeps_its_own_numbers
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  const int64_t S = cache.k.defined() ? cache.k.size(-2) : 0;
  cache.k = S == 0 ? k : cat({cache.k, k}, -2);
  cache.v = S == 0 ? v : cat({cache.v, v}, -2);
  const Tensor seen = arange(S + L) <= arange(S, S + L).unsqueeze(1);
  return scaled_dot_product_attention(q, cache.k, cache.v, seen);
}

}  // namespace mine
