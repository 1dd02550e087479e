// Products of a few rows and a large matrix, as in a linear layer for a few tokens: the time is
// that of reading the matrix from memory, and half of that if its numbers are in bfloat16.
#pragma once

#include <cstdint>

#include "tensor/kernels/bfloat16.h"
#include "tensor/kernels/gemm.h"

namespace gradus::kernels {

/// C (M, N) = A (M, K) W^T + start, as for gemm. The rows of A, and those of W (N, K), are
/// contiguous. Stored is T, or BFloat16 if T is float.
template <class T, class Stored>
struct RowsTimesRows {
  Matrix<T> C;
  Matrix<const T> A;
  Matrix<const Stored> W;
  Matrix<const T> start;
  int64_t M;
  int64_t N;
  int64_t K;
};

/// Up to this M every number of W is read from memory once.
constexpr int kFewRows = 8;

/// Whether dot products are the fastest way to multiply M rows of K numbers by columns that are
/// contiguous. Short ones take longer than blocks of C.
constexpr bool are_few_rows(int64_t M, int64_t K) {
  return M == 1 || (M <= kFewRows && K >= 64 * M);
}

/// C for M up to kFewRows.
template <class T, class Stored>
void multiply_few_rows(const RowsTimesRows<T, Stored>& product);

/// C for any M. The numbers of W are exact; all sums are in float32. For more than kFewRows rows
/// the precision is that of gemm.
void multiply_bfloat16(const RowsTimesRows<float, BFloat16>& product);

/// The same in three plain loops.
void multiply_bfloat16_reference(const RowsTimesRows<float, BFloat16>& product);

}  // namespace gradus::kernels
