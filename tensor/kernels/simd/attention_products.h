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

/// Computes `tiles` tiles of c, one below the other, each with ROWS rows and the first VECTORS
/// vectors of columns. One function for all of them, because its beginning takes as long as a few
/// terms of a tile.
template <class T, int ROWS, int VECTORS>
void multiply_tiles(const SmallProduct<T>& product, int64_t tiles) {
  // Copies, because the compiler does not know that the stores to c leave the product as it is.
  auto [c, first_a, first_b, adds_to_c, factors, c_row_stride, a_row_stride, a_col_stride,
        b_row_stride, K] = product;
  for (; tiles > 0; --tiles) {
    const T* b = first_b;
    const T* a[3] = {first_a, first_a + 5 * a_row_stride, first_a + 10 * a_row_stride};
    // Otherwise the compiler would keep a pointer for every row, and run out of registers.
    asm("" : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]));
    Vector<T> sum[ROWS][VECTORS];
    add_term<true, T>(sum, a, a_row_stride, b);
    for (int64_t k = K - 1; k > 0; --k) {
      b += b_row_stride;
      a[0] += a_col_stride;
      a[1] += a_col_stride;
      a[2] += a_col_stride;
      add_term<false, T>(sum, a, a_row_stride, b);
    }
    if (factors) {
      store_tile<true, true>(sum, c, c_row_stride, factors);
      factors += ROWS;
    } else if (adds_to_c) {
      store_tile<true, false>(sum, c, c_row_stride, factors);
    } else {
      store_tile<false, false>(sum, c, c_row_stride, factors);
    }
    c += ROWS * c_row_stride;
    first_a += ROWS * a_row_stride;
  }
}

template <class T>
using TilesFunction = void (*)(const SmallProduct<T>&, int64_t tiles);

template <class T, int VECTORS, int... ROW>
TilesFunction<T> tiles_function_of(int64_t rows, std::integer_sequence<int, ROW...>) {
  static constexpr TilesFunction<T> kFunctions[] = {multiply_tiles<T, ROW + 1, VECTORS>...};
  return kFunctions[rows - 1];
}

/// multiply_tiles for tiles of 1 to kTileRows[vectors] rows.
template <class T, int VECTORS = kTileVectors>
TilesFunction<T> tiles_function(int64_t rows, int64_t vectors) {
  if constexpr (VECTORS > 1) {
    if (vectors < VECTORS) return tiles_function<T, VECTORS - 1>(rows, vectors);
  }
  return tiles_function_of<T, VECTORS>(rows, std::make_integer_sequence<int, kTileRows[VECTORS]>());
}

/// The product, in tiles of nearly equal widths and heights.
template <class T>
void multiply(const SmallProduct<T>& product, int64_t M, int64_t N) {
  const int64_t vectors = N / kWidth<T>;
  const int64_t groups = (vectors + kTileVectors - 1) / kTileVectors;  // of columns
  SmallProduct<T> columns = product;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t width = vectors / groups + (g < vectors % groups);
    const int64_t tiles = (M + kTileRows[width] - 1) / kTileRows[width];
    const int64_t rows = M / tiles;
    const int64_t longer = M % tiles;  // the first tiles have one row more
    SmallProduct<T> rest = columns;
    if (longer > 0) {
      tiles_function<T>(rows + 1, width)(rest, longer);
      rest.c += longer * (rows + 1) * rest.c_row_stride;
      rest.a += longer * (rows + 1) * rest.a_row_stride;
      if (rest.factors) rest.factors += longer * (rows + 1);
    }
    tiles_function<T>(rows, width)(rest, tiles - longer);
    columns.c += width * kWidth<T>;
    columns.b += width * kWidth<T>;
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
