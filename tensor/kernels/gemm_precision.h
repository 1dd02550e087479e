// How precisely matrices of float32 numbers are multiplied, and the kernels that are less precise
// than float32.
#pragma once

#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

/// highest: in float32. medium: the numbers are rounded to bfloat16 and the products are added in
/// float32, if the processor has instructions for that. high: each number is split into two
/// bfloat16 numbers, with AMX only; if that would lose more than the last of their 16 bits, because
/// a number is not finite or very small, the product is computed in float32. Very small products,
/// and those of a few rows (few_rows.h) or one column, are always in float32.
enum class MatmulPrecision { highest, high, medium };
void set_matmul_precision(MatmulPrecision precision);
MatmulPrecision matmul_precision();
/// Whether `medium` differs from `highest` on this processor.
bool has_bfloat16_products();

/// The bfloat16 numbers that a factor is split into, in these products now: 0 if they are to be
/// computed in float32.
int bf16_terms(const BatchedGemm<float>& products);

/// How a thread computes a block of C.
template <class T>
struct BlockMethod {
  TileSize tile;        // blocks begin at multiples of it
  int64_t buffer_size;  // bytes of memory for packed operands
  void (*multiply)(const MatrixProduct<T>& block, void* buffer);
};
/// The method for `terms` of 1 or 2.
BlockMethod<float> bf16_method(int terms);

}  // namespace gradus::kernels
