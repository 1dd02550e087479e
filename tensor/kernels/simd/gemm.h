// The part of a matrix product that is compiled per instruction set: one block of C.
#pragma once

#include <cstdint>

#include "tensor/kernels/few_rows.h"
#include "tensor/kernels/gemm.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// C (M, N) = A (M, K) B (K, N) + start: one product, or one block of a larger C. `start` is as for
/// gemm.
template <class T>
struct MatrixProduct {
  Matrix<T> C;
  Matrix<const T> A;
  Matrix<const T> B;
  Matrix<const T> start;
  int64_t M;
  int64_t N;
  int64_t K;
};

// The sizes of the blocks that simd/gemm.cpp keeps in the caches, by BLIS's names.
constexpr int64_t kGemmMC = 1008;  // most rows of a block of C
constexpr int64_t kGemmKC = 256;   // depth of a block: MR x KC numbers of A fit the L1 cache
constexpr int64_t kGemmNC = 256;   // columns of a block of B: KC x NC leave A room in the L2 cache
constexpr int64_t kGemmPackedDepth = 4 * kGemmKC;  // depth for which A is packed at once

/// Numbers of the buffer for packed operands. Vector loads may read past a panel's end.
constexpr int64_t kGemmBufferSize = kGemmMC * kGemmPackedDepth + kGemmNC * kGemmKC + 64;

struct TileSize {
  int64_t rows;
  int64_t columns;
};

// gemm_tile_size: MR and NR. Blocks of C should begin at multiples of these.
// gemm_block: computes `block` in the calling thread. block.M is at most kGemmMC; the buffer has
// kGemmBufferSize numbers. gemm_few_rows: product.M is at most kFewRows. widen: y = x.
GRADUS_DECLARE_PER_ISA(template <class T> TileSize gemm_tile_size();
                       template <class T> void gemm_block(const MatrixProduct<T>& block, T* buffer);
                       template <class T, class Stored>
                       void gemm_few_rows(const RowsTimesRows<T, Stored>& product);
                       void widen(float* y, const BFloat16* x, int64_t n);)

}  // namespace gradus::kernels
