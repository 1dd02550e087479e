// What the micro-kernels of tile_avx512.h and tile_amx.h compute: a tile of C.
#pragma once

#include "tensor/kernels/bfloat16/pack_ahead.h"

namespace gradus::kernels::GRADUS_ISA {

/// How slabs of B are cut: the most of it that is packed at a time.
struct SlabShape {
  int64_t depth;    // a multiple of 32
  int64_t parts;    // slabs, one below the other, whose sums wait in a buffer for the next one
  int64_t columns;  // of panels side by side, a multiple of 32

  constexpr int64_t pairs() const { return depth / 2 * columns; }
};

/// c (rows, columns) = a b + start, for up to kTileRows rows and 32 columns.
struct Tile {
  float* c = nullptr;
  const uint32_t* a;             // pair p of row i: a[i * a_stride + p]
  const uint32_t* b;             // pair p of column j: b[p * 32 + j]
  const float* start = nullptr;  // added to the product, or null
  int64_t c_stride = 0;
  int64_t a_stride;
  int64_t start_stride = 0;
  int64_t pairs;                   // of each term; a multiple of 16
  int terms = 1;                   // or 2: 16 pairs of rounded numbers, 16 of the rest, ...
  bool in_squares = false;         // a and b are packed in squares (pack.h) instead
  int64_t columns = kBf16Columns;  // 1 to 32 that are stored
  PackAhead* ahead = nullptr;      // what is packed meanwhile, a step for each 16 pairs; or null
};

}  // namespace gradus::kernels::GRADUS_ISA
