// The forward of attention for a block of queries, by FlashAttention (Dao et al. 2022): blocks of
// keys are taken one after the other, and each query keeps a running maximum m, a running sum and a
// running context c, a sum of values. Formulas and letters: tensor/kernels/attention.h; memory
// layout: attention_panels.h. For the scores S of one query with the keys of one block:
//
//   m_new = max(m, max_j S_j)
//   factor = exp(m - m_new)               corrects what was summed with the old maximum
//   w_j = exp(S_j - m_new)
//   sum = factor * sum + sum_j w_j
//   c = factor * c + sum_j w_j Z_j v_j    Z: dropout
//
// and after the last block
//
//   y = c / sum
//   l = sum
#include "tensor/kernels/simd/attention_panels.h"
#include "tensor/kernels/simd/reductions.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// The memory of a block of queries. D and Dv are rounded up to a multiple of a vector.
template <class T>
struct ForwardScratch {
  int64_t D;              // attention.D rounded up
  int64_t Dv;             // attention.Dv rounded up
  T* scores;              // (kAttentionKeys, P), then the weights w
  BlockValues<T> values;  // mask or dropout factors of these scores
  T* sums;                // (queries)
  T* maxima;              // (queries)
  T* factors;             // (P)
  T* q_panels;            // (D, P) for each panel, times scale
  T* contexts;            // (queries, Dv)
  T* k;                   // (kAttentionKeys, D), for padded_rows
  T* v;                   // (kAttentionKeys, Dv)

  ForwardScratch(const Attention<T>& attention, int64_t queries, Scratch<T>& scratch)
      : D(round_up_to_vectors<T>(attention.D)),
        Dv(round_up_to_vectors<T>(attention.Dv)),
        scores(scratch.take(kBlockScores<T>)),
        values(scratch),
        sums(scratch.take(queries)),
        maxima(scratch.take(queries)),
        factors(scratch.take(kPanel<T>)),
        q_panels(scratch.take(queries * D)),
        contexts(scratch.take(queries * Dv)),
        k(scratch.take(kAttentionKeys * D)),
        v(scratch.take(kAttentionKeys * Dv)) {}
};

/// The end of the softmax of query number i of all heads: stores m and l, and returns l, the
/// divisor of the weights. A query that sees no key gets m = 0 and l = infinity, so that its
/// weights become 0.
template <class T>
T finish_softmax(const SoftmaxSums<T>& sums, int64_t i, T maximum, T sum,
                 const Attention<T>& attention) {
  const bool may_see_nothing = attention.mask.visible || attention.mask.added || attention.S == 0;
  const bool sees_nothing = sum == 0 && may_see_nothing;
  sums.m[i] = sees_nothing ? 0 : maximum;
  sums.l[i] = sees_nothing ? kInfinity<T> : sum;
  return sums.l[i];
}

template <class T>
void mask_scores_of_query(T* scores, int64_t keys, const Attention<T>& attention, int64_t head,
                          int64_t query) {
  const AttentionMask<T>& mask = attention.mask;
  if (!mask.visible && !mask.added) return;
  for (int64_t j = 0; j < keys; ++j) {
    const int64_t offset = mask_offset(mask, head, query, j);
    if (mask.added)
      scores[j] += mask.added[offset];
    else if (!mask.visible[offset])
      scores[j] = -kInfinity<T>;
  }
}

/// scores = exp(scores - maximum) for n scores. Returns their sum.
template <class T>
T exponentiate(T* scores, int64_t n, T maximum) {
  const T base = maximum == -kInfinity<T> ? 0 : maximum;
  return static_cast<T>(sum_of<T>(n, [&](int64_t j, int64_t left) {
    const Vector<T> weight = exp_or_zero(load_up_to(scores + j, left, -kInfinity<T>) - base);
    store(scores + j, weight);
    return weight;
  }));
}

/// VECTORS vectors of y = the sum of weights[j] * (row j of v), with the sums in registers.
template <int VECTORS, class T>
void add_values(T* y, const T* weights, const T* v, int64_t v_row_stride, int64_t keys) {
  constexpr int W = kWidth<T>;
  Vector<T> sums[VECTORS] = {};
  for (int64_t j = 0; j < keys; ++j) {
    GRADUS_UNROLL
    for (int n = 0; n < VECTORS; ++n)
      sums[n] += weights[j] * load(v + j * v_row_stride + n * W);
  }
  GRADUS_UNROLL
  for (int n = 0; n < VECTORS; ++n)
    store(y + n * W, sums[n]);
}

