// The backward of attention for a range of keys, as in simd/attention_backward.cpp, with products
// of numbers rounded to bfloat16. For up to kBf16Queries queries and kBf16Keys keys, in panels of
// 32 queries, with all matrices of scores transposed:
//
//   scores = k q^T                   q is packed times scale
//   P = exp(scores - m) / l
//   dP = (v dy^T) * Z                Z: dropout
//   dS = P * (dP - delta)            delta = rowsum(dy * y), once per query
//   dq += k^T dS                     times scale at the end
//
// and, after all panels,
//
//   dv += (P * Z) dy
//   dk += dS q                       the scale is in q
//
// The scores are products of the same numbers as in the forward, added in the same order, so P is
// the forward's. delta is computed from the rounded dy, as dP is: their difference would not vanish
// otherwise where one key has all the weight.
//
// This file is compiled for AVX512_BF16 and for AMX.
#include "tensor/kernels/bfloat16/attention_masks.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

constexpr int64_t kQueryPairs = kBf16Queries / 2;

/// The memory of a task. D and Dv are rounded up to multiples of 32, `keys` to one of kBf16Keys.
/// What belongs to keys is kept for all of them, block by block.
struct BackwardScratch {
  int64_t D;
  int64_t Dv;
  int64_t keys;
  uint32_t* k;                 // (kBf16Keys, D / 2) for each block
  uint32_t* k_columns;         // (D, kKeyPairs) for each block: k^T
  uint32_t* v;                 // (kBf16Keys, Dv / 2) for each block
  float* dk;                   // (kBf16Keys, 32) for each block and each 32 columns
  float* dv;                   // the same
  uint32_t* q;                 // (D / 2, 32) for each panel: q^T times scale
  uint32_t* q_columns;         // (kQueryPairs, 32) for each 32 columns: q times scale
  uint32_t* dy;                // (Dv / 2, 32) for each panel: dy^T
  uint32_t* dy_columns;        // (kQueryPairs, 32) for each 32 columns: dy
  float* dq;                   // (D, 32) for each panel
  float* rows;                 // (kBf16Queries, D): q times scale
  float* maxima;               // (kBf16Queries): m
  float* inverses;             // (kBf16Queries): 1 / l
  float* delta;                // (kBf16Queries)
  float* scores;               // (kBf16Keys, 32)
  float* dweights;             // (kBf16Keys, 32): dy v^T
  float* dropout;              // (kBf16Keys, 32): Z
  uint32_t* weights;           // (kBf16Keys, kQueryPairs): P * Z
  uint32_t* dscores;           // (kBf16Keys, kQueryPairs): dS
  uint32_t* dscores_of_panel;  // (kKeyPairs, 32): dS

  BackwardScratch(const Attention<float>& attention, int64_t num_keys, Scratch& scratch)
      : D(round_up(attention.D)),
        Dv(round_up(attention.Dv)),
        keys((num_keys + kBf16Keys - 1) / kBf16Keys * kBf16Keys),
        k(scratch.pairs(keys * D / 2)),
        k_columns(scratch.pairs(keys * D / 2)),
        v(scratch.pairs(keys * Dv / 2)),
        dk(scratch.floats(keys * D)),
        dv(scratch.floats(keys * Dv)),
        q(scratch.pairs(kQueryPairs * D)),
        q_columns(scratch.pairs(kQueryPairs * D)),
        dy(scratch.pairs(kQueryPairs * Dv)),
        dy_columns(scratch.pairs(kQueryPairs * Dv)),
        dq(scratch.floats(kBf16Queries * D)),
        rows(scratch.floats(kBf16Queries * D)),
        maxima(scratch.floats(kBf16Queries)),
        inverses(scratch.floats(kBf16Queries)),
        delta(scratch.floats(kBf16Queries)),
        scores(scratch.floats(kBf16Keys * kPanel)),
        dweights(scratch.floats(kBf16Keys * kPanel)),
        dropout(scratch.floats(kBf16Keys * kPanel)),
        weights(scratch.pairs(kBf16Keys * kQueryPairs)),
        dscores(scratch.pairs(kBf16Keys * kQueryPairs)),
        dscores_of_panel(scratch.pairs(kKeyPairs * kPanel)) {}
};

