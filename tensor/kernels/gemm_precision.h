// The kernels of matrix products that are less precise than float32.
#pragma once

#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

/// The bfloat16 numbers that a factor is split into, in these products now: 0 if they are to be
/// computed in float32.
int bf16_terms(const BatchedGemm<float>& products);

/// How a thread computes a block of C.
template <class T>
struct BlockMethod {
  TileSize tile;        // blocks begin at multiples of it
  int64_t most_rows;    // of a block
  int64_t buffer_size;  // bytes of memory for packed operands
  void (*multiply)(const MatrixProduct<T>& block, void* buffer);
};
/// The method for `terms` of 1 or 2, and products of M rows.
BlockMethod<float> bf16_method(int terms, int64_t M);

}  // namespace gradus::kernels
