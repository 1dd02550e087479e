// The backward of attention for a block of keys, by FlashAttention (Dao et al. 2022): instead of
// keeping the (L, S) weights, it computes them again from the scores and the forward's m and l.
// Formulas and letters: tensor/kernels/attention.h; memory layout: attention_panels.h. For a panel
// of queries and a block of keys, with all (keys, P) matrices transposed:
//
//   scores = k q^T                   q is packed times scale here
//   P = exp(scores - m) / l
//   dP = (v dy^T) * Z                Z: dropout
//   dS = P * (dP - delta)            delta = rowsum(dy * y), once per query
//   dv += (P * Z) dy
//   dk += dS q                       times scale at the end
//   dq += dS^T k                     times scale at the end
//
// Sums over the same numbers are added in the same order here and in the forward, and for dP and
// delta: so P is the forward's, and where one weight is 1, dP - delta is exactly 0.
#include "tensor/kernels/simd/attention_panels.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// The memory of a task. D and Dv are rounded up to a multiple of a vector.
template <class T>
struct BackwardScratch {
  int64_t D;              // attention.D rounded up
  int64_t Dv;             // attention.Dv rounded up
  T* weights;             // (kAttentionKeys, P): scores, then P * Z
  T* dscores;             // (kAttentionKeys, P): dP, then dS
  BlockValues<T> values;  // mask or dropout factors of these scores
  T* maxima;              // (kAttentionQueries): m
  T* inverses;            // (kAttentionQueries): 1 / l
  T* delta;               // (kAttentionQueries)
  T* q_rows;              // (kAttentionQueries, D), for padded_rows
  T* q_panels;            // (D, P) for each panel, times scale
  T* dy_rows;             // (kAttentionQueries, Dv), for padded_rows
  T* dy_panels;           // (Dv, P)
  T* y_panel;             // (Dv, P), one panel only
  T* dq;                  // (kAttentionQueries, D)
  T* k;                   // (keys, D), for padded_rows
  T* v;                   // (keys, Dv)
  T* dk;                  // (keys, D)
  T* dv;                  // (keys, Dv)

  BackwardScratch(const Attention<T>& attention, int64_t keys, Scratch<T>& scratch)
      : D(round_up_to_vectors<T>(attention.D)),
        Dv(round_up_to_vectors<T>(attention.Dv)),
        weights(scratch.take(kBlockScores<T>)),
        dscores(scratch.take(kBlockScores<T>)),
        values(scratch),
        maxima(scratch.take(kAttentionQueries)),
        inverses(scratch.take(kAttentionQueries)),
        delta(scratch.take(kAttentionQueries)),
        q_rows(scratch.take(kAttentionQueries * D)),
        q_panels(scratch.take(kAttentionQueries * D)),
        dy_rows(scratch.take(kAttentionQueries * Dv)),
        dy_panels(scratch.take(kAttentionQueries * Dv)),
        y_panel(scratch.take(kPanel<T> * Dv)),
        dq(scratch.take(kAttentionQueries * D)),
        k(scratch.take(is_padded(attention.k, attention.D) ? 0 : keys * D)),
        v(scratch.take(is_padded(attention.v, attention.Dv) ? 0 : keys * Dv)),
        dk(scratch.take(keys * D)),
        dv(scratch.take(keys * Dv)) {}
};

/// delta = rowsum(dy * y) for the panel of queries that begins at number i, which is number `first`
/// of its block. The order of the additions is that of dP.
template <class T>
void compute_delta(const BackwardScratch<T>& scratch, const AttentionGradients<T>& gradients,
                   const Attention<T>& attention, int64_t head, int64_t i, int64_t first,
                   int64_t count) {
  constexpr int64_t P = kPanel<T>;
  constexpr int64_t W = kWidth<T>;
  const auto& [dq, dk, dv, dy, y, sums] = gradients;
  const T* const dy_row = row_of(dy, head, i);
  const T* const y_row = row_of(y, head, i);
  T* const delta = scratch.delta + first;
  if (attention.L <= kFewQueries) {
    for (int64_t n = 0; n < count; ++n) {
      T product[W];  // a full vector is written
      dots_with_rows(product, dy_row + n * dy.row_stride, y_row + n * y.row_stride, 0, 1,
                     attention.Dv, T(1));
      delta[n] = product[0];
    }
    return;
  }
  pack_panel(scratch.y_panel, y_row, y.row_stride, count, attention.Dv, T(1));
  const T* const dy_panel = scratch.dy_panels + first * scratch.Dv;
  for (int64_t n = 0; n < P; n += W) {
    Vector<T> total = {};
    for (int64_t d = 0; d < attention.Dv; ++d)
      total += load(dy_panel + d * P + n) * load(scratch.y_panel + d * P + n);
    store(delta + n, total);
  }
}

