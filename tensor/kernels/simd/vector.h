// Vectors of GRADUS_BYTES bytes, by the compiler's vector extension: + - * / work element by
// element, as do comparisons and mask ? a : b, and a * b + c becomes one instruction.
//
// Only files of simd/ include this. Each of them is compiled once per instruction set, which the
// build says by
//   GRADUS_ISA    the namespace: portable, avx2 or avx512,
//   GRADUS_BYTES  the width of a vector: 16, 32 or 64.
// They include no other inline code, of the standard library or ours: the linker keeps one copy of
// an inline function, and it might be the one that an older processor cannot run.
#pragma once

#include <stddef.h>
#include <stdint.h>
#if defined(__AVX512F__)
#include <immintrin.h>  // parts of vectors by masks, for which the extension has no word
#endif

#define GRADUS_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define GRADUS_UNROLL _Pragma("clang loop unroll(full)")
#define GRADUS_UNROLL_BY(n) GRADUS_PRAGMA(clang loop unroll_count(n))
#else
#define GRADUS_UNROLL _Pragma("GCC unroll 32")
#define GRADUS_UNROLL_BY(n) GRADUS_PRAGMA(GCC unroll n)
#endif
#define GRADUS_INLINE [[gnu::always_inline]] static inline

/// A vector of chosen elements of x (0 to W - 1) and y (W to 2 W - 1).
#if defined(__clang__)
#define GRADUS_SHUFFLE(T, x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define GRADUS_SHUFFLE(T, x, y, ...) __builtin_shuffle(x, y, Integers<T>{__VA_ARGS__})
#endif

namespace gradus::kernels::GRADUS_ISA {

template <size_t BYTES>
struct IntegerOfSize {
  using Type = int32_t;
};
template <>
struct IntegerOfSize<8> {
  using Type = int64_t;
};
template <>
struct IntegerOfSize<1> {
  using Type = int8_t;
};

template <class T>
struct Simd {
  typedef typename IntegerOfSize<sizeof(T)>::Type Integers
      __attribute__((vector_size(GRADUS_BYTES)));
  typedef T Vector __attribute__((vector_size(GRADUS_BYTES)));
  // The same vector in memory: it need not be aligned, and may alias an array of T.
  typedef T Unaligned __attribute__((vector_size(GRADUS_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr int kWidth = GRADUS_BYTES / sizeof(T);
};
template <class T>
using Vector = typename Simd<T>::Vector;
template <class T>
using Integers = typename Simd<T>::Integers;  // of the same size, as comparisons and masks have it
template <class T>
constexpr int kWidth = Simd<T>::kWidth;

template <class T>
GRADUS_INLINE Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}
template <class T>
GRADUS_INLINE void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}
template <class T>
GRADUS_INLINE Vector<T> broadcast(T value) {
  return value - Vector<T>{};
}

/// The first n < kWidth numbers at p, then `rest`.
template <class T>
GRADUS_INLINE Vector<T> load_part(const T* p, int64_t n, T rest = 0) {
#if defined(__AVX512F__)
  const uint64_t mask = (uint64_t{1} << n) - 1;
  const Vector<T> others = broadcast(rest);
  if constexpr (sizeof(T) == 1)
    return (Vector<T>)_mm512_mask_loadu_epi8((__m512i)others, mask, p);
  else if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm512_mask_loadu_ps((__m512)others, static_cast<uint16_t>(mask), p);
  else
    return (Vector<T>)_mm512_mask_loadu_pd((__m512d)others, static_cast<uint8_t>(mask), p);
#else
  Vector<T> v = broadcast(rest);
  for (int64_t i = 0; i < n; ++i)
    v[i] = p[i];
  return v;
#endif
}
template <class T>
GRADUS_INLINE void store_part(T* p, Vector<T> v, int64_t n) {
#if defined(__AVX512F__)
  const uint64_t mask = (uint64_t{1} << n) - 1;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, static_cast<uint16_t>(mask), (__m512)v);
  else
    _mm512_mask_storeu_pd(p, static_cast<uint8_t>(mask), (__m512d)v);
#else
  T all[kWidth<T>];  // in memory: taken out of v, the numbers might be computed, and rounded,
                     // otherwise than all of v
  store(all, v);
  for (int64_t i = 0; i < n; ++i)
    p[i] = all[i];
#endif
}

/// The same where n may also be a whole vector or more.
template <class T>
GRADUS_INLINE Vector<T> load_up_to(const T* p, int64_t n, T rest = 0) {
  return n < kWidth<T> ? load_part(p, n, rest) : load(p);
}
template <class T>
GRADUS_INLINE void store_up_to(T* p, Vector<T> v, int64_t n) {
  if (n < kWidth<T>)
    store_part(p, v, n);
  else
    store(p, v);
}

/// The larger (smaller) of each pair; b where a is NaN.
template <class V>
GRADUS_INLINE V max(V a, V b) {
  return a > b ? a : b;
}
template <class V>
GRADUS_INLINE V min(V a, V b) {
  return a < b ? a : b;
}

/// The largest of no numbers.
template <class T>
constexpr T kNone = -static_cast<T>(__builtin_inf());

/// The largest of n numbers; NaN is passed over.
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

/// Sums of vectors in double.
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

/// Sum of term(i, left) for i = 0, W, 2 W, ... below n. Where fewer than W numbers are left, those
/// beyond must be 0. TOGETHER terms are added in T, then all in double.
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
/// body(i, left) for the same i.
template <class T, class Body>
GRADUS_INLINE void each(int64_t n, const Body& body) {
  constexpr int64_t W = kWidth<T>;
  int64_t i = 0;
  for (; i + W <= n; i += W)
    body(i, W);
  if (i < n) body(i, n - i);
}

}  // namespace gradus::kernels::GRADUS_ISA
