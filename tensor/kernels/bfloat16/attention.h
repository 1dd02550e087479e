// Attention whose products multiply numbers rounded to bfloat16: q, k, v, dy, the weights P * Z and
// the gradients of the scores dS. The products are added in float32, and the rest is computed in
// float32. Formulas and letters: tensor/kernels/attention.h; rounding: bfloat16/gemm.h.
#pragma once

#include <cstdint>

#include "tensor/kernels/simd/attention.h"

namespace gradus::kernels {

constexpr int64_t kBf16FewestQueries = 5;  // fewer are computed one by one, in float32
constexpr int64_t kBf16Queries = 128;      // of a block; a multiple of 32
constexpr int64_t kBf16Keys = 64;          // of a block; a multiple of 32

// As the functions of simd/attention.h, for ranges of queries that begin at multiples of
// kBf16Queries and ranges of keys that begin at multiples of kBf16Keys, of any length.
#define GRADUS_DECLARE_BF16_ATTENTION                                                              \
  int64_t bf16_attention_forward_scratch_size(const Attention<float>& attention, int64_t queries); \
  int64_t bf16_attention_backward_scratch_size(const Attention<float>& attention, int64_t keys);   \
  void bf16_attention_forward_block(Heads<float> y, const SoftmaxSums<float>& sums,                \
                                    const Attention<float>& attention, const HeadRange& queries,   \
                                    float* memory);                                                \
  void bf16_attention_backward_block(const AttentionGradients<float>& gradients,                   \
                                     const Attention<float>& attention, const HeadRange& keys,     \
                                     float* memory);
#if defined(__x86_64__)
namespace avx512_bf16 {
GRADUS_DECLARE_BF16_ATTENTION
}
namespace amx {
GRADUS_DECLARE_BF16_ATTENTION
}
#endif
#undef GRADUS_DECLARE_BF16_ATTENTION

}  // namespace gradus::kernels