/// Packs q and dy of a block of queries, copies m and 1 / l, computes delta; dq = 0.
template <class T>
void start_queries(const BackwardScratch<T>& scratch, const AttentionGradients<T>& gradients,
                   const Attention<T>& attention, const HeadRange& queries) {
  constexpr int64_t P = kPanel<T>;
  const Heads<const T>& dy = gradients.dy;
  const int64_t head = queries.head;
  for (int64_t i = queries.begin; i < queries.end; i += P) {
    const int64_t first = i - queries.begin;  // of the panel, in the block
    const int64_t count = min(P, queries.end - i);
    pack_panel(scratch.q_panels + first * scratch.D, row_of(attention.q, head, i),
               attention.q.row_stride, count, attention.D, attention.scale);
    pack_panel(scratch.dy_panels + first * scratch.Dv, row_of(dy, head, i), dy.row_stride, count,
               attention.Dv, T(1));
    for (int64_t n = 0; n < P; ++n) {
      const int64_t query = head * attention.L + i + n;
      scratch.maxima[first + n] = n < count ? gradients.sums.m[query] : kInfinity<T>;
      scratch.inverses[first + n] = n < count ? 1 / gradients.sums.l[query] : 0;
    }
    compute_delta(scratch, gradients, attention, head, i, first, count);
  }
  clear(scratch.dq, kAttentionQueries * scratch.D);
}

/// P = exp(scores - m) / l and dS = P * (dP - delta) for a block, from the scores and dy v^T:
/// weights become P * Z, dscores become dS. Lanes without a query have m = inf, so that P = 0.
template <class T>
void compute_dscores(const BackwardScratch<T>& scratch, const Attention<T>& attention,
                     const ScoreBlock& block, int64_t first) {
  const bool has_dropout = attention.dropout.kept != nullptr;
  for (int64_t n = 0; n < lanes<T>(block); n += kWidth<T>) {
    const Vector<T> maximum = load(scratch.maxima + first + n);
    const Vector<T> inverse = load(scratch.inverses + first + n);
    const Vector<T> delta = load(scratch.delta + first + n);
    const int64_t keys = keys_of_vector(attention, block, n);
    for (int64_t j = 0; j < keys; ++j) {
      T* const weights = scratch.weights + j * kPanel<T> + n;
      T* const dscores = scratch.dscores + j * kPanel<T> + n;
      const T* const factors = scratch.values.panel + j * kPanel<T> + n;
      const Vector<T> weight = exp_or_zero(load(weights) - maximum) * inverse;
      const Vector<T> factor = has_dropout ? load(factors) : broadcast(T(1));
      const Vector<T> dweight = load(dscores) * factor;
      store(weights, weight * factor);
      store(dscores, weight * (dweight - delta));
    }
  }
}

/// The padded rows of the queries and keys of a block of scores.
template <class T>
struct BlockRows {
  const T* q;
  const T* dy;
  const T* k;
  const T* v;
};

/// sums (keys, columns) += weights (keys, P) rows (P, columns), for the queries of a panel.
template <class T>
void add_weighted_queries(T* sums, const T* weights, const T* rows, int64_t columns,
                          const Attention<T>& attention, const ScoreBlock& block) {
  for_each_group_of_keys(attention, block, [&](int64_t j, int64_t keys, int64_t lane) {
    multiply<T>({.c = sums + j * columns,
                 .a = weights + j * kPanel<T> + lane,
                 .b = rows + lane * columns,
                 .adds_to_c = true,
                 .c_row_stride = columns,
                 .a_row_stride = kPanel<T>,
                 .a_col_stride = 1,
                 .b_row_stride = columns,
                 .K = block.queries - lane},
                keys, columns);
  });
}

/// products (keys, P) = factor * x (keys, columns) queries^T (columns, P), each computed like the
/// scores of a single query in the forward.
template <class T>
void multiply_by_queries(T* products, const Heads<const T>& x, const Heads<const T>& queries,
                         int64_t columns, T factor, const ScoreBlock& block,
                         const BlockValues<T>& values) {
  for (int64_t i = 0; i < block.queries; ++i) {
    dots_with_rows(values.rows + i * kAttentionKeys, row_of(queries, block.head, block.query + i),
                   row_of(x, block.head, block.key), x.row_stride, block.keys, columns, factor);
  }
  transpose_to(products, kPanel<T>, values.rows, kAttentionKeys, block.queries, block.keys);
}

/// The scores of a block, from q.
template <class T>
void compute_scores(const BackwardScratch<T>& scratch, const Attention<T>& attention,
                    const ScoreBlock& block, int64_t first, const T* k) {
  if (attention.L <= kFewQueries) {
    multiply_by_queries(scratch.weights, attention.k, attention.q, attention.D, attention.scale,
                        block, scratch.values);
    return;
  }
  const T* const q_panel = scratch.q_panels + first * scratch.D;
  multiply_by_panel(scratch.weights, k, scratch.D, attention.D, q_panel, attention, block);
}

