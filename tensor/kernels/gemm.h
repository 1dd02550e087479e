#pragma once

#include <cstdint>

namespace gradus::kernels {

/// Element (i, j) lies at data[i * row + j * col]: a transposed matrix swaps row and col, an
/// expanded one has a 0.
template <class T>
struct Matrix {
  T* data;
  int64_t row, col;
};

/// C (M, N) = A (M, K) B (K, N) + start (M, N): C itself, to add to it, another matrix such as a
/// bias, whose rows are all the same (row is 0), or nothing (no data). C overlaps no other matrix
/// than itself as start, and its elements are distinct. float and double; int64 wraps on overflow.
template <class T>
void gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K,
          Matrix<const T> start);

/// `batch` products; number b uses C.data and start.data + c_offsets[b], A.data + a_offsets[b],
/// B.data + b_offsets[b].
template <class T>
void batched_gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, const int64_t* c_offsets,
                  const int64_t* a_offsets, const int64_t* b_offsets, int64_t batch, int64_t M,
                  int64_t N, int64_t K, Matrix<const T> start);

/// The same as gemm in three plain loops: what the fast one is tested against.
template <class T>
void gemm_reference(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N,
                    int64_t K, Matrix<const T> start);

}  // namespace gradus::kernels
