// A tile of a product, up to kTileRows x 2 vectors, stays in registers while k runs. For each k it
// reads one column of A and one row of B.
#pragma once

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

// The sums, two vectors of B and a number of A fill the registers: 32 of them with AVX-512,
// else 16.
constexpr bool kTallTiles = GRADUS_BYTES == 64;
constexpr int kTileRows = kTallTiles ? 14 : 6;

/// A row of `count` tiles, side by side in C.
template <class T>
struct Tiles {
  T* c;
  const T *a, *b, *start;  // start: what is added, or null
  int64_t c_row, a_row, a_col, b_row, start_row, K;
  int64_t count = 1, b_step = 2 * kWidth<T>;  // b_step: from one tile's share of B to the next
  const T* factor = nullptr;                  // of each column of start, or null
};

/// c (ROWS, VECTORS vectors) = a b + start factor, for each tile. A packed a has columns of ROWS
/// numbers.
template <class T, int ROWS, int VECTORS, bool PACKED>
void compute(const Tiles<T>& t) {
  constexpr int W = kWidth<T>;
  const int64_t a_row = PACKED ? 1 : t.a_row;
  const int64_t a_col = PACKED ? ROWS : t.a_col;
  const int64_t b_row = t.b_row;
  for (int64_t tile = 0; tile < t.count; ++tile) {
    T* const c = t.c + tile * VECTORS * W;
    // C is asked for now, to be there when k is through.
    for (int64_t i = 0; i < ROWS; ++i) {
      for (int j = 0; j < VECTORS; ++j)
        __builtin_prefetch(c + i * t.c_row + j * W, 1);
    }
    Vector<T> sum[ROWS][VECTORS] = {};
    const T* b = t.b + tile * t.b_step;
    const T* a[3] = {t.a, t.a + 5 * a_row, t.a + 10 * a_row};
    if (!PACKED)
      asm(""
          : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]));  // else the compiler keeps a pointer for every row
    GRADUS_UNROLL_BY(2)
    for (int64_t k = t.K; k > 0; --k, b += b_row, a[0] += a_col, a[1] += a_col, a[2] += a_col) {
      Vector<T> row[VECTORS];
      GRADUS_UNROLL
      for (int j = 0; j < VECTORS; ++j) {
        row[j] = load(b + j * W);
        if (kTallTiles)
          __builtin_prefetch(b + t.b_step + j * W, 0, 2);  // the next tile's, into the L2 cache
      }
      GRADUS_UNROLL
      for (int i = 0; i < ROWS; ++i) {
        const T element = PACKED ? a[0][i] : a[i / 5][i % 5 * a_row];
        GRADUS_UNROLL
        for (int j = 0; j < VECTORS; ++j)
          sum[i][j] += element * row[j];
      }
    }
    const T* const start = t.start ? t.start + tile * VECTORS * W : nullptr;
    GRADUS_UNROLL
    for (int i = 0; i < ROWS; ++i) {
      GRADUS_UNROLL
      for (int j = 0; j < VECTORS; ++j) {
        if (start) {
          const Vector<T> before = load(start + i * t.start_row + j * W);
          sum[i][j] += t.factor ? before * load(t.factor + j * W) : before;
        }
        store(c + i * t.c_row + j * W, sum[i][j]);
      }
    }
  }
}

template <class T>
using Compute = void (*)(const Tiles<T>&);

/// The function for tiles of `rows` rows and one or two vectors.
template <class T, bool PACKED, int ROWS = 1>
Compute<T> compute_for(int64_t rows, bool two) {
  if constexpr (ROWS < kTileRows) {
    if (rows > ROWS) return compute_for<T, PACKED, ROWS + 1>(rows, two);
  }
  return two ? compute<T, ROWS, 2, PACKED> : compute<T, ROWS, 1, PACKED>;
}

}  // namespace gradus::kernels::GRADUS_ISA