/// Packs the keys and values of a task; dk = 0, dv = 0.
void start_keys(const BackwardScratch& scratch, const Attention<float>& attention,
                const HeadRange& keys) {
  const int64_t D = scratch.D;
  const int64_t Dv = scratch.Dv;
  for (int64_t j = keys.begin; j < keys.end; j += kBf16Keys) {
    const int64_t count = smaller(kBf16Keys, keys.end - j);
    const int64_t n = j - keys.begin;
    const Lines k = rows_as_lines(attention.k, keys.head, j, count, attention.D);
    const Lines v = rows_as_lines(attention.v, keys.head, j, count, attention.Dv);
    pack_a(scratch.k + n * D / 2, kBf16Keys, D / 2, k);
    pack_a(scratch.k_columns + n * D / 2, D, kKeyPairs, transposed(k));
    pack_a(scratch.v + n * Dv / 2, kBf16Keys, Dv / 2, v);
  }
  clear(scratch.dk, scratch.keys * D);
  clear(scratch.dv, scratch.keys * Dv);
}

/// x (rows, columns) as a factor with the rows along its lanes, in panels of 32 rows, and with the
/// columns along its lanes, in panels of 32 columns.
void pack_queries(uint32_t* panels, uint32_t* columns, const Lines& x) {
  const int64_t pairs = round_up(x.K) / 2;
  for (int64_t i = 0; i < x.count; i += kPanel)
    pack_b(panels + i * pairs, pairs, x.from(i, 0));
  for (int64_t d = 0; d < x.K; d += kPanel)
    pack_b(columns + d * kQueryPairs, round_up(x.count) / 2, transposed(x).from(d, 0));
}

/// 16 numbers, rounded to bfloat16.
__m512 rounded(__m512 x) {
  const auto upper_halves = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(upper_halves), 16));
}

/// dy * y of a query, summed.
float delta_of(const float* dy, const float* y, int64_t Dv) {
  __m512 sum = _mm512_setzero_ps();
  for (int64_t d = 0; d < Dv; d += kLane) {
    const __mmask16 mask = first(Dv - d);
    sum = _mm512_fmadd_ps(rounded(_mm512_maskz_loadu_ps(mask, dy + d)),
                          _mm512_maskz_loadu_ps(mask, y + d), sum);
  }
  return _mm512_reduce_add_ps(sum);
}

/// Packs q and dy of a block of queries, copies m and 1 / l, computes delta; dq = 0.
void start_queries(const BackwardScratch& scratch, const AttentionGradients<float>& gradients,
                   const Attention<float>& attention, const HeadRange& queries) {
  const int64_t head = queries.head;
  const int64_t count = queries.end - queries.begin;
  const Heads<const float>& q = attention.q;
  copy_rows(scratch.rows, scratch.D, row_of(q, head, queries.begin), q.row_stride, count,
            attention.D, attention.scale);
  pack_queries(scratch.q, scratch.q_columns, {scratch.rows, 1, scratch.D, count, attention.D});
  pack_queries(scratch.dy, scratch.dy_columns,
               rows_as_lines(gradients.dy, head, queries.begin, count, attention.Dv));
  for (int64_t n = 0; n < count; ++n) {
    const int64_t i = queries.begin + n;
    scratch.maxima[n] = gradients.sums.m[head * attention.L + i];
    scratch.inverses[n] = 1 / gradients.sums.l[head * attention.L + i];
    scratch.delta[n] =
        delta_of(row_of(gradients.dy, head, i), row_of(gradients.y, head, i), attention.Dv);
  }
  clear(scratch.dq, round_up(count) * scratch.D);
}

/// m, 1 / l and delta of 16 queries.
struct Softmax {
  __m512 maxima;
  __m512 inverses;
  __m512 delta;
  __mmask16 exists;  // which of the queries
};

/// P * Z and dS of 16 queries and one key.
struct Weights {
  __m512 weight;
  __m512 dscore;
};

template <bool DROPOUT>
GRADUS_INLINE Weights weights_of(const BackwardScratch& scratch, int64_t score,
                                 const Softmax& softmax) {
  const __m512 difference = _mm512_sub_ps(_mm512_loadu_ps(scratch.scores + score), softmax.maxima);
  const __m512 weight =
      _mm512_maskz_mul_ps(softmax.exists, exp_below(difference), softmax.inverses);
  __m512 dweight = _mm512_loadu_ps(scratch.dweights + score);
  Weights result{.weight = weight, .dscore = weight};
  if constexpr (DROPOUT) {
    const __m512 factor = _mm512_loadu_ps(scratch.dropout + score);
    result.weight = _mm512_mul_ps(weight, factor);
    dweight = _mm512_mul_ps(dweight, factor);
  }
  result.dscore =
      _mm512_maskz_mul_ps(softmax.exists, weight, _mm512_sub_ps(dweight, softmax.delta));
  return result;
}

