// The forward of attention for a range of queries, as in simd/attention_forward.cpp, with products
// of numbers rounded to bfloat16. For the scores S of one query with the keys of one block:
//
//   m_new = max(m, max_j S_j)
//   factor = exp(m - m_new)               corrects what was summed with the old maximum
//   w_j = exp(S_j - m_new)
//   sum = factor * sum + sum_j w_j
//   c = factor * c + sum_j w_j Z_j v_j    Z: dropout
//
// and after the last block y = c / sum and l = sum. q times scale, k, v and w Z are rounded; m, sum
// and c are float32.
//
// This file is compiled for AVX512_BF16 and for AMX.
#include "tensor/kernels/bfloat16/attention_masks.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// The memory of a task. D and Dv are rounded up to multiples of 32. All keys are packed, block by
/// block, before the first block of queries.
struct ForwardScratch {
  int64_t D;
  int64_t Dv;
  int64_t S;          // rounded up to a multiple of kBf16Keys
  uint32_t* q;        // (D / 2, 32) for each panel: q^T times scale
  uint32_t* k;        // (kBf16Keys, D / 2) for each block of keys
  uint32_t* v;        // (Dv, kKeyPairs) for each block of keys: v^T
  uint32_t* weights;  // (kKeyPairs, 32): w Z
  float* scores;      // (kBf16Keys, 32)
  float* dropout;     // (kBf16Keys, 32): Z
  float* contexts;    // (Dv, 32) for each panel: c
  float* maxima;      // (kBf16Queries)
  float* sums;        // (kBf16Queries)
  float* q_rows;      // (32, D), while a panel is packed

  ForwardScratch(const Attention<float>& attention, Scratch& scratch)
      : D(round_up(attention.D)),
        Dv(round_up(attention.Dv)),
        S((attention.S + kBf16Keys - 1) / kBf16Keys * kBf16Keys),
        q(scratch.pairs(kBf16Queries * D / 2)),
        k(scratch.pairs(S * D / 2)),
        v(scratch.pairs(S * Dv / 2)),
        weights(scratch.pairs(kKeyPairs * kPanel)),
        scores(scratch.floats(kBf16Keys * kPanel)),
        dropout(scratch.floats(kBf16Keys * kPanel)),
        contexts(scratch.floats(kBf16Queries * Dv)),
        maxima(scratch.floats(kBf16Queries)),
        sums(scratch.floats(kBf16Queries)),
        q_rows(scratch.floats(kPanel * D)) {}
};

/// Packs the queries of a block; m = -inf, sum = 0, c = 0.
void start_queries(const ForwardScratch& scratch, const Attention<float>& attention,
                   const HeadRange& queries) {
  const int64_t D = scratch.D;
  for (int64_t i = queries.begin; i < queries.end; i += kPanel) {
    const int64_t first_query = i - queries.begin;
    const int64_t count = smaller(kPanel, queries.end - i);
    const Heads<const float>& q = attention.q;
    copy_rows(scratch.q_rows, D, row_of(q, queries.head, i), q.row_stride, count, attention.D,
              attention.scale);
    pack_b(scratch.q + first_query * D / 2, D / 2, {scratch.q_rows, 1, D, count, attention.D});
    clear(scratch.contexts + first_query * scratch.Dv, kPanel * scratch.Dv);
  }
  clear(scratch.sums, kBf16Queries);
  for (int64_t n = 0; n < kBf16Queries; n += kLane)
    _mm512_storeu_ps(scratch.maxima + n, _mm512_set1_ps(-kInfinity));
}

/// Packs the first `keys` keys and values.
void pack_keys(const ForwardScratch& scratch, const Attention<float>& attention, int64_t head,
               int64_t keys) {
  for (int64_t j = 0; j < keys; j += kBf16Keys) {
    const int64_t count = smaller(kBf16Keys, keys - j);
    const Lines k = rows_as_lines(attention.k, head, j, count, attention.D);
    const Lines v = rows_as_lines(attention.v, head, j, count, attention.Dv);
    pack_a(scratch.k + j * scratch.D / 2, round_up(count), scratch.D / 2, k);
    pack_a(scratch.v + j * scratch.Dv / 2, scratch.Dv, kKeyPairs, transposed(v));
  }
}

