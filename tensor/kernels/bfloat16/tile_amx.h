// The micro-kernel of AMX: TDPBF16PS multiplies 16 rows of 16 pairs with 16 pairs of 16 columns,
// and adds to 16 x 16 sums. A row or a line of pairs is 64 bytes.
#pragma once

#include "tensor/kernels/bfloat16/tile.h"

namespace gradus::kernels::GRADUS_ISA {

constexpr int kTileRows = 32;
constexpr int64_t kMostRows = 1024;
constexpr int64_t kMostDepth = 512;
constexpr int64_t kPairsPerPrefetch = kLane;
static_assert(kMostRows * packed_stride(kMostDepth) <= kBf16PackedA);
static_assert(kMostDepth <= kBf16Depth);

/// The tile registers, each 16 rows of 64 bytes, while it exists.
class TileUnit {
 public:
  TileUnit() {
    struct alignas(64) {
      uint8_t palette = 1;
      uint8_t start_row = 0;
      uint8_t reserved[14] = {};
      uint16_t bytes_of_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  ~TileUnit() { _tile_release(); }
  TileUnit(const TileUnit&) = delete;
  TileUnit& operator=(const TileUnit&) = delete;
};

GRADUS_INLINE void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}
template <bool ALL_ROWS>
GRADUS_INLINE void store_sums(float* sums) {
  constexpr int64_t kRowBytes = kBf16Columns * 4;
  _tile_stored(0, sums, kRowBytes);
  _tile_stored(1, sums + kLane, kRowBytes);
  if constexpr (ALL_ROWS) {
    _tile_stored(2, sums + kLane * kBf16Columns, kRowBytes);
    _tile_stored(3, sums + kLane * kBf16Columns + kLane, kRowBytes);
  }
}

template <bool ALL_ROWS>
GRADUS_INLINE void load_sums(const float* sums) {
  constexpr int64_t kRowBytes = kBf16Columns * 4;
  _tile_loadd(0, sums, kRowBytes);
  _tile_loadd(1, sums + kLane, kRowBytes);
  if constexpr (ALL_ROWS) {
    _tile_loadd(2, sums + kLane * kBf16Columns, kRowBytes);
    _tile_loadd(3, sums + kLane * kBf16Columns + kLane, kRowBytes);
  }
}

/// sums (32, 32) = a b for the first 16 rows, or for all 32; or, if ADD, sums += a b.
template <bool ALL_ROWS, bool PREFETCHES, bool ADD = false>
void multiply_tile(float* sums, const Tile& tile) {
  const int64_t a_bytes = tile.a_stride * 4;
  const int64_t b_bytes = kBf16Columns * 4;
  const uint32_t* a = tile.a;
  const uint32_t* b = tile.b;
  Prefetch next_b = tile.next_b;
  Prefetch next_c = tile.next_c;
  if constexpr (ADD)
    load_sums<ALL_ROWS>(sums);
  else
    zero_sums();
  for (int64_t p = tile.pairs; p > 0; p -= kLane) {
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(7, b + kLane, b_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (ALL_ROWS) {
      _tile_loadd(5, a + kLane * tile.a_stride, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    if (PREFETCHES) {
      prefetch(next_b);
      prefetch(next_c);
    }
    a += kLane;
    b += kLane * kBf16Columns;
  }
  store_sums<ALL_ROWS>(sums);
}

/// The same for numbers of two terms, a = a0 + a1 and b = b0 + b1: sums = a1 b0 + a0 b0 + a0 b1.
/// What is left out, a1 b1, is below the last bit of the two terms.
template <bool ALL_ROWS>
void multiply_tile_of_two_terms(float* sums, const Tile& tile) {
  const int64_t a_bytes = tile.a_stride * 4;
  const int64_t b_bytes = kBf16Columns * 4;
  const uint32_t* a = tile.a;
  const uint32_t* lower_a = tile.a + kLane * tile.a_stride;
  const uint32_t* b = tile.b;
  Prefetch next_b = tile.next_b;
  Prefetch next_c = tile.next_c;
  const auto multiply = [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (ALL_ROWS) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  };
  zero_sums();
  for (int64_t p = tile.pairs; p > 0; p -= kLane) {
    _tile_loadd(4, a + kLane, a_bytes);
    if constexpr (ALL_ROWS) _tile_loadd(5, lower_a + kLane, a_bytes);
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(7, b + kLane, b_bytes);
    multiply();
    _tile_loadd(4, a, a_bytes);
    if constexpr (ALL_ROWS) _tile_loadd(5, lower_a, a_bytes);
    multiply();
    b += kLane * kBf16Columns;
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(7, b + kLane, b_bytes);
    multiply();
    if (tile.prefetches) {
      prefetch(next_b);
      prefetch(next_c);
    }
    a += 2 * kLane;
    lower_a += 2 * kLane;
    b += kLane * kBf16Columns;
  }
  store_sums<ALL_ROWS>(sums);
}

template <bool ALL_ROWS>
GRADUS_INLINE void multiply_tile(float* sums, const Tile& tile) {
  if (tile.terms == 2)
    multiply_tile_of_two_terms<ALL_ROWS>(sums, tile);
  else if (tile.prefetches)
    multiply_tile<ALL_ROWS, true>(sums, tile);
  else
    multiply_tile<ALL_ROWS, false>(sums, tile);
}

/// c = a b + start for 1 to kTileRows rows.
GRADUS_INLINE void multiply_tile(int64_t rows, const Tile& tile) {
  alignas(64) float sums[kTileRows * kBf16Columns];
  if (rows > kLane)
    multiply_tile<true>(sums, tile);
  else
    multiply_tile<false>(sums, tile);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < tile.columns; j += kLane) {
      const __mmask16 mask = first(tile.columns - j);
      __m512 sum = _mm512_load_ps(sums + i * kBf16Columns + j);
      if (tile.start) sum += _mm512_maskz_loadu_ps(mask, tile.start + i * tile.start_stride + j);
      _mm512_mask_storeu_ps(tile.c + i * tile.c_stride + j, mask, sum);
    }
  }
}

/// sums (rows, 32) = a b, or sums += a b if ADD. `rows` is a multiple of 16; of the tile, a, b and
/// their sizes are used.
template <bool ADD>
GRADUS_INLINE void multiply_panel(float* sums, int64_t rows, Tile tile) {
  for (; rows > 0; rows -= kTileRows) {
    if (rows > kLane)
      multiply_tile<true, false, ADD>(sums, tile);
    else
      multiply_tile<false, false, ADD>(sums, tile);
    sums += kTileRows * kBf16Columns;
    tile.a += kTileRows * tile.a_stride;
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
