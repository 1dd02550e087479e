#pragma once

#include <cstdint>

#include "tensor/kernels/gemm.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// C (M, N) = A (M, K) B (K, N) + start, by one thread.
template <class T> struct GemmBlock {
  Matrix<T> C;
  Matrix<const T> A, B, start;  // start: C itself to add to it, a bias with row stride 0, or no data
  int64_t M, N, K;
};

constexpr int64_t kGemmRows = 252;   // of A in one packed block: with kGemmDepth it fits the L2 cache
constexpr int64_t kGemmDepth = 256;  // of k in one packed block: a panel of B fits the L1 cache
constexpr int64_t kGemmColumns = 32 * 8 / 4;
constexpr int64_t kGemmBuffer = (kGemmRows + kGemmColumns) * kGemmDepth;  // numbers that gemm_block needs for packing

// tile_height and tile_width: the blocks of a product are multiples of them. gemm_block: M up to kGemmRows.
GRADUS_SIMD(template <class T> int64_t tile_height(); template <class T> int64_t tile_width();
            template <class T> void gemm_block(const GemmBlock<T>& block, T* buffer);
            template <class T> T dot(const T* a, const T* b, int64_t K);)

}  // namespace gradus::kernels
