#pragma once

#include <cstdint>

#include "tensor/kernels/gemm.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// C (M, N) = A (M, K) B (K, N) + start, by one thread.
template <class T>
struct GemmBlock {
  Matrix<T> C;
  Matrix<const T> A, B,
      start;  // start: C itself to add to it, a bias with row stride 0, or no data
  int64_t M, N, K;
};

constexpr int64_t kGemmRows = 1008;         // most rows of a block
constexpr int64_t kGemmDepth = 256;         // of k at a time: a tile's share of A fits the L1 cache
constexpr int64_t kGemmPackedDepth = 1024;  // of k for which A is packed
constexpr int64_t kGemmColumns =
    256;  // of B at a time: with kGemmDepth they leave the L2 cache room for A
constexpr int64_t kGemmBuffer =
    kGemmRows * kGemmPackedDepth + kGemmColumns * kGemmDepth + 64;  // for packing

// gemm_block: M is at most kGemmRows. Blocks of C are best cut at multiples of gemm_tile's height
// and width.
struct TileSize {
  int64_t height, width;
};
GRADUS_DECLARE_PER_ISA(template <class T> TileSize gemm_tile();
                       template <class T> void gemm_block(const GemmBlock<T>& block, T* buffer);
                       template <class T> T dot(const T* a, const T* b, int64_t K);)

}  // namespace gradus::kernels
