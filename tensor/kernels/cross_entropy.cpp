#include "tensor/kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"
#include "tensor/kernels/softmax.h"

namespace gradus::kernels {

void cross_entropy_reference(double* loss, double* lse, const double* x, const int64_t* target,
                             int64_t n, int64_t classes, int64_t ignore_index) {
  logsumexp_reference(lse, x, n, classes, 1);
  for (int64_t i = 0; i < n; ++i) {
    const bool ignored = target[i] == ignore_index;
    if (ignored) lse[i] = 0;
    loss[i] = ignored ? 0 : lse[i] - x[i * classes + target[i]];
  }
}

void cross_entropy_backward_reference(double* dx, const double* dloss, const double* x,
                                      const double* lse, const int64_t* target, int64_t n,
                                      int64_t classes, int64_t ignore_index) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t v = 0; v < classes; ++v) {
      const double softmax = std::exp(x[i * classes + v] - lse[i]);
      const double wanted = v == target[i] ? 1 : 0;
      dx[i * classes + v] = target[i] == ignore_index ? 0 : dloss[i] * (softmax - wanted);
    }
  }
}

// The fast versions share the examples between threads; simd/rows.cpp computes one row of logits.

template <class T>
void cross_entropy(T* loss, T* lse, const T* x, const int64_t* target, int64_t n, int64_t classes,
                   int64_t ignore_index) {
  parallel_for(n, grain_for(8 * classes), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      loss[i] = 0;
      lse[i] = 0;
      if (target[i] == ignore_index) continue;
      const T* const row = x + i * classes;
      const auto [largest, sum] = GRADUS_DISPATCH(log_sum(row, classes));
      const double shift = static_cast<double>(largest);
      const double log_sum = std::log(sum);
      lse[i] = static_cast<T>(shift + log_sum);
      // Not lse - x[target]: where the logits are large, their difference keeps more digits.
      loss[i] = static_cast<T>(log_sum - (static_cast<double>(row[target[i]]) - shift));
    }
  });
}

template <class T>
void cross_entropy_backward(T* dx, const T* dloss, const T* x, const T* lse, const int64_t* target,
                            int64_t n, int64_t classes, int64_t ignore_index) {
  parallel_for(n, grain_for(8 * classes), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* const x_row = x + i * classes;
      T* const dx_row = dx + i * classes;
      if (target[i] == ignore_index) {
        std::fill(dx_row, dx_row + classes, T{0});
        continue;
      }
      // dx may be x, so the probability of the target is computed before its row is overwritten.
      const T probability = std::exp(x_row[target[i]] - lse[i]);
      GRADUS_DISPATCH(scaled_softmax_row(dx_row, x_row, lse[i], dloss[i], classes));
      dx_row[target[i]] = dloss[i] * (probability - 1);
    }
  });
}

#define GRADUS_INSTANTIATE(T)                                                                     \
  template void cross_entropy(T*, T*, const T*, const int64_t*, int64_t, int64_t, int64_t);       \
  template void cross_entropy_backward(T*, const T*, const T*, const T*, const int64_t*, int64_t, \
                                       int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
