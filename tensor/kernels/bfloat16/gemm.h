// Products of float32 matrices whose factors are rounded to bfloat16, for processors that multiply
// bfloat16 numbers and add the products in float32.
//
// A bfloat16 number is the upper half of a float32: the same exponents, 8 significant bits. A
// factor is rounded to the nearest one, ties to even, while it is packed; sums stay in float32. As
// these processors do it: denormal numbers count as 0; infinities and NaN propagate.
//
// A factor may also be split into two such numbers, a = a0 + a1, of 16 significant bits together
// (Henry, Tang and Heinecke, "Leveraging the bfloat16 artificial intelligence datatype for
// higher-precision computations", 2019): a b is then a0 b0 + a0 b1 + a1 b0.
#pragma once

#include <cstdint>

#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

constexpr int64_t kBf16Columns = 32;           // of a panel of B
constexpr int64_t kBf16Slab = 64 * 768 / 2;    // most pairs of a slab, panels side by side
constexpr int64_t kBf16PackedA = 512 * 400;    // most pairs of A that are packed at a time
constexpr int64_t kBf16FewRows = 256;          // products of more rows may keep all panels of B
constexpr int64_t kBf16PackedB = 1024 * 1024;  // most pairs of B that are kept
constexpr int64_t kBf16Sums = 1536 * kBf16Columns;

/// Pairs of the buffer for a block of M rows: packed A, sums, and two slabs of B or more.
constexpr int64_t bf16_buffer_size(int64_t M) {
  return kBf16PackedA + kBf16Sums + (M > kBf16FewRows ? kBf16PackedB : 2 * kBf16Slab);
}

/// The largest magnitude of some numbers, and the smallest of those that are not 0, as the bits of
/// a float. NaN counts as more than infinity; if all numbers are 0, both are 0.
struct Magnitudes {
  uint32_t largest;
  uint32_t smallest;
};

// bf16_gemm_block: computes `block` in the calling thread, with factors of one term or, with AMX
// only, of two. The columns of C, and those of start, are contiguous; A and B have any strides. The
// buffer has bf16_buffer_size(M) pairs, aligned to 64 bytes. Blocks of C should begin at
// multiples of bf16_tile_size(). bf16_magnitudes: those of a matrix, fast if its rows are
// contiguous.
#define GRADUS_DECLARE_BF16                                                             \
  TileSize bf16_tile_size();                                                            \
  void bf16_gemm_block(const MatrixProduct<float>& block, int terms, uint32_t* buffer); \
  Magnitudes bf16_magnitudes(const Matrix<const float>& x, int64_t rows, int64_t columns);
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