/// The largest of each lane of `keys` rows of scores (a multiple of 4), and of `start`.
__m512 largest_of(const float* scores, int64_t keys, __m512 start) {
  __m512 largest[4] = {start, start, start, start};
  for (int64_t j = 0; j < keys; j += 4) {
    GRADUS_UNROLL
    for (int64_t n = 0; n < 4; ++n)
      largest[n] = _mm512_max_ps(_mm512_loadu_ps(scores + (j + n) * kPanel), largest[n]);
  }
  return _mm512_max_ps(_mm512_max_ps(largest[0], largest[1]),
                       _mm512_max_ps(largest[2], largest[3]));
}

/// weights = exp(scores - base) Z, packed in pairs of keys, for 16 queries. Returns the sum of the
/// exponentials.
template <bool DROPOUT>
__m512 exponentiate(uint32_t* weights, const float* scores, const float* dropout, int64_t keys,
                    __m512 base) {
  __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  for (int64_t j = 0; j < keys; j += 2) {
    __m512 weight[2];
    GRADUS_UNROLL
    for (int64_t n = 0; n < 2; ++n) {
      const __m512 score = _mm512_loadu_ps(scores + (j + n) * kPanel);
      weight[n] = exp_below(_mm512_sub_ps(score, base));
      sums[n] = _mm512_add_ps(sums[n], weight[n]);
      if constexpr (DROPOUT)
        weight[n] = _mm512_mul_ps(weight[n], _mm512_loadu_ps(dropout + (j + n) * kPanel));
    }
    _mm512_storeu_si512(weights + j / 2 * kPanel, interleaved_pairs(weight[0], weight[1]));
  }
  return _mm512_add_ps(sums[0], sums[1]);
}

/// c = factors * c, for 16 queries.
void scale_context(float* context, int64_t Dv, __m512 factors) {
  for (int64_t d = 0; d < Dv; ++d) {
    float* const c = context + d * kPanel;
    _mm512_storeu_ps(c, _mm512_mul_ps(_mm512_loadu_ps(c), factors));
  }
}

/// One step of the online softmax for the 16 queries from number `query` of the block on: scores
/// become weights; m, sum and c are updated but for the products of this block.
void update_softmax(const ForwardScratch& scratch, const Attention<float>& attention, int64_t query,
                    int64_t keys) {
  const int64_t lane = query % kPanel;
  const float* const scores = scratch.scores + lane;
  const __m512 before = _mm512_loadu_ps(scratch.maxima + query);
  const __m512 maximum = largest_of(scores, keys, before);
  _mm512_storeu_ps(scratch.maxima + query, maximum);
  // A query that has seen no key yet: exp(-inf - 0) = 0, where exp(-inf - -inf) would be NaN.
  const __mmask16 sees_nothing =
      _mm512_cmp_ps_mask(maximum, _mm512_set1_ps(-kInfinity), _CMP_EQ_OQ);
  const __m512 base = _mm512_mask_mov_ps(maximum, sees_nothing, _mm512_setzero_ps());
  uint32_t* const weights = scratch.weights + lane;
  const __m512 added = attention.dropout.kept
                           ? exponentiate<true>(weights, scores, scratch.dropout + lane, keys, base)
                           : exponentiate<false>(weights, scores, nullptr, keys, base);
  const __m512 factor = exp_below(_mm512_sub_ps(before, base));
  float* const sum = scratch.sums + query;
  _mm512_storeu_ps(sum, _mm512_fmadd_ps(_mm512_loadu_ps(sum), factor, added));
  const bool is_same = _mm512_cmp_ps_mask(factor, _mm512_set1_ps(1), _CMP_NEQ_UQ) == 0;
  if (is_same) return;  // no maximum has changed: c stays as it is
  float* const context = scratch.contexts + (query - lane) * scratch.Dv + lane;
  scale_context(context, scratch.Dv, factor);
}

