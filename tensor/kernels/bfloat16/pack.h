// Packing: float32 numbers become pairs of bfloat16, the numbers of an even k and of the next one,
// in the order in which the micro-kernels read them. The unit is a square of 16 lines, rows of A or
// columns of B, and 16 pairs, k = 0 ... 31. What is beyond the end of a line or of the lines is 0.
//
// Like the files of simd/, these are compiled for one instruction set, in a namespace of its own,
// and share no inline code with others.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "tensor/kernels/bfloat16/gemm.h"

#define GRADUS_INLINE [[gnu::always_inline]] static inline
#if defined(__clang__)
#define GRADUS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define GRADUS_UNROLL _Pragma("GCC unroll 32")
#endif

namespace gradus::kernels::GRADUS_ISA {

constexpr int kLane = 16;  // pairs, or floats, in a vector
using Pairs = __m512i;
using Square = Pairs[kLane];

// Where gemm.cpp packs the square of A from row i and pair p on, and the square of a panel of B
// from column j and pair p on; `stride` is that of packed A.
#if defined(GRADUS_AMX)
// Each square is 1 KiB in one piece, as the tile registers are. The two of rows 0 to 15 and of rows
// 16 to 31 follow each other, as do the two of the columns of a panel.
constexpr bool kInSquares = true;
constexpr int64_t kSquare = kLane * kLane;
constexpr int64_t packed_stride(int64_t depth) { return depth / 2; }
constexpr int64_t square_of_a(int64_t i, int64_t p, int64_t stride) {
  return i / (2 * kLane) * 2 * kLane * stride + (p / kLane * 2 + i / kLane % 2) * kSquare;
}
constexpr int64_t square_of_b(int64_t j, int64_t p) {
  return (p / kLane * 2 + j / kLane) * kSquare;
}
#else
// A in rows. Those that are a multiple of 4096 bytes apart would compete for one set of the L1
// cache.
constexpr bool kInSquares = false;
constexpr int64_t packed_stride(int64_t depth) { return depth / 2 + kLane; }
constexpr int64_t square_of_a(int64_t i, int64_t p, int64_t stride) { return i * stride + p; }
constexpr int64_t square_of_b(int64_t j, int64_t p) { return p * kBf16Columns + j; }
#endif

/// The lines of a factor: number k of line i is data[k * k_stride + i * i_stride].
struct Lines {
  const float* data;
  int64_t k_stride;
  int64_t i_stride;
  int64_t count;  // lines
  int64_t K;      // numbers of a line

  Lines from(int64_t i, int64_t k) const {
    return {data + k * k_stride + i * i_stride, k_stride, i_stride, count - i, K - k};
  }
};

GRADUS_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
GRADUS_INLINE int64_t larger(int64_t a, int64_t b) { return a < b ? b : a; }

/// A mask of the first n of 16 numbers; n may be negative or larger.
GRADUS_INLINE __mmask16 first(int64_t n) {
  return static_cast<__mmask16>(n >= kLane ? 0xffff : n <= 0 ? 0 : (1 << n) - 1);
}

/// 16 pairs from 32 numbers that follow one another.
GRADUS_INLINE Pairs pairs_of(__m512 lower, __m512 upper) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(upper, lower));
}

/// 16 pairs from 16 numbers of an even k and 16 of the next.
GRADUS_INLINE Pairs interleaved_pairs(__m512 even, __m512 odd) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, pairs_of(even, odd));
}

/// What is packed of a number: TERM 0: the number itself, which is rounded to bfloat16 then; TERM
/// 1: what the rounding took away. Both together have 16 significant bits.
template <int TERM>
GRADUS_INLINE __m512 term(__m512 x) {
  if constexpr (TERM == 0) return x;
  const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
  return x - reinterpret_cast<__m512>(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16));
}

/// square[i] = the pairs of line i, for k_stride 1.
template <int TERM>
GRADUS_INLINE void load_lines(Square& square, const Lines& x) {
  if (x.count >= kLane && x.K >= 2 * kLane) {
    GRADUS_UNROLL
    for (int i = 0; i < kLane; ++i) {
      const float* const line = x.data + i * x.i_stride;
      square[i] =
          pairs_of(term<TERM>(_mm512_loadu_ps(line)), term<TERM>(_mm512_loadu_ps(line + kLane)));
    }
    return;
  }
  const __mmask16 lower = first(x.K);
  const __mmask16 upper = first(x.K - kLane);
  for (int i = 0; i < kLane; ++i) {
    const float* const line = x.data + i * x.i_stride;
    square[i] = i < x.count ? pairs_of(term<TERM>(_mm512_maskz_loadu_ps(lower, line)),
                                       term<TERM>(_mm512_maskz_loadu_ps(upper, line + kLane)))
                            : _mm512_setzero_si512();
  }
}

