// The memory layout that the attention kernels share, and the steps they have in common. Letters
// and formulas are those of tensor/kernels/attention.h.
//
// Queries are along the lanes of vectors: a panel is P queries, several vectors, and everything
// that belongs to one query (its numbers, its scores, its maximum and sum) is in one lane. So the
// softmax needs no sum across lanes, and S may have any size. A block of scores is computed
// transposed, for up to kAttentionKeys keys and one panel of queries:
//
//   scores (keys, P) = k (keys, D) q_panel (D, P)
//
// A "panel" of a matrix with one row per query is its transpose (columns, P). "Padded" rows have
// their columns rounded up to a multiple of a vector and follow one another in memory.
#pragma once

#include "tensor/kernels/simd/attention.h"
#include "tensor/kernels/simd/attention_products.h"
#include "tensor/kernels/simd/math.h"
#include "tensor/kernels/simd/transpose.h"

namespace gradus::kernels::GRADUS_ISA {

template <class T>
constexpr int64_t kPanel = kTileVectors* kWidth<T>;  // P
template <class T>
constexpr int64_t kBlockScores = kAttentionKeys* kPanel<T>;
constexpr int64_t kFewQueries = 4;  // up to this L, queries are computed one by one
template <class T>
constexpr T kInfinity = static_cast<T>(__builtin_inf());

template <class T>
GRADUS_INLINE int64_t round_up_to_vectors(int64_t n) {
  return (n + kWidth<T> - 1) / kWidth<T> * kWidth<T>;
}

template <class T>
GRADUS_INLINE int64_t round_up_to_panels(int64_t n) {
  return (n + kPanel<T> - 1) / kPanel<T> * kPanel<T>;
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

/// Calls body(block) for each panel of these queries, with the up to kAttentionKeys keys from `key`
/// on and before `end` that at least one query of the panel sees.
template <class T, class Body>
GRADUS_INLINE void for_each_block(const Attention<T>& attention, const HeadRange& queries,
                                  int64_t key, int64_t end, const Body& body) {
  for (int64_t i = queries.begin; i < queries.end; i += kPanel<T>) {
    const int64_t count = min(kPanel<T>, queries.end - i);
    const int64_t seen = min(end, keys_seen(attention, i + count)) - key;
    const int64_t keys = min<int64_t>(kAttentionKeys, seen);
    if (keys > 0)
      body({.head = queries.head, .query = i, .queries = count, .key = key, .keys = keys});
  }
}

/// How many of the block's keys are seen by the vector of queries that begins at lane n.
template <class T>
GRADUS_INLINE int64_t keys_of_vector(const Attention<T>& attention, const ScoreBlock& block,
                                     int64_t n) {
  return min(block.keys, keys_seen(attention, block.query + n + kWidth<T>) - block.key);
}

// A causal mask hides a triangle of the scores on the diagonal. The products skip its part that
// consists of full vectors: those scores are neither computed nor read.

/// Calls body(lane, queries, keys) for groups of the block's queries that see the same number of
/// keys, but for a part of a vector. All queries are one group if no keys are hidden.
template <class T, class Body>
GRADUS_INLINE void for_each_group_of_queries(const Attention<T>& attention, const ScoreBlock& block,
                                             const Body& body) {
  if (keys_of_vector(attention, block, 0) == block.keys)
    return body(int64_t{0}, block.queries, block.keys);
  for (int64_t n = 0; n < block.queries; n += kWidth<T>) {
    const int64_t count = min<int64_t>(kWidth<T>, block.queries - n);
    body(n, count, keys_of_vector(attention, block, n));
  }
}

/// Calls body(j, keys, lane) for groups of `keys` keys, the first of which is number j of the
/// block, that are seen by the vectors of queries from `lane` on.
template <class T, class Body>
GRADUS_INLINE void for_each_group_of_keys(const Attention<T>& attention, const ScoreBlock& block,
                                          const Body& body) {
  int64_t lane = 0;
  for (int64_t j = 0; j < block.keys; lane += kWidth<T>) {
    const int64_t end = keys_of_vector(attention, block, lane);
    if (end > j) body(j, end - j, lane);
    j = max(j, end);
  }
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

/// The columns of a panel that hold the queries of a block: full vectors.
template <class T>
GRADUS_INLINE int64_t lanes(const ScoreBlock& block) {
  return round_up_to_vectors<T>(block.queries);
}

/// x = 0. n is a multiple of a vector.
template <class T>
GRADUS_INLINE void clear(T* x, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth<T>)
    store(x + i, Vector<T>{});
}

/// scores (keys, P) = x (keys, columns) panel (columns, P). Row j of x, which has `stride` numbers,
/// belongs to key j.
template <class T>
GRADUS_INLINE void multiply_by_panel(T* scores, const T* x, int64_t stride, int64_t columns,
                                     const T* panel, const Attention<T>& attention,
                                     const ScoreBlock& block) {
  if (columns == 0) return clear(scores, block.keys * kPanel<T>);
  for_each_group_of_keys(attention, block, [&](int64_t j, int64_t keys, int64_t lane) {
    multiply<T>({.c = scores + j * kPanel<T> + lane,
                 .a = x + j * stride,
                 .b = panel + lane,
                 .c_row_stride = kPanel<T>,
                 .a_row_stride = stride,
                 .a_col_stride = 1,
                 .b_row_stride = kPanel<T>,
                 .K = columns},
                keys, lanes<T>(block) - lane);
  });
}

/// rows (queries, columns) = factors * rows + weights^T (queries, keys) x (keys, columns): adds the
/// rows of x, weighted, for each query. `columns` is a multiple of a vector.
template <class T>
GRADUS_INLINE void add_weighted_keys(T* rows, const T* factors, const T* weights, const T* x,
                                     int64_t columns, const Attention<T>& attention,
                                     const ScoreBlock& block) {
  for_each_group_of_queries(attention, block, [&](int64_t lane, int64_t queries, int64_t keys) {
    multiply<T>({.c = rows + lane * columns,
                 .a = weights + lane,
                 .b = x,
                 .adds_to_c = true,
                 .factors = factors ? factors + lane : nullptr,
                 .c_row_stride = columns,
                 .a_row_stride = 1,
                 .a_col_stride = kPanel<T>,
                 .b_row_stride = columns,
                 .K = keys},
                queries, columns);
  });
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

/// scores = -inf where the key comes after the query, in the vectors that the products compute.
template <class T>
void hide_later_keys(T* scores, const Attention<T>& attention, const ScoreBlock& block) {
  const bool all_are_earlier = block.key + block.keys - 1 <= block.query;
  if (all_are_earlier) return;
  Integers<T> number;
  for (int i = 0; i < kWidth<T>; ++i)
    number[i] = i;
  for_each_group_of_keys(attention, block, [&](int64_t first, int64_t keys, int64_t lane) {
    for (int64_t j = first; j < first + keys; ++j) {
      T* const score = scores + j * kPanel<T> + lane;
      const int hidden = static_cast<int>(block.key + j - block.query - lane);
      store(score, number < hidden ? broadcast(-kInfinity<T>) : load(score));
    }
  });
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
  if (attention.causal) hide_later_keys(scores, attention, block);
  if (mask.visible != nullptr) return hide_invisible_keys(scores, block, mask, values);
  if (mask.added != nullptr) add_mask(scores, block, mask, values);
  return true;
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

/// to (rows, columns rounded up) = scale * from (rows, columns), with zeros after the columns.
template <class T>
void copy_padded(T* to, const T* from, int64_t from_row_stride, int64_t rows, int64_t columns,
                 T scale = 1) {
  const int64_t padded = round_up_to_vectors<T>(columns);
  if (columns < padded) clear(to, rows * padded);
  copy_rows(to, padded, from, from_row_stride, rows, columns, scale);
}

/// Whether the rows of x are padded as they are.
template <class T>
GRADUS_INLINE bool is_padded(const Heads<const T>& x, int64_t columns) {
  return x.row_stride == columns && columns % kWidth<T> == 0;
}
/// Padded rows of a range of queries or keys: those of x, or a copy. Copying also brings together
/// rows that are far apart, as in a (B, T, 3 C) tensor, and would compete for the same cache lines.
template <class T>
const T* padded_rows(T* copy, const Heads<const T>& x, const HeadRange& range, int64_t columns) {
  const T* const from = row_of(x, range.head, range.begin);
  if (is_padded(x, columns)) return from;
  copy_padded(copy, from, x.row_stride, range.end - range.begin, columns);
  return copy;
}

/// panel (columns, P) = scale * from (queries, columns) transposed, with zeros elsewhere.
template <class T>
void pack_panel(T* panel, const T* from, int64_t from_row_stride, int64_t queries, int64_t columns,
                T scale) {
  if (queries < kPanel<T>) clear(panel, columns * kPanel<T>);
  transpose_to(panel, kPanel<T>, from, from_row_stride, queries, columns, scale);
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
