// The memory layout that the attention kernels share, and the steps they have in common. Letters
// and formulas are those of tensor/kernels/attention.h.
//
// Queries are along the lanes of vectors: a panel is P = 2 vectors of queries, and everything that
// belongs to one query (its numbers, its scores, its maximum and sum) is in one lane. So the
// softmax needs no sum across lanes, S and D may have any size, and rows of k and v are read in
// place. A block of scores is computed transposed, for up to kAttentionKeys keys and one panel of
// queries:
//
//   scores (keys, P) = k (keys, D) q_panel (D, P)
//
// A "panel" of a matrix with one row per query is its transpose (columns, P); "rows" are the same
// numbers not transposed, (P, columns), with columns rounded up to a multiple of a vector.
#pragma once

#include "tensor/kernels/simd/attention.h"
#include "tensor/kernels/simd/math.h"
#include "tensor/kernels/simd/tile.h"
#include "tensor/kernels/simd/transpose.h"

namespace gradus::kernels::GRADUS_ISA {

template <class T>
constexpr int64_t kPanel = 2 * kWidth<T>;  // P
template <class T>
constexpr int64_t kBlockScores = kAttentionKeys* kPanel<T>;
constexpr int64_t kFewQueries = 4;  // up to this L, queries are computed one by one
template <class T>
constexpr T kInfinity = static_cast<T>(__builtin_inf());

template <class T>
GRADUS_INLINE int64_t round_up_to_vectors(int64_t n) {
  return (n + kWidth<T> - 1) / kWidth<T> * kWidth<T>;
}

/// Hands out the pieces of a task's memory. Without memory it only counts, so that the size of the
/// memory and its use come from the same calls.
template <class T>
class Scratch {
 public:
  explicit Scratch(T* memory) : memory_(memory) {}
  T* take(int64_t n) {
    T* const piece = memory_ ? memory_ + size_ : nullptr;
    size_ += round_up_to_vectors<T>(n);
    return piece;
  }
  int64_t size() const { return size_; }

 private:
  T* memory_;
  int64_t size_ = 0;
};

/// The queries query ... query + queries - 1 (at most P) and the keys key ... key + keys - 1 (at
/// most kAttentionKeys) of one head.
struct ScoreBlock {
  int64_t head;
  int64_t query;
  int64_t queries;
  int64_t key;
  int64_t keys;
};

/// How many keys, counted from key 0, are seen by at least one of the queries before `end`.
template <class T>
GRADUS_INLINE int64_t keys_seen(const Attention<T>& attention, int64_t end) {
  return attention.causal ? min(attention.S, end) : attention.S;
}

template <class T>
GRADUS_INLINE T* row_of(const Heads<T>& x, int64_t head, int64_t row = 0) {
  return x.data + x.offsets[head] + row * x.row_stride;
}
template <class T>
GRADUS_INLINE int64_t mask_offset(const AttentionMask<T>& mask, int64_t head, int64_t i,
                                  int64_t j) {
  return mask.offsets[head] + i * mask.row_stride + j * mask.col_stride;
}
template <class T>
GRADUS_INLINE T dropout_factor(const Attention<T>& attention, int64_t head, int64_t i, int64_t j) {
  const int64_t bit = (head * attention.L + i) * attention.S + j;
  const bool kept = (attention.dropout.kept[bit >> 6] >> (bit & 63) & 1) != 0;
  return kept ? attention.dropout.kept_scale : 0;
}

/// c (M, N) = a (M, K) b (K, N) + start * start_factors, in tiles of nearly equal heights. N is a
/// multiple of a vector.
template <class T>
void multiply(const Tiles<T>& product, int64_t M, int64_t N) {
  const int64_t tiles = (M + kMR - 1) / kMR;
  for (int64_t n = 0; n < N; n += kNR<T>) {
    Tiles<T> tile = product;
    tile.c += n;
    tile.b += n;
    if (tile.start) tile.start += n;
    if (tile.start_factors) tile.start_factors += n;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t rows = M / tiles + (t < M % tiles);
      micro_kernel_for<T, false>(rows, N - n > kWidth<T>)(tile);
      tile.c += rows * tile.c_row_stride;
      tile.a += rows * tile.a_row_stride;
      if (tile.start) tile.start += rows * tile.start_row_stride;
    }
  }
}

