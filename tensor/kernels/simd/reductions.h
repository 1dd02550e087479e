// Maxima, sums and loops over the elements of a row, vector by vector.
#pragma once

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

/// The maximum of no elements.
template <class T>
constexpr T kNone = -static_cast<T>(__builtin_inf());

/// The maximum of n elements; NaN is ignored.
template <class T>
GRADUS_INLINE T largest_of(const T* x, int64_t n) {
  constexpr int64_t W = kWidth<T>;
  Vector<T> best[4] = {broadcast(kNone<T>), broadcast(kNone<T>), broadcast(kNone<T>),
                       broadcast(kNone<T>)};
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    GRADUS_UNROLL
    for (int v = 0; v < 4; ++v)
      best[v] = max(load(x + i + v * W), best[v]);
  }
  for (; i < n; i += W)
    best[0] = max(load_up_to(x + i, n - i, kNone<T>), best[0]);
  best[0] = max(max(best[0], best[1]), max(best[2], best[3]));
  T largest = kNone<T>;
  for (int k = 0; k < W; ++k)
    largest = best[0][k] > largest ? best[0][k] : largest;
  return largest;
}

/// A sum of vectors, in double.
template <class T>
struct Sum {
  typedef T Half
      __attribute__((vector_size(sizeof(double) == sizeof(T) ? GRADUS_BYTES : GRADUS_BYTES / 2)));
  [[gnu::always_inline]] void add(Vector<T> v) {
    if constexpr (sizeof(T) == sizeof(double)) {
      lanes[0] += v;
    } else {
      struct {
        Half half[2];
      } parts;
      __builtin_memcpy(&parts, &v, sizeof v);
      lanes[0] += __builtin_convertvector(parts.half[0], Vector<double>);
      lanes[1] += __builtin_convertvector(parts.half[1], Vector<double>);
    }
  }
  [[gnu::always_inline]] double total() const {
    const Vector<double> both = lanes[0] + lanes[1];
    double all = 0;
    for (int k = 0; k < kWidth<double>; ++k)
      all += both[k];
    return all;
  }
  Vector<double> lanes[2] = {};
};

/// The sum of term(i, left), a vector of W elements, over i = 0, W, 2 W, ... below n; left = n - i,
/// or W for a full vector. In the tail, the elements from `left` on must be 0. TOGETHER terms are
/// added in T, then their sum is added in double.
template <class T, int TOGETHER = 8, class Term>
GRADUS_INLINE double sum_of(int64_t n, const Term& term) {
  constexpr int64_t W = kWidth<T>;
  Sum<T> sum;
  int64_t i = 0;
  for (; i + TOGETHER * W <= n; i += TOGETHER * W) {
    Vector<T> part = term(i, W);
    GRADUS_UNROLL
    for (int v = 1; v < TOGETHER; ++v)
      part += term(i + v * W, W);
    sum.add(part);
  }
  for (; i < n; i += W)
    sum.add(term(i, n - i));
  return sum.total();
}
/// Calls body(i, left) for the same i.
template <class T, class Body>
GRADUS_INLINE void each(int64_t n, const Body& body) {
  constexpr int64_t W = kWidth<T>;
  int64_t i = 0;
  for (; i + W <= n; i += W)
    body(i, W);
  if (i < n) body(i, n - i);
}

}  // namespace gradus::kernels::GRADUS_ISA
