// caught by forward.the_cache_is_in_the_order_of_the_steps
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  const int64_t S = cache.k.defined() ? cache.k.size(-2) : 0;
  cache.k = S == 0 ? k.clone() : cat({k, cache.k}, -2);
  cache.v = S == 0 ? v.clone() : cat({v, cache.v}, -2);
  const Tensor step = arange(L).unsqueeze(1);
  const Tensor column = arange(S + L);
  const Tensor seen = logical_or(column <= step, column >= L);
  return scaled_dot_product_attention(q, cache.k, cache.v, seen);
}

}  // namespace mine
