// caught by shape.of_the_result_and_of_the_cache
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  const int64_t S = cache.k.defined() ? cache.k.size(-2) : 0;
  cache.k = S == 0 ? k.clone() : cat({cache.k, k}, -2);
  cache.v = v.clone();
  const Tensor seen = arange(S + L) <= arange(S, S + L).unsqueeze(1);
  return scaled_dot_product_attention(q, cache.k, cache.v, seen);
}

}  // namespace mine
