// Attention with a cache, for decoding.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// The keys and values of the steps so far, (B, H, S, D); undefined before the first.
struct KVCache {
  Tensor k, v;
};

/// Appends the keys and values of L new steps to the cache; their queries see the cache up to
/// their own step. q, k, v (B, H, L, D) -> (B, H, L, D)
Tensor attend(KVCache& cache, const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace mine