/// Packs P * Z and dS of a panel, from its scores and dy v^T. `query` is the panel's first query
/// within the block.
template <bool DROPOUT>
void pack_weights(const BackwardScratch& scratch, const ScoreBlock& block, int64_t query) {
  Softmax softmax[2];
  for (int64_t h = 0; h < 2; ++h) {
    const int64_t n = query + h * kLane;
    softmax[h] = {.maxima = _mm512_loadu_ps(scratch.maxima + n),
                  .inverses = _mm512_loadu_ps(scratch.inverses + n),
                  .delta = _mm512_loadu_ps(scratch.delta + n),
                  .exists = first(block.queries - h * kLane)};
  }
  const int64_t keys = round_up(block.keys);
  for (int64_t j = 0; j < keys; j += 2) {
    Weights of_keys[2][2];
    GRADUS_UNROLL
    for (int64_t n = 0; n < 2; ++n) {
      GRADUS_UNROLL
      for (int64_t h = 0; h < 2; ++h)
        of_keys[n][h] = weights_of<DROPOUT>(scratch, (j + n) * kPanel + h * kLane, softmax[h]);
      const int64_t row = (j + n) * kQueryPairs + query / 2;
      _mm512_storeu_si512(scratch.weights + row,
                          pairs_of(of_keys[n][0].weight, of_keys[n][1].weight));
      _mm512_storeu_si512(scratch.dscores + row,
                          pairs_of(of_keys[n][0].dscore, of_keys[n][1].dscore));
    }
    GRADUS_UNROLL
    for (int64_t h = 0; h < 2; ++h) {
      _mm512_storeu_si512(scratch.dscores_of_panel + j / 2 * kPanel + h * kLane,
                          interleaved_pairs(of_keys[0][h].dscore, of_keys[1][h].dscore));
    }
  }
  for (int64_t j = keys; j < kBf16Keys; ++j) {  // which other panels may see
    const int64_t row = j * kQueryPairs + query / 2;
    _mm512_storeu_si512(scratch.weights + row, _mm512_setzero_si512());
    _mm512_storeu_si512(scratch.dscores + row, _mm512_setzero_si512());
  }
}

/// The weights of a panel of queries and a block of keys, and the contribution of these to dq.
/// `query` is the panel's first query within the block of queries, `key` the block's first key
/// within the task.
void add_panel(const BackwardScratch& scratch, const Attention<float>& attention,
               const ScoreBlock& block, int64_t query, int64_t key) {
  const int64_t D_pairs = scratch.D / 2;
  const int64_t Dv_pairs = scratch.Dv / 2;
  const int64_t keys = round_up(block.keys);
  multiply_panel<false>(scratch.scores, keys,
                        {.a = scratch.k + key * D_pairs,
                         .b = scratch.q + query * D_pairs,
                         .a_stride = D_pairs,
                         .pairs = D_pairs});
  apply_masks(scratch.scores, block, attention);
  multiply_panel<false>(scratch.dweights, keys,
                        {.a = scratch.v + key * Dv_pairs,
                         .b = scratch.dy + query * Dv_pairs,
                         .a_stride = Dv_pairs,
                         .pairs = Dv_pairs});
  if (attention.dropout.kept) {
    load_dropout_factors(scratch.dropout, block, attention);
    pack_weights<true>(scratch, block, query);
  } else {
    pack_weights<false>(scratch, block, query);
  }
  multiply_panel<true>(scratch.dq + query * scratch.D, scratch.D,
                       {.a = scratch.k_columns + key * D_pairs,
                        .b = scratch.dscores_of_panel,
                        .a_stride = kKeyPairs,
                        .pairs = keys / 2});
}

