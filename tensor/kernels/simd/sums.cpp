// Plain loops, of which the compiler makes vectors: it may, since every column is added up in its
// own order.
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// Most blocks have all columns; a number known to the compiler keeps their sums in registers.
template <class T, class F>
inline void add_columns(Accumulator<T>* __restrict total, const T* x, int64_t R, int64_t stride,
                        int64_t width, const F& f) {
  if (width == kSumColumns) {
    Accumulator<T> sum[kSumColumns];
    for (int64_t c = 0; c < kSumColumns; ++c)
      sum[c] = total[c];
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < kSumColumns; ++c)
        sum[c] += f(x[r * stride + c], c);
    }
    for (int64_t c = 0; c < kSumColumns; ++c)
      total[c] = sum[c];
  } else {
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < width; ++c)
        total[c] += f(x[r * stride + c], c);
    }
  }
}

}  // namespace

template <class T>
void add_rows(Accumulator<T>* total, const T* x, const Accumulator<T>* center, int64_t R,
              int64_t stride, int64_t width) {
  using Sum = Accumulator<T>;
  if (center == nullptr) {
    return add_columns(total, x, R, stride, width,
                       [](T value, int64_t) { return static_cast<Sum>(value); });
  }
  add_columns(total, x, R, stride, width, [center](T value, int64_t c) {
    const Sum difference = static_cast<Sum>(value) - center[c];
    return difference * difference;
  });
}

template void add_rows(double*, const float*, const double*, int64_t, int64_t, int64_t);
template void add_rows(double*, const double*, const double*, int64_t, int64_t, int64_t);
template void add_rows(uint64_t*, const int64_t*, const uint64_t*, int64_t, int64_t, int64_t);
template void add_rows(uint64_t*, const uint64_t*, const uint64_t*, int64_t, int64_t, int64_t);
template void add_rows(uint64_t*, const bool*, const uint64_t*, int64_t, int64_t, int64_t);

}  // namespace gradus::kernels::GRADUS_ISA
