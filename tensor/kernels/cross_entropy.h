#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {

/// loss[i] = lse[i] - logits[i, target[i]] with lse[i] = log of the sum of exp(logits[i, :]), for
/// the N rows of logits (N, V). Both are 0 where target[i] is ignore_index; the other targets lie
/// in 0..V. float, double.
template <class T>
void cross_entropy(T* loss, T* lse, const T* logits, const int64_t* target, int64_t N, int64_t V,
                   int64_t ignore_index) {
  parallel_for(N, grain_for(8 * V), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      loss[i] = lse[i] = 0;
      if (target[i] == ignore_index) continue;
      const T* const row = logits + i * V;
      const auto [largest, sum] = GRADUS_DISPATCH(log_sum(row, V));
      const double log_sum = std::log(sum);
      lse[i] = static_cast<T>(static_cast<double>(largest) + log_sum);
      // From the difference of two logits, not from lse: the loss keeps its digits where the logits
      // are large.
      loss[i] = static_cast<T>(
          log_sum - (static_cast<double>(row[target[i]]) - static_cast<double>(largest)));
    }
  });
}

/// dlogits[i, v] = dloss[i] (exp(logits[i, v] - lse[i]) - [v = target[i]]), and 0 in the ignored
/// rows.
template <class T>
void cross_entropy_backward(T* dlogits, const T* dloss, const T* logits, const T* lse,
                            const int64_t* target, int64_t N, int64_t V, int64_t ignore_index) {
  parallel_for(N, grain_for(8 * V), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* const row = dlogits + i * V;
      if (target[i] == ignore_index) {
        std::fill(row, row + V, T{0});
        continue;
      }
      const T* const x = logits + i * V;
      const T probability = std::exp(x[target[i]] - lse[i]);
      GRADUS_DISPATCH(scaled_softmax_row(row, x, lse[i], dloss[i], V));
      row[target[i]] = dloss[i] * (probability - 1);
    }
  });
}

}  // namespace gradus::kernels
