// Masks and dropout factors of a block of scores (attention_panels.h). In memory the numbers of one
// query follow one another, but scores have queries along the lanes: 16 x 16 numbers are loaded by
// queries and transposed.
#pragma once

#include "tensor/kernels/bfloat16/attention_panels.h"

namespace gradus::kernels::GRADUS_ISA {

GRADUS_INLINE int64_t mask_offset(const AttentionMask<float>& mask, int64_t head, int64_t i,
                                  int64_t j) {
  return mask.offsets[head] + i * mask.row_stride + j * mask.col_stride;
}

/// The added mask of one query and n <= 16 keys.
GRADUS_INLINE __m512 load_added(const AttentionMask<float>& mask, int64_t offset, int64_t n) {
  const float* const from = mask.added + offset;
  if (mask.col_stride == 1) return _mm512_maskz_loadu_ps(first(n), from);
  alignas(64) float numbers[kLane] = {};
  for (int64_t j = 0; j < n; ++j)
    numbers[j] = from[j * mask.col_stride];
  return _mm512_load_ps(numbers);
}

/// 1 where one query sees one of n <= 16 keys, 0 elsewhere.
GRADUS_INLINE __m512 load_visible(const AttentionMask<float>& mask, int64_t offset, int64_t n) {
  const bool* const from = mask.visible + offset;
  unsigned bits = 0;
  if (mask.col_stride == 1) {
    const __m128i bytes = _mm_maskz_loadu_epi8(first(n), from);
    bits = _mm_test_epi8_mask(bytes, bytes);
  } else {
    for (int64_t j = 0; j < n; ++j)
      bits |= static_cast<unsigned>(from[j * mask.col_stride]) << j;
  }
  return _mm512_maskz_mov_ps(static_cast<__mmask16>(bits), _mm512_set1_ps(1));
}

/// The dropout factors of n <= 16 weights from number `weight` of all weights on.
GRADUS_INLINE __m512 load_dropout(const AttentionDropout<float>& dropout, int64_t weight,
                                  int64_t n) {
  const uint64_t* const words = dropout.kept + (weight >> 6);
  const int64_t shift = weight & 63;
  uint64_t bits = words[0] >> shift;
  if (shift + n > 64) bits |= words[1] << (64 - shift);
  const auto kept = static_cast<__mmask16>(bits & 0xffff);
  return _mm512_maskz_mov_ps(kept, _mm512_set1_ps(dropout.kept_scale));
}

/// scores = update(score, value) for each score, where load(query, key, n) gives the values of one
/// query and n <= 16 keys. Scores of queries or keys that do not exist are updated with 0.
template <class Load, class Update>
GRADUS_INLINE void update_scores(float* scores, const ScoreBlock& block, const Load& load,
                                 const Update& update) {
  for (int64_t j = 0; j < block.keys; j += kLane) {
    const int64_t keys = smaller(kLane, block.keys - j);
    for (int64_t i = 0; i < block.queries; i += kLane) {
      Square values;
      for (int64_t n = 0; n < kLane; ++n) {
        const bool exists = i + n < block.queries;
        values[n] = exists ? _mm512_castps_si512(load(block.query + i + n, block.key + j, keys))
                           : _mm512_setzero_si512();
      }
      transpose(values);
      for (int64_t n = 0; n < kLane; ++n) {
        float* const score = scores + (j + n) * kPanel + i;
        const __m512 value = _mm512_castsi512_ps(values[n]);
        _mm512_storeu_ps(score, update(_mm512_loadu_ps(score), value));
      }
    }
  }
}

/// factors = the dropout factors of a block of scores, and 0 where there is no query or key.
GRADUS_INLINE void load_dropout_factors(float* factors, const ScoreBlock& block,
                                        const Attention<float>& attention) {
  const auto load = [&](int64_t query, int64_t key, int64_t n) {
    const int64_t weight = (block.head * attention.L + query) * attention.S + key;
    return load_dropout(attention.dropout, weight, n);
  };
  const bool is_full = block.queries == kPanel && block.keys == kBf16Keys;
  if (!is_full) clear(factors, kBf16Keys * kPanel);
  update_scores(factors, block, load, [](__m512, __m512 factor) { return factor; });
}

/// scores = -inf where the key comes after the query.
GRADUS_INLINE void hide_later_keys(float* scores, const ScoreBlock& block) {
  const __m512 hidden = _mm512_set1_ps(-kInfinity);
  for (int64_t j = 0; j < block.keys; ++j) {
    const int64_t queries = block.key + j - block.query;  // that come before this key
    _mm512_mask_storeu_ps(scores + j * kPanel, first(queries), hidden);
    _mm512_mask_storeu_ps(scores + j * kPanel + kLane, first(queries - kLane), hidden);
  }
}

/// scores = -inf for hidden keys and for those beyond the end of the block.
GRADUS_INLINE void apply_masks(float* scores, const ScoreBlock& block,
                               const Attention<float>& attention) {
  const AttentionMask<float>& mask = attention.mask;
  const bool has_later_keys = block.key + block.keys - 1 > block.query;
  if (attention.causal && has_later_keys) hide_later_keys(scores, block);
  if (mask.visible != nullptr) {
    const auto load = [&](int64_t query, int64_t key, int64_t n) {
      return load_visible(mask, mask_offset(mask, block.head, query, key), n);
    };
    update_scores(scores, block, load, [](__m512 score, __m512 visible) {
      const __mmask16 is_hidden = _mm512_cmp_ps_mask(visible, _mm512_setzero_ps(), _CMP_EQ_OQ);
      return _mm512_mask_mov_ps(score, is_hidden, _mm512_set1_ps(-kInfinity));
    });
  } else if (mask.added != nullptr) {
    const auto load = [&](int64_t query, int64_t key, int64_t n) {
      return load_added(mask, mask_offset(mask, block.head, query, key), n);
    };
    update_scores(scores, block, load,
                  [](__m512 score, __m512 added) { return _mm512_add_ps(score, added); });
  }
  for (int64_t n = block.keys * kPanel; n < round_up(block.keys) * kPanel; n += kLane)
    _mm512_storeu_ps(scores + n, _mm512_set1_ps(-kInfinity));
}

}  // namespace gradus::kernels::GRADUS_ISA
