// The products of small matrices of which attention consists. Unlike a matrix product of gemm.cpp,
// they find their operands in the L1 cache, so nothing is packed or prefetched; but they are only
// D = 32 to 128 or 64 numbers deep, so the beginning and the end of each tile count.
#pragma once

#include <utility>

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

/// c (M, N) = a (M, K) b (K, N), or c = factors * c + a b. Strides count elements; the elements of
/// a row of b and c are contiguous. N is a multiple of a vector; K > 0.
template <class T>
struct SmallProduct {
  T* c;
  const T* a;
  const T* b;
  bool adds_to_c = false;
  const T* factors = nullptr;  // (M), multiply the rows of c before the product is added
  int64_t c_row_stride;
  int64_t a_row_stride;
  int64_t a_col_stride;
  int64_t b_row_stride;
  int64_t K;
};

// The most vectors of columns in a tile, and the most rows for each number of vectors. The sums,
// one row of b and a number of a fill the registers, of which AVX-512 has 32, and the other
// instruction sets 16. Wide tiles are faster than tall ones: 6 x 4 sums need 10 loads for each k,
// but 14 x 2 need 16.
#if GRADUS_BYTES == 64
constexpr int kTileVectors = 4;
constexpr int kTileRows[] = {0, 14, 14, 8, 6};
#else
constexpr int kTileVectors = 2;
constexpr int kTileRows[] = {0, 12, 6};
#endif

/// The outer product of ROWS numbers of a column of a and VECTORS vectors of a row of b, added to
/// the sums, or their first term. `a` has pointers to rows 0, 5 and 10; the other rows are reached
/// from these by multiples of the row stride.
template <bool FIRST, class T, int ROWS, int VECTORS>
GRADUS_INLINE void add_term(Vector<T> (&sum)[ROWS][VECTORS], const T* const (&a)[3],
                            int64_t a_row_stride, const T* b) {
  Vector<T> row[VECTORS];
  GRADUS_UNROLL
  for (int j = 0; j < VECTORS; ++j)
    row[j] = load(b + j * kWidth<T>);
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    const T element = a[i / 5][i % 5 * a_row_stride];
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j)
      sum[i][j] = FIRST ? element * row[j] : sum[i][j] + element * row[j];
  }
}

/// c = sum, c + sum or factors * c + sum.
template <bool ADDS, bool SCALES, class T, int ROWS, int VECTORS>
GRADUS_INLINE void store_tile(const Vector<T> (&sum)[ROWS][VECTORS], T* c, int64_t c_row_stride,
                              const T* factors) {
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j) {
      T* const to = c + j * kWidth<T>;
      const Vector<T> start = SCALES ? load(to) * factors[i] : load(to);
      store(to, ADDS ? start + sum[i][j] : sum[i][j]);
    }
    c += c_row_stride;
    asm("" : "+r"(c));  // otherwise the compiler computes the addresses of all rows beforehand
  }
}

/// Computes a tile of c: its first ROWS rows and VECTORS vectors of columns.
template <class T, int ROWS, int VECTORS>
void multiply_tile(const SmallProduct<T>& product) {
  const int64_t a_row_stride = product.a_row_stride;
  const int64_t a_col_stride = product.a_col_stride;
  const int64_t b_row_stride = product.b_row_stride;
  const T* b = product.b;
  const T* a[3] = {product.a, product.a + 5 * a_row_stride, product.a + 10 * a_row_stride};
  // Otherwise the compiler would keep a pointer for every row, and run out of registers.
  asm("" : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]));
  Vector<T> sum[ROWS][VECTORS];
  add_term<true, T>(sum, a, a_row_stride, b);
  for (int64_t k = product.K - 1; k > 0; --k) {
    b += b_row_stride;
    a[0] += a_col_stride;
    a[1] += a_col_stride;
    a[2] += a_col_stride;
    add_term<false, T>(sum, a, a_row_stride, b);
  }
  if (product.factors)
    store_tile<true, true>(sum, product.c, product.c_row_stride, product.factors);
  else if (product.adds_to_c)
    store_tile<true, false>(sum, product.c, product.c_row_stride, product.factors);
  else
    store_tile<false, false>(sum, product.c, product.c_row_stride, product.factors);
}

template <class T>
using TileFunction = void (*)(const SmallProduct<T>&);

template <class T, int VECTORS, int... ROW>
TileFunction<T> tile_function_of(int64_t rows, std::integer_sequence<int, ROW...>) {
  static constexpr TileFunction<T> kFunctions[] = {multiply_tile<T, ROW + 1, VECTORS>...};
  return kFunctions[rows - 1];
}

/// multiply_tile for 1 to kTileRows[vectors] rows.
template <class T, int VECTORS = kTileVectors>
TileFunction<T> tile_function(int64_t rows, int64_t vectors) {
  if constexpr (VECTORS > 1) {
    if (vectors < VECTORS) return tile_function<T, VECTORS - 1>(rows, vectors);
  }
  return tile_function_of<T, VECTORS>(rows, std::make_integer_sequence<int, kTileRows[VECTORS]>());
}

/// The product, in tiles of nearly equal widths and heights.
template <class T>
void multiply(const SmallProduct<T>& product, int64_t M, int64_t N) {
  const int64_t vectors = N / kWidth<T>;
  const int64_t groups = (vectors + kTileVectors - 1) / kTileVectors;
  SmallProduct<T> columns = product;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t width = vectors / groups + (g < vectors % groups);
    const int64_t tiles = (M + kTileRows[width] - 1) / kTileRows[width];
    SmallProduct<T> tile = columns;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t rows = M / tiles + (t < M % tiles);
      tile_function<T>(rows, width)(tile);
      tile.c += rows * tile.c_row_stride;
      tile.a += rows * tile.a_row_stride;
      if (tile.factors) tile.factors += rows;
    }
    columns.c += width * kWidth<T>;
    columns.b += width * kWidth<T>;
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
