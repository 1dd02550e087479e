#include "tensor/kernels/optimizer.h"

#include <algorithm>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/reduce.h"
#include "tensor/kernels/simd/optimizer.h"
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels {

template <class T> void sgd_step(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step) {
  parallel_for(n, grain_for(4), [&](int64_t i, int64_t end) {
    GRADUS_BEST(sgd(param + i, buffer == nullptr ? nullptr : buffer + i, grad + i, end - i, step));
  });
}

template <class T> void adam_step(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step) {
  parallel_for(n, grain_for(4),
               [&](int64_t i, int64_t end) { GRADUS_BEST(adam(param + i, m + i, v + i, grad + i, end - i, step)); });
}

template <class T> double sum_of_squares(const T* x, int64_t n) {
  constexpr int64_t kBlock = 4096;
  std::vector<double> partial(static_cast<size_t>((n + kBlock - 1) / kBlock));
  parallel_for(static_cast<int64_t>(partial.size()), 8, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t length = std::min(kBlock, n - b * kBlock), rows = length / kSumColumns;
      const double center[kSumColumns] = {};
      double lanes[kSumColumns + 1] = {}, rest[kSumColumns] = {};
      const T* const block = x + b * kBlock;
      GRADUS_BEST(add_squares(lanes, block, center, rows, kSumColumns, kSumColumns));
      GRADUS_BEST(add_squares(rest, block + rows * kSumColumns, center, 1, 0, length % kSumColumns));
      sum(&lanes[kSumColumns], rest, 1, kSumColumns, 1);
      sum(&partial[static_cast<size_t>(b)], lanes, 1, kSumColumns + 1, 1);
    }
  });
  double total = 0;
  sum(&total, partial.data(), 1, static_cast<int64_t>(partial.size()), 1);
  return total;
}

#define GRADUS_INSTANTIATE(T)                                              \
  template void sgd_step(T*, T*, const T*, int64_t, const SgdStep&);       \
  template void adam_step(T*, T*, T*, const T*, int64_t, const AdamStep&); \
  template double sum_of_squares(const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
