// The backward of attention for a block of keys, by FlashAttention (Dao et al. 2022): instead of
// keeping the (L, S) weights, it computes them again from the scores and the forward's lse.
// Formulas and letters: tensor/kernels/attention.h; memory layout: attention_panels.h. For a panel
// of queries and a block of keys, with all (keys, P) matrices transposed:
//
//   scores = k q^T                   q is packed times scale
//   P = exp(scores - lse)
//   dP = (v dy^T) * Z                Z: dropout
//   dS = P * (dP - delta)            delta = rowsum(dy * y), once per query
//   dv += (P * Z) dy
//   dk += dS q                       the scale is in q
//   dq += k^T dS                     times scale at the end
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
  T* lse;                 // (kAttentionQueries)
  T* delta;               // (kAttentionQueries)
  T* q_rows;              // (P, D) for each panel, times scale
  T* q_panels;            // (D, P)
  T* dy_rows;             // (P, Dv)
  T* dy_panels;           // (Dv, P)
  T* dq_panels;           // (D, P)
  T* dk;                  // (keys, D)
  T* dv;                  // (keys, Dv)

  BackwardScratch(const Attention<T>& attention, int64_t keys, Scratch<T>& scratch)
      : D(round_up_to_vectors<T>(attention.D)),
        Dv(round_up_to_vectors<T>(attention.Dv)),
        weights(scratch.take(kBlockScores<T>)),
        dscores(scratch.take(kBlockScores<T>)),
        values(scratch),
        lse(scratch.take(kAttentionQueries)),
        delta(scratch.take(kAttentionQueries)),
        q_rows(scratch.take(kAttentionQueries * D)),
        q_panels(scratch.take(kAttentionQueries * D)),
        dy_rows(scratch.take(kAttentionQueries * Dv)),
        dy_panels(scratch.take(kAttentionQueries * Dv)),
        dq_panels(scratch.take(kAttentionQueries * D)),
        dk(scratch.take(keys * D)),
        dv(scratch.take(keys * Dv)) {}
};

/// Packs q and dy of a block of queries, copies lse, computes delta; dq = 0.
template <class T>
void start_queries(const BackwardScratch<T>& scratch, const AttentionGradients<T>& gradients,
                   const Attention<T>& attention, const HeadRange& queries) {
  constexpr int64_t P = kPanel<T>;
  const auto& [dq, dk, dv, dy, y, lse] = gradients;
  const int64_t head = queries.head;
  for (int64_t i = queries.begin; i < queries.end; i += P) {
    const int64_t first = i - queries.begin;  // of the panel, in the block
    const int64_t count = min(P, queries.end - i);
    pack_panel(scratch.q_rows + first * scratch.D, scratch.q_panels + first * scratch.D,
               row_of(attention.q, head, i), attention.q.row_stride, count, attention.D,
               attention.scale);
    pack_panel(scratch.dy_rows + first * scratch.Dv, scratch.dy_panels + first * scratch.Dv,
               row_of(dy, head, i), dy.row_stride, count, attention.Dv, T(1));
    for (int64_t n = 0; n < P; ++n)
      scratch.lse[first + n] = n < count ? lse[head * attention.L + i + n] : kInfinity<T>;
    for (int64_t n = 0; n < P; n += kWidth<T>) {
      const int64_t row = min(i + n, queries.end - 1);
      store(scratch.delta + first + n,
            row_dots(row_of(dy, head, row), dy.row_stride, row_of(y, head, row), y.row_stride,
                     queries.end - row, attention.Dv));
    }
  }
  clear(scratch.dq_panels, kAttentionQueries * scratch.D);
}

/// P = exp(scores - lse) and dS = P * (dP - delta) for a block, from the scores and dy v^T: weights
/// become P * Z, dscores become dS. Lanes without a query have lse = inf, so that
/// P = 0.
template <class T>
void compute_dscores(const BackwardScratch<T>& scratch, int64_t keys, int64_t first,
                     bool has_dropout) {
  T* const weights = scratch.weights;
  T* const dscores = scratch.dscores;
  const T* const factors = scratch.values.panel;
  const T* const lse = scratch.lse + first;
  const T* const delta = scratch.delta + first;
  for (int64_t n = 0; n < keys * kPanel<T>; n += kWidth<T>) {
    const int64_t lane = n % kPanel<T>;
    const Vector<T> weight = exp_below(load(weights + n) - load(lse + lane));
    const Vector<T> factor = has_dropout ? load(factors + n) : broadcast(T(1));
    const Vector<T> dweight = load(dscores + n) * factor;
    store(weights + n, weight * factor);
    store(dscores + n, weight * (dweight - load(delta + lane)));
  }
}