/// scores (keys, P) = x (keys, columns) panel (columns, P), where row j of x belongs to key j.
template <class T>
GRADUS_INLINE void multiply_by_panel(T* scores, const Heads<const T>& x, int64_t columns,
                                     const T* panel, const ScoreBlock& block) {
  multiply<T>({.c = scores,
               .a = row_of(x, block.head, block.key),
               .b = panel,
               .c_row_stride = kPanel<T>,
               .a_row_stride = x.row_stride,
               .a_col_stride = 1,
               .b_row_stride = kPanel<T>,
               .K = columns},
              block.keys, kPanel<T>);
}

/// panel (columns, P) = start * start_factors + x^T (columns, keys) weights (keys, P): adds the
/// rows of x, weighted, for each query.
template <class T>
GRADUS_INLINE void add_weighted_rows(T* panel, const T* start_factors, const Heads<const T>& x,
                                     int64_t columns, const T* weights, const ScoreBlock& block) {
  multiply<T>({.c = panel,
               .a = row_of(x, block.head, block.key),
               .b = weights,
               .start = panel,
               .start_factors = start_factors,
               .c_row_stride = kPanel<T>,
               .a_row_stride = 1,
               .a_col_stride = x.row_stride,
               .b_row_stride = kPanel<T>,
               .start_row_stride = kPanel<T>,
               .K = block.keys},
              columns, kPanel<T>);
}

/// One number for each score of a block: its mask or its dropout factor.
template <class T>
struct BlockValues {
  T* panel;  // (keys, P), like the scores
  T* rows;   // (P, kAttentionKeys), before transposing

  explicit BlockValues(Scratch<T>& scratch)
      : panel(scratch.take(kBlockScores<T>)), rows(scratch.take(kBlockScores<T>)) {}
};

/// values.panel = value(query, key) for the queries and keys of the block.
template <class T, class Value>
GRADUS_INLINE void fill(const BlockValues<T>& values, const ScoreBlock& block, const Value& value) {
  for (int64_t i = 0; i < block.queries; ++i) {
    for (int64_t j = 0; j < block.keys; ++j)
      values.rows[i * kAttentionKeys + j] = value(block.query + i, block.key + j);
  }
  transpose_to(values.panel, kPanel<T>, values.rows, kAttentionKeys, block.queries, block.keys);
}

template <class T>
GRADUS_INLINE void fill_with_dropout_factors(const BlockValues<T>& values, const ScoreBlock& block,
                                             const Attention<T>& attention) {
  fill(values, block, [&](int64_t query, int64_t key) {
    return dropout_factor(attention, block.head, query, key);
  });
}

/// scores = -inf where the key comes after the query.
template <class T>
void hide_later_keys(T* scores, const ScoreBlock& block) {
  constexpr int W = kWidth<T>;
  const bool all_are_earlier = block.key + block.keys - 1 <= block.query;
  if (all_are_earlier) return;
  Integers<T> lane;
  for (int i = 0; i < W; ++i)
    lane[i] = i;
  for (int64_t n = 0; n < block.keys * kPanel<T>; n += W) {
    const int64_t key = block.key + n / kPanel<T>;
    const int64_t query = block.query + n % kPanel<T>;  // of lane 0
    if (key <= query) continue;
    const int hidden_lanes = static_cast<int>(min<int64_t>(key - query, W));
    store(scores + n, lane < hidden_lanes ? broadcast(-kInfinity<T>) : load(scores + n));
  }
}

/// scores = -inf where the mask is false. Returns whether any key of the block is visible.
template <class T>
bool hide_invisible_keys(T* scores, const ScoreBlock& block, const AttentionMask<T>& mask,
                         const BlockValues<T>& values) {
  bool any = false;
  fill(values, block, [&](int64_t query, int64_t key) {
    const bool visible = mask.visible[mask_offset(mask, block.head, query, key)];
    any |= visible;
    return static_cast<T>(visible);
  });
  if (!any) return false;
  const Vector<T> hidden = broadcast(-kInfinity<T>);
  const T* const visible = values.panel;
  const int64_t numbers = block.keys * kPanel<T>;
  for (int64_t n = 0; n < numbers; n += kWidth<T>)
    store(scores + n, load(visible + n) == 0 ? hidden : load(scores + n));
  return true;
}

