// The memory layout that the attention kernels of this folder share, and the steps they have in
// common. As in simd/attention_panels.h, queries are along the lanes of vectors: a panel is 32
// queries, and a block of scores is computed transposed, for up to kBf16Keys keys:
//
//   scores (keys, 32) = k (keys, D) q^T (D, 32)
//
// Every product has 32 columns: sums (rows, 32) = a (rows, K) b (K, 32). `a` and `b` are packed
// pairs along K (tile.h). D, Dv and the keys of a block are rounded up to multiples of 32; what is
// beyond their ends is 0.
#pragma once

#include "tensor/kernels/bfloat16/attention.h"
#if defined(GRADUS_AMX)
#include "tensor/kernels/bfloat16/tile_amx.h"
#else
#include "tensor/kernels/bfloat16/tile_avx512.h"
#endif

namespace gradus::kernels::GRADUS_ISA {

constexpr int64_t kPanel = kBf16Columns;  // queries
constexpr int64_t kKeyPairs = kBf16Keys / 2;
constexpr float kInfinity = __builtin_inff();

GRADUS_INLINE int64_t round_up(int64_t n) { return (n + 31) / 32 * 32; }

/// Hands out the pieces of a task's memory, in cache lines. Without memory it only counts, so that
/// the size of the memory and its use come from the same calls.
class Scratch {
 public:
  explicit Scratch(float* memory) : memory_(memory) {}
  float* floats(int64_t n) {
    float* const piece = memory_ ? memory_ + size_ : nullptr;
    size_ += round_up(n);
    return piece;
  }
  uint32_t* pairs(int64_t n) { return reinterpret_cast<uint32_t*>(floats(n)); }
  int64_t size() const { return size_; }

 private:
  float* memory_;
  int64_t size_ = 0;
};

/// The queries query ... query + queries - 1 (at most 32) and the keys key ... key + keys - 1 (at
/// most kBf16Keys) of one head.
struct ScoreBlock {
  int64_t head;
  int64_t query;
  int64_t queries;
  int64_t key;
  int64_t keys;
};

/// How many keys, counted from key 0, are seen by at least one of the queries before `end`.
GRADUS_INLINE int64_t keys_seen(const Attention<float>& attention, int64_t end) {
  return attention.causal ? smaller(attention.S, end) : attention.S;
}

template <class T>
GRADUS_INLINE T* row_of(const Heads<T>& x, int64_t head, int64_t row) {
  return x.data + x.offsets[head] + row * x.row_stride;
}

/// The rows of x from row `begin` on as lines, which have `columns` numbers.
GRADUS_INLINE Lines rows_as_lines(const Heads<const float>& x, int64_t head, int64_t begin,
                                  int64_t rows, int64_t columns) {
  return {row_of(x, head, begin), 1, x.row_stride, rows, columns};
}
/// The columns as lines.
GRADUS_INLINE Lines transposed(const Lines& x) {
  return {x.data, x.i_stride, x.k_stride, x.K, x.count};
}

/// to[i * pairs + p] = pair p of line i, for numbers of lines and pairs that are multiples of 16.
GRADUS_INLINE void pack_a(uint32_t* to, int64_t lines, int64_t pairs, const Lines& x) {
  for (int64_t i = 0; i < lines; i += kLane) {
    for (int64_t p = 0; p < pairs; p += kLane)
      pack_lines(to + i * pairs + p, pairs, x.from(i, 2 * p));
  }
}

/// to[p * 32 + i] = pair p of line i, for 32 lines.
GRADUS_INLINE void pack_b(uint32_t* to, int64_t pairs, const Lines& x) {
  for (int64_t p = 0; p < pairs; p += kLane) {
    for (int64_t i = 0; i < kPanel; i += kLane)
      pack_pairs(to + p * kPanel + i, kPanel, x.from(i, 2 * p));
  }
}

/// x = 0. n is a multiple of 16.
GRADUS_INLINE void clear(float* x, int64_t n) {
  for (int64_t i = 0; i < n; i += kLane)
    _mm512_storeu_ps(x + i, _mm512_setzero_ps());
}

/// to (rows, columns) = factor * from (rows, columns).
GRADUS_INLINE void copy_rows(float* to, int64_t to_stride, const float* from, int64_t from_stride,
                             int64_t rows, int64_t columns, float factor) {
  const __m512 factors = _mm512_set1_ps(factor);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t d = 0; d < columns; d += kLane) {
      const __mmask16 mask = first(columns - d);
      const __m512 x = _mm512_maskz_loadu_ps(mask, from + i * from_stride + d);
      _mm512_mask_storeu_ps(to + i * to_stride + d, mask, _mm512_mul_ps(x, factors));
    }
  }
}

/// Row i of `to` = column i of a panel (columns, 32), for the queries of a panel.
GRADUS_INLINE void store_transposed(float* to, int64_t to_stride, const float* panel,
                                    int64_t columns, int64_t queries) {
  for (int64_t i = 0; i < queries; i += kLane) {
    for (int64_t d = 0; d < columns; d += kLane) {
      const __mmask16 mask = first(columns - d);
      Square square;
      for (int64_t n = 0; n < kLane; ++n)
        square[n] = _mm512_loadu_si512(panel + (d + n) * kPanel + i);
      transpose(square);
      for (int64_t n = 0; n < smaller(kLane, queries - i); ++n)
        _mm512_mask_storeu_epi32(to + (i + n) * to_stride + d, mask, square[n]);
    }
  }
}

/// e^x for x <= 0, or NaN, as exp_below of simd/math.h; but 0 for x < -87, where e^x is less than
/// the smallest normal number: denormal numbers would count as 0 in the products, and an
/// instruction that computes one takes 100 times as long.
GRADUS_INLINE __m512 exp_below(__m512 x) {
  const __mmask16 is_normal = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87), _CMP_NLT_UQ);
  const __m512 shift = _mm512_set1_ps(0x1.8p23f);
  const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(x, _mm512_set1_ps(0x1.715476p0f), shift), shift);
  const __m512 rest = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.63p-1f), x);
  const __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(0x1.bd0106p-13f), rest);
  __m512 p = _mm512_set1_ps(0x1.6d7536p-10f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.120b6cp-7f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5554b8p-5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5554dcp-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  return _mm512_maskz_scalef_ps(is_normal, p, n);
}

}  // namespace gradus::kernels::GRADUS_ISA
