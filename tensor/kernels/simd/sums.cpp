// Plain loops, of which the compiler makes vectors: it may, since every column is added up in its own order.
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// Most blocks have all columns; a number known to the compiler keeps their sums in registers.
template <class T, class F>
inline void add_columns(double* __restrict total, const T* x, int64_t R, int64_t stride, int64_t width, const F& f) {
  if (width == kSumColumns) {
    double sum[kSumColumns];
    for (int64_t c = 0; c < kSumColumns; ++c) sum[c] = total[c];
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < kSumColumns; ++c) sum[c] += f(x[r * stride + c], c);
    }
    for (int64_t c = 0; c < kSumColumns; ++c) total[c] = sum[c];
  } else {
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < width; ++c) total[c] += f(x[r * stride + c], c);
    }
  }
}

}  // namespace

template <class T> void add_rows(double* total, const T* x, int64_t R, int64_t stride, int64_t width) {
  add_columns(total, x, R, stride, width, [](T value, int64_t) { return static_cast<double>(value); });
}

template <class T>
void add_squares(double* total, const T* x, const double* center, int64_t R, int64_t stride, int64_t width) {
  add_columns(total, x, R, stride, width, [center](T value, int64_t c) {
    const double difference = static_cast<double>(value) - center[c];
    return difference * difference;
  });
}

#define GRADUS_INSTANTIATE(T)                                           \
  template void add_rows(double*, const T*, int64_t, int64_t, int64_t); \
  template void add_squares(double*, const T*, const double*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