/// sums (keys, columns) += weights (keys, P) rows (P, columns), for the queries of a panel.
template <class T>
void add_weighted_queries(T* sums, const T* weights, const T* rows, int64_t columns,
                          const ScoreBlock& block) {
  multiply<T>({.c = sums,
               .a = weights,
               .b = rows,
               .start = sums,
               .c_row_stride = columns,
               .a_row_stride = kPanel<T>,
               .a_col_stride = 1,
               .b_row_stride = columns,
               .start_row_stride = columns,
               .K = block.queries},
              block.keys, columns);
}

/// Adds the contribution of a panel of queries and a block of keys to dq, dk and dv. `first` is the
/// panel's first query within the block of queries, `first_key` the block's first key within the
/// task.
template <class T>
void add_block(const BackwardScratch<T>& scratch, const Attention<T>& attention,
               const ScoreBlock& block, int64_t first, int64_t first_key) {
  const int64_t D = scratch.D;
  const int64_t Dv = scratch.Dv;
  multiply_by_panel(scratch.weights, attention.k, attention.D, scratch.q_panels + first * D, block);
  if (!apply_masks(scratch.weights, block, attention, scratch.values)) return;
  multiply_by_panel(scratch.dscores, attention.v, attention.Dv, scratch.dy_panels + first * Dv,
                    block);
  const bool has_dropout = attention.dropout.kept != nullptr;
  if (has_dropout) fill_with_dropout_factors(scratch.values, block, attention);
  compute_dscores(scratch, block.keys, first, has_dropout);
  add_weighted_queries(scratch.dv + first_key * Dv, scratch.weights, scratch.dy_rows + first * Dv,
                       Dv, block);
  add_weighted_queries(scratch.dk + first_key * D, scratch.dscores, scratch.q_rows + first * D, D,
                       block);
  const T* const no_factors = nullptr;
  add_weighted_rows(scratch.dq_panels + first * D, no_factors, attention.k, attention.D,
                    scratch.dscores, block);
}

/// Writes dq, times scale.
template <class T>
void finish_queries(const Heads<T>& dq, const BackwardScratch<T>& scratch,
                    const Attention<T>& attention, const HeadRange& queries) {
  constexpr int64_t P = kPanel<T>;
  T* const panels = scratch.dq_panels;
  for (int64_t n = 0; n < kAttentionQueries * scratch.D; n += kWidth<T>)
    store(panels + n, load(panels + n) * attention.scale);
  for (int64_t i = queries.begin; i < queries.end; i += P) {
    transpose_to(row_of(dq, queries.head, i), dq.row_stride,
                 panels + (i - queries.begin) * scratch.D, P, attention.D, min(P, queries.end - i));
  }
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
  clear(scratch.dk, num_keys * scratch.D);
  clear(scratch.dv, num_keys * scratch.Dv);
  for (int64_t begin = 0; begin < attention.L; begin += kAttentionQueries) {
    const int64_t end = min(begin + kAttentionQueries, attention.L);
    const HeadRange queries{.head = head, .begin = begin, .end = end};
    start_queries(scratch, gradients, attention, queries);
    for (int64_t j = keys.begin; j < min(keys.end, keys_seen(attention, end));
         j += kAttentionKeys) {
      for (int64_t i = begin; i < end; i += kPanel<T>) {
        const int64_t count = min(kPanel<T>, end - i);
        const int64_t left = min(keys.end, keys_seen(attention, i + count)) - j;
        if (left <= 0) continue;  // causal: all of these keys come after the queries
        add_block(scratch, attention,
                  {.head = head,
                   .query = i,
                   .queries = count,
                   .key = j,
                   .keys = min<int64_t>(kAttentionKeys, left)},
                  i - begin, j - keys.begin);
      }
    }
    finish_queries(gradients.dq, scratch, attention, queries);
  }
  const Heads<T>& dk = gradients.dk;
  const Heads<T>& dv = gradients.dv;
  copy_rows(row_of(dk, head, keys.begin), dk.row_stride, scratch.dk, scratch.D, num_keys,
            attention.D);
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