/// dy v^T of a block.
template <class T>
void compute_dweights(const BackwardScratch<T>& scratch, const Heads<const T>& dy,
                      const Attention<T>& attention, const ScoreBlock& block, int64_t first,
                      const T* v) {
  if (attention.L <= kFewQueries) {
    multiply_by_queries(scratch.dscores, attention.v, dy, attention.Dv, T(1), block,
                        scratch.values);
    return;
  }
  const T* const dy_panel = scratch.dy_panels + first * scratch.Dv;
  multiply_by_panel(scratch.dscores, v, scratch.Dv, attention.Dv, dy_panel, attention, block);
}

/// Adds the contribution of a block of scores to dq, dk and dv. `first` is its first query within
/// the block of queries, `first_key` its first key within the task.
template <class T>
void add_block(const BackwardScratch<T>& scratch, const Heads<const T>& dy,
               const Attention<T>& attention, const ScoreBlock& block, int64_t first,
               int64_t first_key, const BlockRows<T>& rows) {
  const int64_t D = scratch.D;
  const int64_t Dv = scratch.Dv;
  compute_scores(scratch, attention, block, first, rows.k);
  if (!apply_masks(scratch.weights, block, attention, scratch.values)) return;
  compute_dweights(scratch, dy, attention, block, first, rows.v);
  if (attention.dropout.kept) fill_with_dropout_factors(scratch.values, block, attention);
  compute_dscores(scratch, attention, block, first);
  add_weighted_queries(scratch.dv + first_key * Dv, scratch.weights, rows.dy, Dv, attention, block);
  add_weighted_queries(scratch.dk + first_key * D, scratch.dscores, rows.q, D, attention, block);
  const T* const no_factors = nullptr;
  add_weighted_keys(scratch.dq + first * D, no_factors, scratch.dscores, rows.k, D, attention,
                    block);
}

}  // namespace

template <class T>
int64_t attention_backward_scratch_size(const Attention<T>& attention, int64_t keys) {
  Scratch<T> counter(nullptr);
  BackwardScratch<T>(attention, keys, counter);
  return counter.size();
}

template <class T>
void attention_backward_block(const AttentionGradients<T>& gradients, const Attention<T>& attention,
                              const HeadRange& keys, T* memory) {
  const int64_t head = keys.head;
  const int64_t num_keys = keys.end - keys.begin;
  Scratch<T> pieces(memory);
  const BackwardScratch<T> scratch(attention, num_keys, pieces);
  const T* const k = padded_rows(scratch.k, attention.k, keys, attention.D);
  const T* const v = padded_rows(scratch.v, attention.v, keys, attention.Dv);
  clear(scratch.dk, num_keys * scratch.D);
  clear(scratch.dv, num_keys * scratch.Dv);
  for (int64_t begin = 0; begin < attention.L; begin += kAttentionQueries) {
    const int64_t end = min(begin + kAttentionQueries, attention.L);
    const HeadRange queries{.head = head, .begin = begin, .end = end};
    start_queries(scratch, gradients, attention, queries);
    const T* const q = padded_rows(scratch.q_rows, attention.q, queries, attention.D);
    const T* const dy = padded_rows(scratch.dy_rows, gradients.dy, queries, attention.Dv);
    for (int64_t j = keys.begin; j < min(keys.end, keys_seen(attention, end));
         j += kAttentionKeys) {
      for_each_block(attention, queries, j, keys.end, [&](const ScoreBlock& block) {
        const int64_t first = block.query - begin;
        const int64_t first_key = j - keys.begin;
        add_block(scratch, gradients.dy, attention, block, first, first_key,
                  {.q = q + first * scratch.D,
                   .dy = dy + first * scratch.Dv,
                   .k = k + first_key * scratch.D,
                   .v = v + first_key * scratch.Dv});
      });
    }
    copy_rows(row_of(gradients.dq, head, begin), gradients.dq.row_stride, scratch.dq, scratch.D,
              end - begin, attention.D, attention.scale);
  }
  const Heads<T>& dk = gradients.dk;
  const Heads<T>& dv = gradients.dv;
  copy_rows(row_of(dk, head, keys.begin), dk.row_stride, scratch.dk, scratch.D, num_keys,
            attention.D, attention.scale);
  copy_rows(row_of(dv, head, keys.begin), dv.row_stride, scratch.dv, scratch.Dv, num_keys,
            attention.Dv);
}

#define GRADUS_INSTANTIATE(T)                                                               \
  template int64_t attention_backward_scratch_size(const Attention<T>&, int64_t);           \
  template void attention_backward_block(const AttentionGradients<T>&, const Attention<T>&, \
                                         const HeadRange&, T*);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
