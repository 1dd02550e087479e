#include "tensor/kernels/gemm.h"

#include <algorithm>
#include <type_traits>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/few_rows.h"
#include "tensor/kernels/gemm_precision.h"
#include "tensor/kernels/memory.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

template <class T>
void gemm_reference(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N,
                    int64_t K, Matrix<const T> start) {
  using Sum = Accumulator<T>;
  const auto element = [](const Matrix<const T>& matrix, int64_t i, int64_t j) {
    return static_cast<Sum>(matrix.data[i * matrix.row_stride + j * matrix.col_stride]);
  };
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      Sum sum = start.data ? element(start, m, n) : Sum{0};
      for (int64_t k = 0; k < K; ++k)
        sum += element(A, m, k) * element(B, k, n);
      C.data[m * C.row_stride + n * C.col_stride] = static_cast<T>(sum);
    }
  }
}

// The fast version splits C into blocks, which the threads share. simd/gemm.cpp computes a block.

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

/// The multiply-adds of one product, as a double because the integer may overflow.
template <class T>
double work(const BatchedGemm<T>& products) {
  return static_cast<double>(products.M) * static_cast<double>(products.N) *
         static_cast<double>(products.K);
}

/// The part of a matrix that begins at row i and column j. A null matrix stays null.
template <class M>
M submatrix(const M& matrix, int64_t i, int64_t j) {
  return {matrix.data ? matrix.data + i * matrix.row_stride + j * matrix.col_stride : nullptr,
          matrix.row_stride, matrix.col_stride};
}
template <class M>
M at_offset(const M& matrix, int64_t offset) {
  return {matrix.data ? matrix.data + offset : nullptr, matrix.row_stride, matrix.col_stride};
}
template <class M>
M transposed(const M& matrix) {
  return {matrix.data, matrix.col_stride, matrix.row_stride};
}

/// C' = B' A'.
template <class T>
BatchedGemm<T> transposed(const BatchedGemm<T>& products) {
  return {.C = transposed(products.C),
          .A = transposed(products.B),
          .B = transposed(products.A),
          .start = transposed(products.start),
          .c_offsets = products.c_offsets,
          .a_offsets = products.b_offsets,
          .b_offsets = products.a_offsets,
          .batch = products.batch,
          .M = products.N,
          .N = products.M,
          .K = products.K};
}

template <class T>
MatrixProduct<T> product_at(const BatchedGemm<T>& products, int64_t b) {
  return {.C = at_offset(products.C, products.c_offsets[b]),
          .A = at_offset(products.A, products.a_offsets[b]),
          .B = at_offset(products.B, products.b_offsets[b]),
          .start = at_offset(products.start, products.c_offsets[b]),
          .M = products.M,
          .N = products.N,
          .K = products.K};
}

/// Rows m ... m + rows - 1 and columns n ... n + columns - 1 of a product, clipped to
/// the size of C.
template <class T>
MatrixProduct<T> block_of(const MatrixProduct<T>& product, int64_t m, int64_t rows, int64_t n,
                          int64_t columns) {
  return {.C = submatrix(product.C, m, n),
          .A = submatrix(product.A, m, 0),
          .B = submatrix(product.B, 0, n),
          .start = submatrix(product.start, m, n),
          .M = std::min(rows, product.M - m),
          .N = std::min(columns, product.N - n),
          .K = product.K};
}

enum class Method { reference, few_rows, blocks };

template <class T>
Method method_for(const BatchedGemm<T>& products) {
  constexpr double kTiny = 200;  // for so few multiply-adds, any preparation takes longer
  if (!std::is_floating_point_v<T> || products.K == 0 || work(products) <= kTiny)
    return Method::reference;
  const bool is_rows_times_contiguous_columns =
      products.A.col_stride == 1 && products.B.row_stride == 1;
  return is_rows_times_contiguous_columns && are_few_rows(products.M, products.K) ? Method::few_rows
                                                                                  : Method::blocks;
}

template <class T>
void multiply_by_reference(const MatrixProduct<T>& product) {
  const auto multiply = [](const MatrixProduct<T>& part) {
    gemm_reference(part.C, part.A, part.B, part.M, part.N, part.K, part.start);
  };
  const int64_t grain = grain_for(product.N * product.K);
  if (product.M <= grain) return multiply(product);
  parallel_for(product.M, grain, [&](int64_t begin, int64_t end) {
    multiply(block_of(product, begin, end - begin, 0, product.N));
  });
}

/// A product by one of the methods that do not split C into blocks.
template <class T>
void multiply_unblocked(Method method, const MatrixProduct<T>& product) {
  if constexpr (std::is_floating_point_v<T>) {
    if (method == Method::few_rows)
      return multiply_few_rows<T, T>({product.C, product.A, transposed(product.B), product.start,
                                      product.M, product.N, product.K});
  }
  multiply_by_reference(product);
}

