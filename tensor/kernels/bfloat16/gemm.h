// Products of float32 matrices whose factors are rounded to bfloat16, for processors that multiply
// bfloat16 numbers and add the products in float32.
//
// A bfloat16 number is the upper half of a float32: the same exponents, 8 significant bits. A
// factor is rounded to the nearest one, ties to even, while it is packed; sums stay in float32. As
// these processors do it: denormal numbers count as 0; infinities and NaN propagate.
#pragma once

#include <cstdint>

#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

constexpr int64_t kBf16Columns = 32;  // of a panel of B
constexpr int64_t kBf16Depth = 768;   // most numbers of a row or a column that are packed at a time
constexpr int64_t kBf16PackedA = 1024 * 272;  // most pairs of A that are packed at a time

/// Pairs of the buffer for packed operands: A, and two panels of B.
constexpr int64_t kBf16BufferSize = kBf16PackedA + kBf16Columns * kBf16Depth;

// bf16_gemm_block: computes `block` in the calling thread. The columns of C, and those of start,
// are contiguous; A and B have any strides. The buffer has kBf16BufferSize pairs, aligned to 64
// bytes. Blocks of C should begin at multiples of bf16_tile_size().
#define GRADUS_DECLARE_BF16  \
  TileSize bf16_tile_size(); \
  void bf16_gemm_block(const MatrixProduct<float>& block, uint32_t* buffer);
#if defined(__x86_64__)
namespace avx512_bf16 {
GRADUS_DECLARE_BF16
}
namespace amx {
GRADUS_DECLARE_BF16
}
#endif
#undef GRADUS_DECLARE_BF16

}  // namespace gradus::kernels