/// Adds a block of keys to the softmax and the context of a panel, whose first query is number
/// `query` of its block.
void add_keys(const ForwardScratch& scratch, const Attention<float>& attention,
              const ScoreBlock& block, int64_t query) {
  const int64_t keys = round_up(block.keys);
  const int64_t D_pairs = scratch.D / 2;
  const uint32_t* const k = scratch.k + block.key * D_pairs;
  const uint32_t* const v = scratch.v + block.key * scratch.Dv / 2;
  multiply_panel<false>(
      scratch.scores, keys,
      {.a = k, .b = scratch.q + query * D_pairs, .a_stride = D_pairs, .pairs = D_pairs});
  apply_masks(scratch.scores, block, attention);
  if (attention.dropout.kept) load_dropout_factors(scratch.dropout, block, attention);
  update_softmax(scratch, attention, query, keys);
  update_softmax(scratch, attention, query + kLane, keys);
  multiply_panel<true>(scratch.contexts + query * scratch.Dv, scratch.Dv,
                       {.a = v, .b = scratch.weights, .a_stride = kKeyPairs, .pairs = keys / 2});
}

/// Stores m and l of a query, and returns l, the divisor of its context. A query that sees no key
/// gets m = 0 and l = infinity, so that its weights become 0.
float finish_softmax(const SoftmaxSums<float>& sums, int64_t i, float maximum, float sum,
                     const Attention<float>& attention) {
  const bool may_see_nothing = attention.mask.visible || attention.mask.added || attention.S == 0;
  const bool sees_nothing = sum == 0 && may_see_nothing;
  sums.m[i] = sees_nothing ? 0 : maximum;
  sums.l[i] = sees_nothing ? kInfinity : sum;
  return sums.l[i];
}

/// y = c / sum.
void finish_queries(const Heads<float>& y, const SoftmaxSums<float>& sums,
                    const ForwardScratch& scratch, const Attention<float>& attention,
                    const HeadRange& queries) {
  const int64_t Dv = scratch.Dv;
  for (int64_t i = queries.begin; i < queries.end; ++i) {
    const int64_t n = i - queries.begin;
    scratch.sums[n] = finish_softmax(sums, queries.head * attention.L + i, scratch.maxima[n],
                                     scratch.sums[n], attention);
  }
  for (int64_t i = queries.begin; i < queries.end; i += kPanel) {
    const int64_t first_query = i - queries.begin;
    float* const context = scratch.contexts + first_query * Dv;
    for (int64_t n = 0; n < kPanel; n += kLane) {
      const __m512 sum = _mm512_loadu_ps(scratch.sums + first_query + n);
      scale_context(context + n, Dv, _mm512_div_ps(_mm512_set1_ps(1), sum));
    }
    store_transposed(row_of(y, queries.head, i), y.row_stride, context, attention.Dv,
                     smaller(kPanel, queries.end - i));
  }
}

/// y, m and l of a block of queries.
void attend(const Heads<float>& y, const SoftmaxSums<float>& sums, const ForwardScratch& scratch,
            const Attention<float>& attention, const HeadRange& queries) {
  start_queries(scratch, attention, queries);
  for (int64_t j = 0; j < keys_seen(attention, queries.end); j += kBf16Keys) {
    for (int64_t i = queries.begin; i < queries.end; i += kPanel) {
      const int64_t count = smaller(kPanel, queries.end - i);
      const int64_t keys = smaller(kBf16Keys, keys_seen(attention, i + count) - j);
      if (keys <= 0) continue;  // causal: all of them come after the queries
      add_keys(scratch, attention,
               {.head = queries.head, .query = i, .queries = count, .key = j, .keys = keys},
               i - queries.begin);
    }
  }
  finish_queries(y, sums, scratch, attention, queries);
}

}  // namespace

int64_t bf16_attention_forward_scratch_size(const Attention<float>& attention,
                                            int64_t /*queries*/) {
  Scratch counter(nullptr);
  ForwardScratch(attention, counter);
  return counter.size();
}

void bf16_attention_forward_block(Heads<float> y, const SoftmaxSums<float>& sums,
                                  const Attention<float>& attention, const HeadRange& queries,
                                  float* memory) {
  [[maybe_unused]] const TileUnit unit;
  Scratch pieces(memory);
  const ForwardScratch scratch(attention, pieces);
  pack_keys(scratch, attention, queries.head, keys_seen(attention, queries.end));
  for (int64_t i = queries.begin; i < queries.end; i += kBf16Queries) {
    const int64_t end = smaller(i + kBf16Queries, queries.end);
    attend(y, sums, scratch, attention, {.head = queries.head, .begin = i, .end = end});
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
