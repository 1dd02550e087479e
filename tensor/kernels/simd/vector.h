// Vectors of GRADUS_BYTES bytes, made with the compiler's vector extension: + - * /, comparisons
// and `mask ? a : b` work element by element, and a * b + c becomes one fused instruction.
//
// Only the files of simd/ include this. Each .cpp of them is compiled once per instruction set. The
// build defines
//   GRADUS_ISA    the namespace: portable, avx2 or avx512,
//   GRADUS_BYTES  the width of a vector: 16, 32 or 64.
// These files include no inline code that other files use, neither of the standard library nor of
// Gradus: the linker keeps one copy of an inline function, and that copy may need instructions that
// an older processor does not have.
#pragma once

#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>  // masked loads and stores, which the extension does not have
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

/// A vector of elements of x and y, selected by index: 0 to W - 1 for x, W to 2 W - 1 for y.
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
  // A vector in memory: it need not be aligned and may alias an array of T.
  typedef T Unaligned __attribute__((vector_size(GRADUS_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr int kWidth = GRADUS_BYTES / sizeof(T);
};
template <class T>
using Vector = typename Simd<T>::Vector;
/// A vector of integers as wide as T: the bits of a Vector<T>, or a mask. A comparison gives a
/// mask, -1 for true and 0 for false.
template <class T>
using Integers = typename Simd<T>::Integers;
/// The number of elements, also called W.
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

#if defined(__AVX2__) && !defined(__AVX512F__)
alignas(64) static constexpr int32_t kOnesAndZeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
/// The mask of the first n elements of a vector.
template <class T>
GRADUS_INLINE Integers<T> first_elements(int64_t n) {
  const int32_t* const ones = kOnesAndZeros + 8 - n * static_cast<int64_t>(sizeof(T) / 4);
  return (Integers<T>)load(ones);
}
#endif

/// The first n < W elements at p; the other elements are `rest`.
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
#if defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    const Integers<T> mask = first_elements<T>(n);
    const int* const bits = reinterpret_cast<const int*>(p);
    return mask ? (Vector<T>)_mm256_maskload_epi32(bits, (__m256i)mask) : broadcast(rest);
  } else if constexpr (sizeof(T) == 8) {
    const Integers<T> mask = first_elements<T>(n);
    const long long* const bits = reinterpret_cast<const long long*>(p);
    return mask ? (Vector<T>)_mm256_maskload_epi64(bits, (__m256i)mask) : broadcast(rest);
  }
#endif
  Vector<T> v = broadcast(rest);
  for (int64_t i = 0; i < n; ++i)
    v[i] = p[i];
  return v;
#endif
}
/// Stores the first n < W elements of v.
template <class T>
GRADUS_INLINE void store_part(T* p, Vector<T> v, int64_t n) {
#if defined(__AVX512F__)
  const uint64_t mask = (uint64_t{1} << n) - 1;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, static_cast<uint16_t>(mask), (__m512)v);
  else
    _mm512_mask_storeu_pd(p, static_cast<uint8_t>(mask), (__m512d)v);
#else
  // Through memory: if elements of v were used one by one, the compiler might compute them
  // separately, and round them differently from the full vector.
  T all[kWidth<T>];
  store(all, v);
  const T* from = all;
  GRADUS_UNROLL
  for (int64_t size = kWidth<T> / 2; size > 0; size /= 2) {
    if ((n & size) == 0) continue;
    __builtin_memcpy(p, from, static_cast<size_t>(size) * sizeof(T));
    from += size;
    p += size;
  }
#endif
}

/// The same for any n > 0; n >= W loads or stores the full vector.
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

/// The larger, or smaller, of each pair; b if a is NaN.
template <class V>
GRADUS_INLINE V max(V a, V b) {
  return a > b ? a : b;
}
template <class V>
GRADUS_INLINE V min(V a, V b) {
  return a < b ? a : b;
}

}  // namespace gradus::kernels::GRADUS_ISA
