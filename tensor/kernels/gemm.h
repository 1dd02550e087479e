// Matrix products, single and batched, of matrices with any strides.
#pragma once

#include <cstdint>

namespace gradus::kernels {

/// A matrix in memory: element (i, j) is data[i * row_stride + j * col_stride]. Transposing swaps
/// the strides; an expanded dimension has stride 0.
template <class T>
struct Matrix {
  T* data;
  int64_t row_stride;
  int64_t col_stride;
};

/// C (M, N) = A (M, K) B (K, N) + start (M, N). start is C itself (to add to it), a matrix whose
/// rows are all the same (a bias, row stride 0), or has no data. The elements of C are distinct,
/// and C does not overlap A, B or another start. For float, double and int64, which wraps on
/// overflow.
template <class T>
void gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K,
          Matrix<const T> start);

/// How float32 matrices are multiplied. highest: in float32. medium: the numbers are rounded to
/// bfloat16 and the products are added in float32, if the processor has instructions for that.
/// high: each number is split into two bfloat16 numbers, with AMX only; if that would lose more
/// than the last of their 16 bits, because a number is not finite or very small, the product is
/// computed in float32. Very small products, and those of a few rows (few_rows.h) or one column,
/// are always in float32.
enum class MatmulPrecision { highest, high, medium };
void set_matmul_precision(MatmulPrecision precision);
MatmulPrecision matmul_precision();
/// Whether `medium` differs from `highest` on this processor.
bool has_bfloat16_products();

/// `batch` products of the same sizes and strides. Product b uses C.data + c_offsets[b],
/// start.data + c_offsets[b], A.data + a_offsets[b] and B.data + b_offsets[b].
template <class T>
struct BatchedGemm {
  Matrix<T> C;
  Matrix<const T> A;
  Matrix<const T> B;
  Matrix<const T> start = {};
  const int64_t* c_offsets;
  const int64_t* a_offsets;
  const int64_t* b_offsets;
  int64_t batch;
  int64_t M;
  int64_t N;
  int64_t K;
};
template <class T>
void batched_gemm(const BatchedGemm<T>& products);

/// The same as gemm in three plain loops: the definition that gemm is tested against.
template <class T>
void gemm_reference(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N,
                    int64_t K, Matrix<const T> start);

}  // namespace gradus::kernels
