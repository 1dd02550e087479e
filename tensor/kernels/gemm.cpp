#include "tensor/kernels/gemm.h"

#include <algorithm>
#include <type_traits>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/memory.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

template <class T>
void gemm_reference(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N,
                    int64_t K, Matrix<const T> start) {
  using Sum = Accumulator<T>;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      Sum sum = start.data ? static_cast<Sum>(start.data[m * start.row + n * start.col]) : Sum{0};
      for (int64_t k = 0; k < K; ++k) {
        sum += static_cast<Sum>(A.data[m * A.row + k * A.col]) *
               static_cast<Sum>(B.data[k * B.row + n * B.col]);
      }
      C.data[m * C.row + n * C.col] = static_cast<T>(sum);
    }
  }
}

// The fast version cuts C into blocks, which threads share; simd/gemm.cpp computes one.

namespace {

/// Memory for packing, which each calling thread keeps: kGemmBuffer elements for every worker.
template <class T>
T* packing_buffer(int64_t workers) {
  thread_local ThreadBuffer buffer;
  return static_cast<T*>(buffer.get(static_cast<size_t>(workers * kGemmBuffer) * sizeof(T)));
}

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

double work(int64_t M, int64_t N, int64_t K) {
  return static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K);
}

/// The part of a matrix that begins at (i, j), if there is a matrix; `offset` is where the matrix
/// begins.
template <class M>
M at(const M& matrix, int64_t i, int64_t j, int64_t offset = 0) {
  return {matrix.data ? matrix.data + offset + i * matrix.row + j * matrix.col : nullptr,
          matrix.row, matrix.col};
}

/// What needs no packing: an empty K, int64, tiny products, and rows of A times columns of B when
/// both are contiguous.
template <class T>
bool gemm_simple(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K,
                 Matrix<const T> start) {
  if constexpr (!std::is_floating_point_v<T>) {
    parallel_for(M, grain_for(N * K), [&](int64_t begin, int64_t end) {
      gemm_reference(at(C, begin, 0), at(A, begin, 0), B, end - begin, N, K, at(start, begin, 0));
    });
    return true;
  } else {
    if (K == 0 || work(M, N, K) <= 200) {
      gemm_reference(C, A, B, M, N, K, start);
      return true;
    }
    if (M > 1 || A.col != 1 || B.row != 1) return false;
    parallel_for(N, grain_for(K / 8), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const T product = GRADUS_DISPATCH(dot(A.data, B.data + n * B.col, K));
        C.data[n * C.col] = start.data ? start.data[n * start.col] + product : product;
      }
    });
    return true;
  }
}

}  // namespace

template <class T>
void gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K,
          Matrix<const T> start) {
  const int64_t zero = 0;
  batched_gemm<T>(C, A, B, &zero, &zero, &zero, 1, M, N, K, start);
}

template <class T>
void batched_gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, const int64_t* c_offsets,
                  const int64_t* a_offsets, const int64_t* b_offsets, int64_t batch, int64_t M,
                  int64_t N, int64_t K, Matrix<const T> start) {
  if (batch == 0 || M == 0 || N == 0) return;
  if (N == 1 && M > 1) {  // a product with a column is computed as one with a row: C' = B' A'
    return batched_gemm<T>({C.data, C.col, C.row}, {B.data, B.col, B.row}, {A.data, A.col, A.row},
                           c_offsets, b_offsets, a_offsets, batch, N, M, K,
                           {start.data, start.col, start.row});
  }
  const auto simple = [&](int64_t b) {
    return gemm_simple(at(C, 0, 0, c_offsets[b]), at(A, 0, 0, a_offsets[b]),
                       at(B, 0, 0, b_offsets[b]), M, N, K, at(start, 0, 0, c_offsets[b]));
  };
  if (simple(0)) {
    const int64_t cost = static_cast<int64_t>(std::min(work(M, N, K), 1e9));
    parallel_for(batch - 1, grain_for(cost), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin + 1; b <= end; ++b)
        simple(b);
    });
    return;
  }
  if constexpr (std::is_floating_point_v<T>) {
    const TileSize tile = GRADUS_DISPATCH(gemm_tile<T>());
    const bool serial = static_cast<double>(batch) * work(M, N, K) < 200'000;
    const int64_t threads = serial ? 1 : get_num_threads();
    // C is cut into blocks of rows, and where these are too few to share evenly, along its longer
    // side.
    int64_t row_blocks = divide_up(M, kGemmRows);
    int64_t column_blocks = 1;
    if (batch * row_blocks % threads != 0 && batch * row_blocks < 8 * threads) {
      if (N >= M)
        column_blocks = threads;
      else
        row_blocks = divide_up(row_blocks, threads) * threads;
    }
    const int64_t height = divide_up(divide_up(M, row_blocks), tile.height) * tile.height;
    const int64_t width = divide_up(divide_up(N, column_blocks), tile.width) * tile.width;
    row_blocks = divide_up(M, height);
    column_blocks = divide_up(N, width);
    const int64_t blocks = batch * row_blocks * column_blocks;
    const int64_t workers = std::min(threads, blocks);
    T* const buffer = packing_buffer<T>(workers);
    parallel_for(workers, 1, [&](int64_t first, int64_t last) {
      for (int64_t w = first; w < last; ++w) {
        for (int64_t block = w; block < blocks; block += workers) {
          const int64_t n = block % column_blocks * width;
          const int64_t m = block / column_blocks % row_blocks * height;
          const int64_t b = block / (column_blocks * row_blocks);
          const GemmBlock<T> part_of_c{at(C, m, n, c_offsets[b]),
                                       at(A, m, 0, a_offsets[b]),
                                       at(B, 0, n, b_offsets[b]),
                                       at(start, m, n, c_offsets[b]),
                                       std::min(height, M - m),
                                       std::min(width, N - n),
                                       K};
          GRADUS_DISPATCH(gemm_block(part_of_c, buffer + w * kGemmBuffer));
        }
      }
    });
  }
}

#define GRADUS_INSTANTIATE(T)                                                                    \
  template void gemm_reference(Matrix<T>, Matrix<const T>, Matrix<const T>, int64_t, int64_t,    \
                               int64_t, Matrix<const T>);                                        \
  template void gemm(Matrix<T>, Matrix<const T>, Matrix<const T>, int64_t, int64_t, int64_t,     \
                     Matrix<const T>);                                                           \
  template void batched_gemm(Matrix<T>, Matrix<const T>, Matrix<const T>, const int64_t*,        \
                             const int64_t*, const int64_t*, int64_t, int64_t, int64_t, int64_t, \
                             Matrix<const T>);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)

}  // namespace gradus::kernels
