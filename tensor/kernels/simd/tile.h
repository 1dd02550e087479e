// The micro-kernel of a matrix product: it computes one tile of C = A B.
//
// A tile has up to MR rows and NR = 2 vectors of columns. Its sums stay in registers while k runs
// over the depth K; for each k the micro-kernel reads one column of A (MR numbers) and one row of B
// (NR numbers) and adds their outer product:
//
//   sum (MR, NR) += a (MR, 1) b (1, NR)
//
// The names MR and NR are those of Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication" (2008), and of BLIS, Van Zee and van de Geijn (2015).
#pragma once

#include <utility>

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

// The sums, two vectors of B and one number of A fill the vector registers: AVX-512 has 32 of them,
// the other instruction sets have 16.
constexpr bool kTallTiles = GRADUS_BYTES == 64;
constexpr int kMR = kTallTiles ? 14 : 6;
template <class T>
constexpr int64_t kNR = 2 * kWidth<T>;

/// The operands of the micro-kernel for `count` tiles side by side in C. Strides count elements.
/// The elements of a row of b, c and start are contiguous.
template <class T>
struct Tiles {
  T* c;                              // (rows, count * columns)
  const T* a;                        // (rows, K)
  const T* b;                        // (K, columns) for each tile, b_tile_stride apart
  const T* start = nullptr;          // (rows, count * columns), added to the product, or null
  const T* start_factors = nullptr;  // (columns), multiply the columns of start, or null
  int64_t c_row_stride;
  int64_t a_row_stride;  // not used if a is packed
  int64_t a_col_stride;  // not used if a is packed
  int64_t b_row_stride;
  int64_t start_row_stride = 0;
  int64_t K;
  int64_t count = 1;
  int64_t b_tile_stride = kNR<T>;  // from the first element of b to that of the next tile
};

template <class T, int ROWS, int VECTORS>
using TileSums = Vector<T>[ROWS][VECTORS];

/// Prefetches a tile of C, so that it is in the cache when the sums are complete.
template <class T, int ROWS, int VECTORS>
GRADUS_INLINE void prefetch_tile(const T* c, int64_t c_row_stride) {
  for (int64_t i = 0; i < ROWS; ++i) {
    for (int j = 0; j < VECTORS; ++j)
      __builtin_prefetch(c + i * c_row_stride + j * kWidth<T>, 1);
  }
}

/// sum += a b for one k. `a` has pointers to rows 0, 5 and 10; the other rows are reached from
/// these by multiples of the row stride. `later_b` is a row of B that will be read soon.
template <class T, int ROWS, int VECTORS, bool A_PACKED>
GRADUS_INLINE void add_outer_product(TileSums<T, ROWS, VECTORS>& sum, const T* const (&a)[3],
                                     int64_t a_row_stride, const T* b, const T* later_b) {
  constexpr int W = kWidth<T>;
  Vector<T> row[VECTORS];
  GRADUS_UNROLL
  for (int j = 0; j < VECTORS; ++j) {
    row[j] = load(b + j * W);
    if (kTallTiles) __builtin_prefetch(later_b + j * W);
  }
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    const T element = A_PACKED ? a[0][i] : a[i / 5][i % 5 * a_row_stride];
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j)
      sum[i][j] += element * row[j];
  }
}

/// c = sum + start * start_factors.
template <class T, int ROWS, int VECTORS>
GRADUS_INLINE void store_tile(T* c, const T* start, TileSums<T, ROWS, VECTORS>& sum,
                              const Tiles<T>& tiles) {
  constexpr int W = kWidth<T>;
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j) {
      if (start) {
        const Vector<T> initial = load(start + i * tiles.start_row_stride + j * W);
        sum[i][j] += tiles.start_factors ? initial * load(tiles.start_factors + j * W) : initial;
      }
      store(c + i * tiles.c_row_stride + j * W, sum[i][j]);
    }
  }
}

/// c = a b + start * start_factors for ROWS rows and VECTORS vectors of columns of each tile. If
/// A_PACKED, the columns of a are contiguous and follow one another.
template <class T, int ROWS, int VECTORS, bool A_PACKED>
void micro_kernel(const Tiles<T>& tiles) {
  constexpr int W = kWidth<T>;
  const int64_t a_row_stride = A_PACKED ? 1 : tiles.a_row_stride;
  const int64_t a_col_stride = A_PACKED ? ROWS : tiles.a_col_stride;
  const int64_t b_row_stride = tiles.b_row_stride;
  constexpr int64_t kRowsAhead = 8;  // the processor prefetches rows no more than 2 KiB apart
  for (int64_t tile = 0; tile < tiles.count; ++tile) {
    T* const c = tiles.c + tile * VECTORS * W;
    prefetch_tile<T, ROWS, VECTORS>(c, tiles.c_row_stride);
    TileSums<T, ROWS, VECTORS> sum = {};
    const T* b = tiles.b + tile * tiles.b_tile_stride;
    const T* a[3] = {tiles.a, tiles.a + 5 * a_row_stride, tiles.a + 10 * a_row_stride};
    if (!A_PACKED)  // the compiler would keep a pointer for every row, and run out of registers
      asm("" : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]));
    GRADUS_UNROLL_BY(2)
    for (int64_t k = tiles.K; k > 0; --k) {
      add_outer_product<T, ROWS, VECTORS, A_PACKED>(sum, a, a_row_stride, b,
                                                    b + kRowsAhead * b_row_stride);
      b += b_row_stride;
      a[0] += a_col_stride;
      a[1] += a_col_stride;
      a[2] += a_col_stride;
    }
    const T* const start = tiles.start ? tiles.start + tile * VECTORS * W : nullptr;
    store_tile<T, ROWS, VECTORS>(c, start, sum, tiles);
  }
}

template <class T>
using MicroKernel = void (*)(const Tiles<T>&);

template <class T, int VECTORS, bool A_PACKED, int... ROW>
MicroKernel<T> micro_kernel_of(int64_t rows, std::integer_sequence<int, ROW...>) {
  static constexpr MicroKernel<T> kKernels[] = {micro_kernel<T, ROW + 1, VECTORS, A_PACKED>...};
  return kKernels[rows - 1];
}

/// The micro-kernel for tiles of 1 to MR rows and one or two vectors of columns.
template <class T, bool A_PACKED>
MicroKernel<T> micro_kernel_for(int64_t rows, bool two_vectors) {
  constexpr auto all_rows = std::make_integer_sequence<int, kMR>();
  return two_vectors ? micro_kernel_of<T, 2, A_PACKED>(rows, all_rows)
                     : micro_kernel_of<T, 1, A_PACKED>(rows, all_rows);
}

}  // namespace gradus::kernels::GRADUS_ISA