/// sums (kBf16Keys, columns) += weights (keys, queries) rows (queries, columns), for the queries of
/// a block from number `begin` to `end`.
void add_queries(float* sums, const uint32_t* weights, const uint32_t* rows, int64_t columns,
                 int64_t keys, int64_t begin, int64_t end) {
  for (int64_t d = 0; d < columns; d += kPanel) {
    multiply_panel<true>(sums + d * kBf16Keys, keys,
                         {.a = weights + begin / 2,
                          .b = rows + d * kQueryPairs + begin / 2 * kPanel,
                          .a_stride = kQueryPairs,
                          .pairs = (round_up(end) - begin) / 2});
  }
}

/// Adds the contribution of a block of queries and the block of keys from key j on.
void add_block(const BackwardScratch& scratch, const Attention<float>& attention,
               const HeadRange& queries, const HeadRange& keys, int64_t j) {
  const int64_t key = j - keys.begin;
  int64_t begin = 0;  // of the queries of the block that see these keys
  int64_t most_keys = 0;
  for (int64_t i = queries.begin; i < queries.end; i += kPanel) {
    const int64_t count = smaller(kPanel, queries.end - i);
    const int64_t left = smaller(keys.end, keys_seen(attention, i + count)) - j;
    if (left <= 0) {  // causal: all of these keys come after the queries
      begin += kPanel;
      continue;
    }
    most_keys = smaller(kBf16Keys, left);
    add_panel(scratch, attention,
              {.head = keys.head, .query = i, .queries = count, .key = j, .keys = most_keys},
              i - queries.begin, key);
  }
  const int64_t end = queries.end - queries.begin;
  add_queries(scratch.dv + key * scratch.Dv, scratch.weights, scratch.dy_columns, scratch.Dv,
              round_up(most_keys), begin, end);
  add_queries(scratch.dk + key * scratch.D, scratch.dscores, scratch.q_columns, scratch.D,
              round_up(most_keys), begin, end);
}

/// Writes dq, times scale.
void finish_queries(const Heads<float>& dq, const BackwardScratch& scratch,
                    const Attention<float>& attention, const HeadRange& queries) {
  const int64_t numbers = round_up(queries.end - queries.begin) * scratch.D;
  copy_rows(scratch.dq, numbers, scratch.dq, numbers, 1, numbers, attention.scale);
  for (int64_t i = queries.begin; i < queries.end; i += kPanel) {
    store_transposed(row_of(dq, queries.head, i), dq.row_stride,
                     scratch.dq + (i - queries.begin) * scratch.D, attention.D,
                     smaller(kPanel, queries.end - i));
  }
}

/// Writes the rows of dk or dv from their panels.
void finish_keys(const Heads<float>& to, const float* panels, int64_t padded, int64_t columns,
                 const HeadRange& keys) {
  for (int64_t j = keys.begin; j < keys.end; j += kBf16Keys) {
    const float* const block = panels + (j - keys.begin) * padded;
    for (int64_t d = 0; d < columns; d += kPanel) {
      copy_rows(row_of(to, keys.head, j) + d, to.row_stride, block + d * kBf16Keys, kPanel,
                smaller(kBf16Keys, keys.end - j), smaller(kPanel, columns - d), 1);
    }
  }
}

}  // namespace

int64_t bf16_attention_backward_scratch_size(const Attention<float>& attention, int64_t keys) {
  Scratch counter(nullptr);
  BackwardScratch(attention, keys, counter);
  return counter.size();
}

void bf16_attention_backward_block(const AttentionGradients<float>& gradients,
                                   const Attention<float>& attention, const HeadRange& keys,
                                   float* memory) {
  [[maybe_unused]] const TileUnit unit;
  Scratch pieces(memory);
  const BackwardScratch scratch(attention, keys.end - keys.begin, pieces);
  start_keys(scratch, attention, keys);
  for (int64_t begin = 0; begin < attention.L; begin += kBf16Queries) {
    const HeadRange queries{
        .head = keys.head, .begin = begin, .end = smaller(begin + kBf16Queries, attention.L)};
    start_queries(scratch, gradients, attention, queries);
    const int64_t seen = smaller(keys.end, keys_seen(attention, queries.end));
    for (int64_t j = keys.begin; j < seen; j += kBf16Keys)
      add_block(scratch, attention, queries, keys, j);
    finish_queries(gradients.dq, scratch, attention, queries);
  }
  finish_keys(gradients.dk, scratch.dk, scratch.D, attention.D, keys);
  finish_keys(gradients.dv, scratch.dv, scratch.Dv, attention.Dv, keys);
}

}  // namespace gradus::kernels::GRADUS_ISA
