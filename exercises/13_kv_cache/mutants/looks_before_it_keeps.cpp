// caught by forward.averages_so_far
#include "exercises/13_kv_cache/kv_cache.h"

namespace mine {

Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t L = q.size(-2);
  const int64_t S = cache.k.defined() ? cache.k.size(-2) : 0;
  if (S == 0) {
    cache.k = k.clone(), cache.v = v.clone();
    return scaled_dot_product_attention(q, k, v, {}, 0, true);
  }
  const Tensor y = scaled_dot_product_attention(q, cache.k, cache.v);  // a step does not see itself
  cache.k = cat({cache.k, k}, -2), cache.v = cat({cache.v, v}, -2);
  return y;
}

}  // namespace mine