/// square[p] = pair p of every line, for i_stride 1.
template <int TERM>
GRADUS_INLINE void load_pairs(Square& square, const Lines& x) {
  if (x.count >= kLane && x.K >= 2 * kLane) {
    GRADUS_UNROLL
    for (int p = 0; p < kLane; ++p) {
      const float* const even = x.data + 2 * p * x.k_stride;
      square[p] = interleaved_pairs(term<TERM>(_mm512_loadu_ps(even)),
                                    term<TERM>(_mm512_loadu_ps(even + x.k_stride)));
    }
    return;
  }
  const __mmask16 lines = first(x.count);
  for (int p = 0; p < kLane; ++p) {
    const float* const even = x.data + 2 * p * x.k_stride;
    const __mmask16 has_even = 2 * p < x.K ? lines : 0;
    const __mmask16 has_odd = 2 * p + 1 < x.K ? lines : 0;
    square[p] = interleaved_pairs(term<TERM>(_mm512_maskz_loadu_ps(has_even, even)),
                                  term<TERM>(_mm512_maskz_loadu_ps(has_odd, even + x.k_stride)));
  }
}

/// square[i] = the pairs of line i, for any strides.
template <int TERM>
GRADUS_INLINE void gather_lines(Square& square, const Lines& x) {
  for (int i = 0; i < kLane; ++i) {
    alignas(64) float line[2 * kLane] = {};
    for (int k = 0; i < x.count && k < smaller(x.K, 2 * kLane); ++k)
      line[k] = x.data[i * x.i_stride + k * x.k_stride];
    square[i] =
        pairs_of(term<TERM>(_mm512_load_ps(line)), term<TERM>(_mm512_load_ps(line + kLane)));
  }
}

/// Exchanges lines and pairs: number j of square[i] and number i of square[j].
GRADUS_INLINE void transpose(Square& r) {
  Square t;
  GRADUS_UNROLL
  for (int i = 0; i < kLane; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  GRADUS_UNROLL
  for (int i = 0; i < kLane; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  GRADUS_UNROLL
  for (int i = 0; i < 4; ++i) {  // quarters of vectors: 0x88 takes the even ones, 0xdd the odd ones
    const Pairs a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    const Pairs b = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    const Pairs c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    const Pairs d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    t[i] = _mm512_shuffle_i32x4(a, c, 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
    t[i + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
    t[i + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
  GRADUS_UNROLL
  for (int i = 0; i < kLane; ++i)
    r[i] = t[i];
}

/// Stores the vectors of a square at `to`, `stride` pairs apart.
GRADUS_INLINE void store_square(uint32_t* to, int64_t stride, const Square& square) {
  GRADUS_UNROLL
  for (int i = 0; i < kLane; ++i)
    _mm512_storeu_si512(to + i * stride, square[i]);
}

/// to[i * stride + p] = pair p of line i, for 16 lines and 16 pairs.
template <int TERM = 0>
GRADUS_INLINE void pack_lines(uint32_t* to, int64_t stride, const Lines& x) {
  Square square;
  if (x.k_stride == 1) {
    load_lines<TERM>(square, x);
  } else if (x.i_stride == 1) {
    load_pairs<TERM>(square, x);
    transpose(square);
  } else {
    gather_lines<TERM>(square, x);
  }
  store_square(to, stride, square);
}

/// to[p * stride + i] = pair p of line i, for 16 lines and 16 pairs.
template <int TERM = 0>
GRADUS_INLINE void pack_pairs(uint32_t* to, int64_t stride, const Lines& x) {
  Square square;
  if (x.i_stride == 1) {
    load_pairs<TERM>(square, x);
  } else {
    if (x.k_stride == 1)
      load_lines<TERM>(square, x);
    else
      gather_lines<TERM>(square, x);
    transpose(square);
  }
  store_square(to, stride, square);
}

}  // namespace gradus::kernels::GRADUS_ISA
