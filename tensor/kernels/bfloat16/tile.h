// What the micro-kernels of tile_avx512.h and tile_amx.h compute: a tile of C.
#pragma once

#include "tensor/kernels/bfloat16/pack_ahead.h"

namespace gradus::kernels::GRADUS_ISA {

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
  int64_t columns = kBf16Columns;  // 1 to 32 that are stored
  PackAhead* ahead = nullptr;      // what is packed meanwhile, a step for each 16 pairs; or null
};

}  // namespace gradus::kernels::GRADUS_ISA
