#include "tensor/kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {

void cross_entropy_reference(double* loss, const SoftmaxSums<double>& sums, const double* x,
                             const int64_t* target, int64_t n, int64_t classes,
                             int64_t ignore_index) {
  for (int64_t i = 0; i < n; ++i) {
    loss[i] = 0;
    sums.m[i] = 0;
    sums.l[i] = 0;
    if (target[i] == ignore_index) continue;
    const double* const row = x + i * classes;
    sums.m[i] = *std::max_element(row, row + classes);
    for (int64_t v = 0; v < classes; ++v)
      sums.l[i] += std::exp(row[v] - sums.m[i]);
    loss[i] = std::log(sums.l[i]) - (row[target[i]] - sums.m[i]);
  }
}

void cross_entropy_backward_reference(double* dx, const double* dloss, const double* x,
                                      const SoftmaxSums<double>& sums, const int64_t* target,
                                      int64_t n, int64_t classes, int64_t ignore_index) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t v = 0; v < classes; ++v) {
      const double softmax = std::exp(x[i * classes + v] - sums.m[i]) / sums.l[i];
      const double wanted = v == target[i] ? 1 : 0;
      dx[i * classes + v] = target[i] == ignore_index ? 0 : dloss[i] * (softmax - wanted);
    }
  }
}

// The fast versions share the examples between threads; simd/rows.cpp computes one row of logits.

template <class T>
void cross_entropy(T* loss, const SoftmaxSums<T>& sums, const T* x, const int64_t* target,
                   int64_t n, int64_t classes, int64_t ignore_index) {
  parallel_for(n, grain_for(8 * classes), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      loss[i] = 0;
      sums.m[i] = 0;
      sums.l[i] = 0;
      if (target[i] == ignore_index) continue;
      const T* const row = x + i * classes;
      const auto [largest, sum] = GRADUS_DISPATCH(log_sum(row, classes));
      sums.m[i] = largest;
      sums.l[i] = static_cast<T>(sum);
      const double difference = static_cast<double>(row[target[i]]) - static_cast<double>(largest);
      loss[i] = static_cast<T>(std::log(sum) - difference);
    }
  });
}

template <class T>
void cross_entropy_backward(T* dx, const T* dloss, const T* x, const SoftmaxSums<T>& sums,
                            const int64_t* target, int64_t n, int64_t classes,
                            int64_t ignore_index) {
  parallel_for(n, grain_for(8 * classes), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* const x_row = x + i * classes;
      T* const dx_row = dx + i * classes;
      if (target[i] == ignore_index) {
        std::fill(dx_row, dx_row + classes, T{0});
        continue;
      }
      const T m = sums.m[i];
      // dx may be x, so the probability of the target is computed before its row is overwritten.
      const T probability = std::exp(x_row[target[i]] - m) / sums.l[i];
      GRADUS_DISPATCH(scaled_exp_row(dx_row, x_row, m, dloss[i] / sums.l[i], classes));
      dx_row[target[i]] = dloss[i] * (probability - 1);
    }
  });
}

#define GRADUS_INSTANTIATE(T)                                                               \
  template void cross_entropy(T*, const SoftmaxSums<T>&, const T*, const int64_t*, int64_t, \
                              int64_t, int64_t);                                            \
  template void cross_entropy_backward(T*, const T*, const T*, const SoftmaxSums<T>&,       \
                                       const int64_t*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
