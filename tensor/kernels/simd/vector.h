// Vectors of GRADUS_BYTES bytes, by the compiler's vector extension: + - * / work element by element, as do comparisons
// and mask ? a : b, and a * b + c becomes one instruction.
//
// Only files of simd/ include this. Each of them is compiled once per instruction set, which the build says by
//   GRADUS_ISA    the namespace: portable, avx2 or avx512,
//   GRADUS_BYTES  the width of a vector: 16, 32 or 64.
// They include no other inline code, of the standard library or ours: the linker keeps one copy of an inline function,
// and it might be the one that an older processor cannot run.
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
#define GRADUS_SHUFFLE(T, x, y, ...) __builtin_shuffle(x, y, Whole<T>{__VA_ARGS__})
#endif

namespace gradus::kernels::GRADUS_ISA {

template <size_t BYTES> struct WholeNumber { using Type = int32_t; };
template <> struct WholeNumber<8> { using Type = int64_t; };

template <class T> struct Simd {
  typedef typename WholeNumber<sizeof(T)>::Type Whole __attribute__((vector_size(GRADUS_BYTES)));
  typedef T Vector __attribute__((vector_size(GRADUS_BYTES)));
  // The same vector in memory: it need not be aligned, and may alias an array of T.
  typedef T Unaligned __attribute__((vector_size(GRADUS_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr int kWidth = GRADUS_BYTES / sizeof(T);
};
template <class T> using Vector = typename Simd<T>::Vector;
template <class T> using Whole = typename Simd<T>::Whole;  // of the same size, as comparisons and masks have it
template <class T> constexpr int kWidth = Simd<T>::kWidth;

template <class T> GRADUS_INLINE Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}
template <class T> GRADUS_INLINE void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}
template <class T> GRADUS_INLINE Vector<T> broadcast(T value) { return value - Vector<T>{}; }

/// The first n < kWidth numbers at p, then `rest`.
template <class T> GRADUS_INLINE Vector<T> load_part(const T* p, int64_t n, T rest = 0) {
#if defined(__AVX512F__)
  const auto mask = static_cast<uint16_t>((1u << n) - 1);
  const Vector<T> others = broadcast(rest);
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm512_mask_loadu_ps((__m512)others, mask, p);
  else return (Vector<T>)_mm512_mask_loadu_pd((__m512d)others, static_cast<uint8_t>(mask), p);
#else
  Vector<T> v = broadcast(rest);
  for (int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
#endif
}
template <class T> GRADUS_INLINE void store_part(T* p, Vector<T> v, int64_t n) {
#if defined(__AVX512F__)
  const auto mask = static_cast<uint16_t>((1u << n) - 1);
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(p, mask, (__m512)v);
  else _mm512_mask_storeu_pd(p, static_cast<uint8_t>(mask), (__m512d)v);
#else
  for (int64_t i = 0; i < n; ++i) p[i] = v[i];
#endif
}

/// The larger (smaller) of each pair; b where a is NaN.
template <class V> GRADUS_INLINE V max(V a, V b) { return a > b ? a : b; }
template <class V> GRADUS_INLINE V min(V a, V b) { return a < b ? a : b; }

}  // namespace gradus::kernels::GRADUS_ISA