template <class T>
BlockMethod<T> block_method(const BatchedGemm<T>& products) {
  if constexpr (std::is_same_v<T, float>) {
    const int terms = bf16_terms(products);
    if (terms > 0) return bf16_method(terms, products.M);
  }
  return {.tile = GRADUS_DISPATCH(gemm_tile_size<T>()),
          .most_rows = kGemmMC,
          .buffer_size = kGemmBufferSize * static_cast<int64_t>(sizeof(T)),
          .multiply = [](const MatrixProduct<T>& block, void* buffer) {
            GRADUS_DISPATCH(gemm_block(block, static_cast<T*>(buffer)));
          }};
}

/// Memory for packed operands, which each calling thread keeps.
char* packing_buffer(int64_t bytes) {
  thread_local ThreadBuffer buffer;
  return static_cast<char*>(buffer.get(static_cast<size_t>(bytes)));
}

/// C in blocks of rows x columns, for all products of a batch.
struct BlockGrid {
  int64_t rows;
  int64_t columns;
  int64_t blocks_down;    // ceil(M / rows)
  int64_t blocks_across;  // ceil(N / columns)
};

/// Blocks of as many rows as a method allows. Where these are too few for the threads to share
/// evenly, C is split further along its longer side.
template <class T>
BlockGrid block_grid(const BatchedGemm<T>& products, const BlockMethod<T>& method,
                     int64_t threads) {
  const TileSize& tile = method.tile;
  int64_t down = divide_up(products.M, method.most_rows);
  int64_t across = 1;
  const int64_t blocks = products.batch * down;
  if (blocks % threads != 0 && blocks < 8 * threads) {
    if (products.N >= products.M)
      across = threads;
    else
      down = round_up(down, threads);
  }
  const int64_t rows = round_up(divide_up(products.M, down), tile.rows);
  const int64_t columns = round_up(divide_up(products.N, across), tile.columns);
  return {.rows = rows,
          .columns = columns,
          .blocks_down = divide_up(products.M, rows),
          .blocks_across = divide_up(products.N, columns)};
}

template <class T>
void multiply_by_blocks(const BatchedGemm<T>& products) {
  constexpr double kSerialWork = 200'000;  // below that, starting threads costs more than it gains
  const bool serial = static_cast<double>(products.batch) * work(products) < kSerialWork;
  const int64_t threads = serial ? 1 : get_num_threads();
  const BlockMethod<T> method = block_method(products);
  const BlockGrid grid = block_grid(products, method, threads);
  const int64_t blocks = products.batch * grid.blocks_down * grid.blocks_across;
  const int64_t workers = std::min(threads, blocks);
  char* const buffer = packing_buffer(workers * method.buffer_size);
  parallel_for(workers, 1, [&](int64_t first, int64_t last) {
    for (int64_t worker = first; worker < last; ++worker) {
      for (int64_t block = worker; block < blocks; block += workers) {
        const int64_t n = block % grid.blocks_across * grid.columns;
        const int64_t m = block / grid.blocks_across % grid.blocks_down * grid.rows;
        const int64_t b = block / (grid.blocks_across * grid.blocks_down);
        const MatrixProduct<T> part =
            block_of(product_at(products, b), m, grid.rows, n, grid.columns);
        method.multiply(part, buffer + worker * method.buffer_size);
      }
    }
  });
}

}  // namespace

template <class T>
void gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K,
          Matrix<const T> start) {
  const int64_t zero = 0;
  batched_gemm<T>({.C = C,
                   .A = A,
                   .B = B,
                   .start = start,
                   .c_offsets = &zero,
                   .a_offsets = &zero,
                   .b_offsets = &zero,
                   .batch = 1,
                   .M = M,
                   .N = N,
                   .K = K});
}

template <class T>
void batched_gemm(const BatchedGemm<T>& products) {
  if (products.batch == 0 || products.M == 0 || products.N == 0) return;
  // A product with a column is computed as the transposed product with a row.
  if (products.N == 1 && products.M > 1) return batched_gemm(transposed(products));
  const Method method = method_for(products);
  if constexpr (std::is_floating_point_v<T>) {
    if (method == Method::blocks) return multiply_by_blocks(products);
  }
  if (products.batch == 1) return multiply_unblocked(method, product_at(products, 0));
  const int64_t cost = static_cast<int64_t>(std::min(work(products), 1e9));
  parallel_for(products.batch, grain_for(cost), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      multiply_unblocked(method, product_at(products, b));
  });
}

#define GRADUS_INSTANTIATE(T)                                                                 \
  template void gemm_reference(Matrix<T>, Matrix<const T>, Matrix<const T>, int64_t, int64_t, \
                               int64_t, Matrix<const T>);                                     \
  template void gemm(Matrix<T>, Matrix<const T>, Matrix<const T>, int64_t, int64_t, int64_t,  \
                     Matrix<const T>);                                                        \
  template void batched_gemm(const BatchedGemm<T>&);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)

}  // namespace gradus::kernels