template <class T>
void add_mask(T* scores, const ScoreBlock& block, const AttentionMask<T>& mask,
              const BlockValues<T>& values) {
  if (mask.col_stride == 1) {
    const int64_t begin = mask_offset(mask, block.head, block.query, block.key);
    transpose_to(values.panel, kPanel<T>, mask.added + begin, mask.row_stride, block.queries,
                 block.keys);
  } else {
    fill(values, block, [&](int64_t query, int64_t key) {
      return mask.added[mask_offset(mask, block.head, query, key)];
    });
  }
  const T* const added = values.panel;
  const int64_t numbers = block.keys * kPanel<T>;
  for (int64_t n = 0; n < numbers; n += kWidth<T>)
    store(scores + n, load(scores + n) + load(added + n));
}

/// Masks the scores of a block. Returns false if the mask hides all of them.
template <class T>
bool apply_masks(T* scores, const ScoreBlock& block, const Attention<T>& attention,
                 const BlockValues<T>& values) {
  const AttentionMask<T>& mask = attention.mask;
  if (attention.causal) hide_later_keys(scores, block);
  if (mask.visible) return hide_invisible_keys(scores, block, mask, values);
  if (mask.added) add_mask(scores, block, mask, values);
  return true;
}

/// x = 0. n is a multiple of a vector.
template <class T>
GRADUS_INLINE void clear(T* x, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth<T>)
    store(x + i, Vector<T>{});
}

/// to (rows, columns) = scale * from (rows, columns).
template <class T>
void copy_rows(T* to, int64_t to_row_stride, const T* from, int64_t from_row_stride, int64_t rows,
               int64_t columns, T scale = 1) {
  for (int64_t i = 0; i < rows; ++i) {
    int64_t d = 0;
    for (; d + kWidth<T> <= columns; d += kWidth<T>)
      store(to + d, load(from + d) * scale);
    for (; d < columns; ++d)
      to[d] = from[d] * scale;
    to += to_row_stride;
    from += from_row_stride;
  }
}

/// rows (P, columns rounded up) = scale * from (queries, columns), with zeros elsewhere, and panel
/// (columns, P), the same transposed.
template <class T>
void pack_panel(T* rows, T* panel, const T* from, int64_t from_row_stride, int64_t queries,
                int64_t columns, T scale) {
  const int64_t padded = round_up_to_vectors<T>(columns);
  if (queries < kPanel<T> || columns < padded) clear(rows, kPanel<T> * padded);
  copy_rows(rows, padded, from, from_row_stride, queries, columns, scale);
  transpose_to(panel, kPanel<T>, rows, padded, kPanel<T>, columns);
}

/// Lane i: the sum of the lanes of rows[i]. Changes the W rows.
template <class T>
GRADUS_INLINE Vector<T> lane_sums(Vector<T>* rows) {
  transpose<T>(rows);
  Vector<T> sums = {};
  GRADUS_UNROLL
  for (int i = 0; i < kWidth<T>; ++i)
    sums += rows[i];
  return sums;
}

/// out[j] = factor * (x . row j of y) for j < rows, over n columns. Writes full vectors. The rows
/// of y are read one after the other, because the processor prefetches only numbers that are used
/// in their order. Never inlined: the forward and the backward must get the same bits for the same
/// products, and in two inlined copies the compiler may fuse multiplications with additions
/// differently.
template <class T>
[[gnu::noinline]] void dots_with_rows(T* out, const T* x, const T* y, int64_t y_row_stride,
                                      int64_t rows, int64_t n, T factor) {
  constexpr int W = kWidth<T>;
  for (int64_t j = 0; j < rows; j += W) {
    Vector<T> sums[W];
    for (int i = 0; i < W; ++i) {
      const T* const row = y + min(j + i, rows - 1) * y_row_stride;
      Vector<T> sum = {};
      int64_t d = 0;
      for (; d + W <= n; d += W)
        sum += load(x + d) * load(row + d);
      if (d < n) sum += load_part(x + d, n - d) * load_part(row + d, n - d);
      sums[i] = sum;
    }
    store(out + j, lane_sums<T>(sums) * factor);
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