/// y = the sum of weights[j] * (row j of v). The rows of v are read as those of k.
template <class T>
void context_of_query(T* y, const T* weights, const T* v, int64_t keys,
                      const Attention<T>& attention) {
  constexpr int W = kWidth<T>;
  const int64_t v_stride = attention.v.row_stride;
  int64_t d = 0;
  for (; d + 8 * W <= attention.Dv; d += 8 * W)
    add_values<8>(y + d, weights, v + d, v_stride, keys);
  for (; d + 4 * W <= attention.Dv; d += 4 * W)
    add_values<4>(y + d, weights, v + d, v_stride, keys);
  for (; d + W <= attention.Dv; d += W)
    add_values<1>(y + d, weights, v + d, v_stride, keys);
  for (; d < attention.Dv; ++d) {
    y[d] = 0;
    for (int64_t j = 0; j < keys; ++j)
      y[d] += weights[j] * v[j * v_stride + d];
  }
}

/// One query alone, with vectors along D instead of along queries: reading k and v is then all that
/// takes time.
template <class T>
void attend_single_query(T* y, const SoftmaxSums<T>& sums, const Attention<T>& attention,
                         int64_t head, int64_t query, T* weights) {
  const T* const q = row_of(attention.q, head, query);
  const T* const k = row_of(attention.k, head);
  const T* const v = row_of(attention.v, head);
  const int64_t keys = keys_seen(attention, query + 1);
  dots_with_rows(weights, q, k, attention.k.row_stride, keys, attention.D, attention.scale);
  mask_scores_of_query(weights, keys, attention, head, query);
  const T maximum = largest_of(weights, keys);
  const T sum = exponentiate(weights, keys, maximum);
  const T divisor = finish_softmax(sums, head * attention.L + query, maximum, sum, attention);
  for (int64_t j = 0; j < keys; ++j) {
    const T factor = attention.dropout.kept ? dropout_factor(attention, head, query, j) : 1;
    weights[j] *= factor / divisor;
  }
  context_of_query(y, weights, v, keys, attention);
}

/// Packs the queries of a block; m = -inf, sum = 0, c = 0.
template <class T>
void start_queries(const ForwardScratch<T>& scratch, const Attention<T>& attention,
                   const HeadRange& queries) {
  constexpr int64_t P = kPanel<T>;
  for (int64_t i = queries.begin; i < queries.end; i += P) {
    const int64_t first = i - queries.begin;  // of the panel, in the block
    pack_panel(scratch.q_panels + first * scratch.D, row_of(attention.q, queries.head, i),
               attention.q.row_stride, min(P, queries.end - i), attention.D, attention.scale);
    for (int64_t n = 0; n < P; ++n) {
      scratch.maxima[first + n] = -kInfinity<T>;
      scratch.sums[first + n] = 0;
    }
  }
  clear(scratch.contexts, (queries.end - queries.begin) * scratch.Dv);
}

/// The largest of `start` and a column of `keys` vectors of scores, for each lane.
template <class T>
Vector<T> largest_in_column(const T* scores, int64_t keys, Vector<T> start) {
  constexpr int N = 8;  // independent maxima: one would wait for the one before
  Vector<T> largest[N];
  GRADUS_UNROLL
  for (int n = 0; n < N; ++n)
    largest[n] = start;
  int64_t j = 0;
  for (; j + N <= keys; j += N) {
    GRADUS_UNROLL
    for (int n = 0; n < N; ++n)
      largest[n] = max(load(scores + (j + n) * kPanel<T>), largest[n]);
  }
  for (; j < keys; ++j)
    largest[0] = max(load(scores + j * kPanel<T>), largest[0]);
  GRADUS_UNROLL
  for (int n = 1; n < N; ++n)
    largest[0] = max(largest[n], largest[0]);
  return largest[0];
}

/// One step of the online softmax for the queries of a block: scores become weights w, and the
/// maxima and sums are updated. `factors` receives exp(m - m_new).
template <class T>
void update_softmax(T* scores, const Attention<T>& attention, const ScoreBlock& block, T* maxima,
                    T* sums, T* factors) {
  for (int64_t n = 0; n < lanes<T>(block); n += kWidth<T>) {
    const int64_t keys = keys_of_vector(attention, block, n);
    const Vector<T> before = load(maxima + n);
    Vector<T> maximum = largest_in_column<T>(scores + n, keys, before);
    store(maxima + n, maximum);
    // A query that has seen no key yet: exp(-inf - 0) = 0, where exp(-inf - -inf) would be NaN.
    maximum = maximum == -kInfinity<T> ? Vector<T>{} : maximum;
    Vector<T> sum = {};
    for (int64_t j = 0; j < keys; ++j) {
      T* const score = scores + j * kPanel<T> + n;
      const Vector<T> weight = exp_or_zero(load(score) - maximum);
      sum += weight;
      store(score, weight);
    }
    const Vector<T> factor = exp_or_zero(before - maximum);
    store(factors + n, factor);
    store(sums + n, load(sums + n) * factor + sum);
  }
}

