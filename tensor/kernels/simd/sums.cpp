// Plain loops, which the compiler vectorises: each column is added in its own order, so no addition
// has to be reordered for that.
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// total[c] += sum of term(x[c], c) over the rows. Most blocks have kSumColumns columns: with a
/// number known to the compiler, their sums stay in registers.
template <class T, class Term>
inline void add_columns(Accumulator<T>* __restrict total, const T* x, int64_t rows, int64_t stride,
                        int64_t width, const Term& term) {
  if (width == kSumColumns) {
    Accumulator<T> sum[kSumColumns];
    for (int64_t c = 0; c < kSumColumns; ++c)
      sum[c] = total[c];
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < kSumColumns; ++c)
        sum[c] += term(x[r * stride + c], c);
    }
    for (int64_t c = 0; c < kSumColumns; ++c)
      total[c] = sum[c];
  } else {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < width; ++c)
        total[c] += term(x[r * stride + c], c);
    }
  }
}

}  // namespace

template <class T>
void add_rows(Accumulator<T>* total, const T* x, const Accumulator<T>* center, int64_t rows,
              int64_t stride, int64_t width) {
  using Sum = Accumulator<T>;
  if (center == nullptr) {
    const auto plain = [](T value, int64_t) { return static_cast<Sum>(value); };
    add_columns(total, x, rows, stride, width, plain);
    return;
  }
  const auto squared_difference = [center](T value, int64_t c) {
    const Sum difference = static_cast<Sum>(value) - center[c];
    return difference * difference;
  };
  add_columns(total, x, rows, stride, width, squared_difference);
}

template void add_rows(double*, const float*, const double*, int64_t, int64_t, int64_t);
template void add_rows(double*, const double*, const double*, int64_t, int64_t, int64_t);
template void add_rows(uint64_t*, const int64_t*, const uint64_t*, int64_t, int64_t, int64_t);
template void add_rows(uint64_t*, const uint64_t*, const uint64_t*, int64_t, int64_t, int64_t);
template void add_rows(uint64_t*, const bool*, const uint64_t*, int64_t, int64_t, int64_t);

}  // namespace gradus::kernels::GRADUS_ISA
