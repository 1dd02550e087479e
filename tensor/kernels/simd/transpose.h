// Transposes matrices in registers, a block of W x W numbers (W vectors of W lanes) at a time.
#pragma once

#include <utility>

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

/// Swaps the off-diagonal quarters of each block of 2 S x 2 S numbers, for two rows p and q that
/// are S rows apart: lanes S ... 2 S - 1 of p with lanes 0 ... S - 1 of q.
template <int S, class T, int... LANE>
GRADUS_INLINE void exchange(Vector<T>& p, Vector<T>& q, std::integer_sequence<int, LANE...>) {
  constexpr int W = kWidth<T>;
  const Vector<T> x = p;
  const Vector<T> y = q;
  p = GRADUS_SHUFFLE(T, x, y, ((LANE & S) != 0 ? W + LANE - S : LANE)...);
  q = GRADUS_SHUFFLE(T, x, y, ((LANE & S) != 0 ? W + LANE : LANE + S)...);
}

/// Transposes the W x W numbers of `rows` in log2(W) steps: first blocks of W x W, then of half the
/// size, down to 2 x 2.
template <class T, int S = kWidth<T> / 2>
GRADUS_INLINE void transpose(Vector<T>* rows) {
  if constexpr (S > 0) {
    GRADUS_UNROLL
    for (int i = 0; i < kWidth<T>; ++i) {
      if ((i & S) == 0)
        exchange<S, T>(rows[i], rows[i + S], std::make_integer_sequence<int, kWidth<T>>());
    }
    transpose<T, S / 2>(rows);
  }
}

/// to[j * to_row_stride + i] = scale * from[i * from_row_stride + j] for i < M, j < N.
template <class T>
GRADUS_INLINE void transpose_to(T* to, int64_t to_row_stride, const T* from,
                                int64_t from_row_stride, int64_t M, int64_t N, T scale = 1) {
  constexpr int W = kWidth<T>;
  for (int64_t i = 0; i < M; i += W) {
    const int64_t count = min<int64_t>(W, M - i);
    int64_t j = 0;
    for (; j + W <= N; j += W) {
      Vector<T> rows[W];
      GRADUS_UNROLL
      for (int r = 0; r < W; ++r)  // rows past the end are replaced by row i
        rows[r] = load(from + (r < count ? i + r : i) * from_row_stride + j) * scale;
      transpose<T>(rows);
      GRADUS_UNROLL
      for (int r = 0; r < W; ++r)
        store_up_to(to + (j + r) * to_row_stride + i, rows[r], count);
    }
    for (; j < N; ++j) {
      for (int64_t m = i; m < i + count; ++m)
        to[j * to_row_stride + m] = from[m * from_row_stride + j] * scale;
    }
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