/// x = x * factors. n is a multiple of a vector.
template <class T>
void multiply_elementwise(T* x, const T* factors, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth<T>)
    store(x + i, load(x + i) * load(factors + i));
}

/// Adds a block of keys, with the padded rows k and v, to the softmax and the context of a panel,
/// which begins at query number `first` of its block of queries.
template <class T>
void add_keys(const ForwardScratch<T>& scratch, const Attention<T>& attention,
              const ScoreBlock& block, int64_t first, const T* k, const T* v) {
  const T* const q_panel = scratch.q_panels + first * scratch.D;
  multiply_by_panel(scratch.scores, k, scratch.D, attention.D, q_panel, attention, block);
  if (!apply_masks(scratch.scores, block, attention, scratch.values)) return;
  update_softmax(scratch.scores, attention, block, scratch.maxima + first, scratch.sums + first,
                 scratch.factors);
  if (attention.dropout.kept) {
    fill_with_dropout_factors(scratch.values, block, attention);
    multiply_elementwise(scratch.scores, scratch.values.panel, block.keys * kPanel<T>);
  }
  add_weighted_keys(scratch.contexts + first * scratch.Dv, scratch.factors, scratch.scores, v,
                    scratch.Dv, attention, block);
}

/// y = c / sum.
template <class T>
void finish_queries(const Heads<T>& y, const SoftmaxSums<T>& sums, const ForwardScratch<T>& scratch,
                    const Attention<T>& attention, const HeadRange& queries) {
  for (int64_t i = queries.begin; i < queries.end; ++i) {
    const int64_t n = i - queries.begin;
    const T divisor = finish_softmax(sums, queries.head * attention.L + i, scratch.maxima[n],
                                     scratch.sums[n], attention);
    copy_rows(row_of(y, queries.head, i), y.row_stride, scratch.contexts + n * scratch.Dv,
              scratch.Dv, 1, attention.Dv, 1 / divisor);
  }
}

}  // namespace

template <class T>
int64_t attention_forward_scratch_size(const Attention<T>& attention, int64_t queries) {
  Scratch<T> counter(nullptr);
  if (attention.L <= kFewQueries)
    counter.take(attention.S);
  else
    ForwardScratch<T>(attention, round_up_to_panels<T>(queries), counter);
  return counter.size();
}

template <class T>
void attention_forward_block(Heads<T> y, const SoftmaxSums<T>& sums, const Attention<T>& attention,
                             const HeadRange& queries, T* memory) {
  Scratch<T> pieces(memory);
  const int64_t head = queries.head;
  if (attention.L <= kFewQueries) {
    T* const weights = pieces.take(attention.S);
    for (int64_t i = queries.begin; i < queries.end; ++i)
      attend_single_query(row_of(y, head, i), sums, attention, head, i, weights);
    return;
  }
  const int64_t padded = round_up_to_panels<T>(queries.end - queries.begin);
  const ForwardScratch<T> scratch(attention, padded, pieces);
  start_queries(scratch, attention, queries);
  const int64_t seen = keys_seen(attention, queries.end);
  for (int64_t j = 0; j < seen; j += kAttentionKeys) {
    const HeadRange keys{.head = head, .begin = j, .end = min(seen, j + kAttentionKeys)};
    const T* const k = padded_rows(scratch.k, attention.k, keys, attention.D);
    const T* const v = padded_rows(scratch.v, attention.v, keys, attention.Dv);
    for_each_block(attention, queries, j, attention.S, [&](const ScoreBlock& block) {
      add_keys(scratch, attention, block, block.query - queries.begin, k, v);
    });
  }
  finish_queries(y, sums, scratch, attention, queries);
}

#define GRADUS_INSTANTIATE(T)                                                                 \
  template int64_t attention_forward_scratch_size(const Attention<T>&, int64_t);              \
  template void attention_forward_block(Heads<T>, const SoftmaxSums<T>&, const Attention<T>&, \
                                        const HeadRange&, T*);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
