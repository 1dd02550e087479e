// caught by shape.of_the_result_and_of_the_cache
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  cache.k = cache.k.defined() ? cat({cache.k, k}, -2) : k.clone();
  cache.v = cache.v.defined() ? cat({cache.v, v}, -2) : v.clone();
  const int64_t S = cache.k.size(-2);  // too late: the new steps are in it
  const Tensor seen = arange(S + L) <= arange(S, S + L).unsqueeze(1);
  return scaled_dot_product_attention(q, cache.k, cache.v, seen);
}

}  // namespace mine
