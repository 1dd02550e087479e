// The micro-kernel of AMX: TDPBF16PS multiplies 16 rows of 16 pairs with 16 pairs of 16 columns,
// and adds to 16 x 16 sums. A row or a line of pairs is 64 bytes.
#pragma once

#include <type_traits>

#include "tensor/kernels/bfloat16/tile.h"

namespace gradus::kernels::GRADUS_ISA {

constexpr int kTileRows = 32;

// Packed A, up to 512 KiB, two slabs of B and the sums stay in the L2 cache. A strip is never so
// low that packing B would take longer than multiplying it.
constexpr int64_t kMostPackedA = 256 * 512;
constexpr int64_t kFewestRows = kBf16FewRows;
constexpr int64_t kMostRows = 1024;
constexpr bool kKeepsB = true;

// If several strips use a slab, it is flat: 32 rows of A and a panel of B fit the L1 cache. If only
// one does, packing and memory take more time than that saves, and the slab is deep: nothing waits
// in between, and C is written evenly. But in a deep slab rows of B that are a multiple of 4096
// bytes apart would compete for a few sets of the L2 cache.
constexpr SlabShape kFlatSlab{.depth = 256, .parts = 4, .columns = 128};
constexpr SlabShape kWholeSlab{.depth = 384, .parts = 1, .columns = 128};  // if K is no larger
constexpr SlabShape kDeepSlab{.depth = 768, .parts = 1, .columns = 64};
constexpr int64_t kMostRowsOfParts = kMostPackedA / kWholeSlab.depth + kTileRows;
static_assert(kFewestRows * packed_stride(kFlatSlab.parts * kFlatSlab.depth) <= kBf16PackedA);
static_assert(kFewestRows * packed_stride(kDeepSlab.depth) <= kBf16PackedA);
static_assert(kMostRowsOfParts * kFlatSlab.columns <= kBf16Sums);
static_assert(kWholeSlab.pairs() <= kBf16Slab && kDeepSlab.pairs() <= kBf16Slab);

GRADUS_INLINE SlabShape slab_shape(const MatrixProduct<float>& block, int terms) {
  const bool rows_compete = block.B.col_stride == 1 && block.B.row_stride % 1024 == 0;
  if (block.M <= kFewestRows && !rows_compete) return kDeepSlab;
  return block.K * terms <= kWholeSlab.depth ? kWholeSlab : kFlatSlab;
}

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

template <bool ALL_ROWS>
GRADUS_INLINE void load_sums(const float* start, int64_t stride) {
  if (!start) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    return;
  }
  _tile_loadd(0, start, stride * 4);
  _tile_loadd(1, start + kLane, stride * 4);
  if constexpr (ALL_ROWS) {
    _tile_loadd(2, start + kLane * stride, stride * 4);
    _tile_loadd(3, start + kLane * stride + kLane, stride * 4);
  }
}

template <bool ALL_ROWS>
GRADUS_INLINE void store_sums(float* c, int64_t stride) {
  _tile_stored(0, c, stride * 4);
  _tile_stored(1, c + kLane, stride * 4);
  if constexpr (ALL_ROWS) {
    _tile_stored(2, c + kLane * stride, stride * 4);
    _tile_stored(3, c + kLane * stride + kLane, stride * 4);
  }
}

/// The distances between what is loaded into the tile registers, in pairs.
struct Distances {
  int64_t row_of_a;
  int64_t lower_a;  // from rows 0 to 15 to rows 16 to 31
  int64_t next_a;   // to the next 16 pairs
  int64_t row_of_b;
  int64_t right_b;  // from columns 0 to 15 to columns 16 to 31
  int64_t next_b;
};

GRADUS_INLINE Distances distances(const Tile& tile) {
  const int64_t next_b = kLane * kBf16Columns;
  if (tile.in_squares) return {kLane, kSquare, 2 * kSquare, kLane, kSquare, next_b};
  return {tile.a_stride, kLane * tile.a_stride, kLane, kBf16Columns, kLane, next_b};
}

/// c = a b + start for all 32 columns and the first 16 rows, or for all 32.
template <bool ALL_ROWS, bool PACKS>
void multiply_one_term(const Tile& tile) {
  const Distances to = distances(tile);
  const int64_t a_bytes = to.row_of_a * 4;
  const int64_t b_bytes = to.row_of_b * 4;
  const uint32_t* a = tile.a;
  const uint32_t* b = tile.b;
  load_sums<ALL_ROWS>(tile.start, tile.start_stride);
  for (int64_t p = tile.pairs; p > 0; p -= kLane) {
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(7, b + to.right_b, b_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (ALL_ROWS) {
      _tile_loadd(5, a + to.lower_a, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    if constexpr (PACKS) {
      pack_ahead(*tile.ahead);
      prefetch_ahead(*tile.ahead);
    }
    a += to.next_a;
    b += to.next_b;
  }
  store_sums<ALL_ROWS>(tile.c, tile.c_stride);
}

/// The same for numbers of two terms, a = a0 + a1 and b = b0 + b1: c = a1 b0 + a0 b0 + a0 b1 +
/// start. What is left out, a1 b1, is below the last bit of the two terms.
template <bool ALL_ROWS>
void multiply_two_terms(const Tile& tile) {
  const Distances to = distances(tile);
  const int64_t a_bytes = to.row_of_a * 4;
  const int64_t b_bytes = to.row_of_b * 4;
  const uint32_t* a = tile.a;
  const uint32_t* lower_a = tile.a + to.lower_a;
  const uint32_t* b = tile.b;
  const auto multiply = [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (ALL_ROWS) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  };
  load_sums<ALL_ROWS>(tile.start, tile.start_stride);
  for (int64_t p = tile.pairs; p > 0; p -= kLane) {
    _tile_loadd(4, a + to.next_a, a_bytes);
    if constexpr (ALL_ROWS) _tile_loadd(5, lower_a + to.next_a, a_bytes);
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(7, b + to.right_b, b_bytes);
    multiply();
    _tile_loadd(4, a, a_bytes);
    if constexpr (ALL_ROWS) _tile_loadd(5, lower_a, a_bytes);
    multiply();
    b += to.next_b;
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(7, b + to.right_b, b_bytes);
    multiply();
    if (tile.ahead) {
      pack_ahead(*tile.ahead);
      prefetch_ahead(*tile.ahead);
    }
    a += 2 * to.next_a;
    lower_a += 2 * to.next_a;
    b += to.next_b;
  }
  store_sums<ALL_ROWS>(tile.c, tile.c_stride);
}

/// c = a b + start for all 32 columns and 16 or 32 rows.
GRADUS_INLINE void multiply_whole_tile(int64_t rows, const Tile& tile) {
  const auto multiply = [&](auto all_rows) {
    constexpr bool kAllRows = decltype(all_rows)::value;
    if (tile.terms == 2)
      multiply_two_terms<kAllRows>(tile);
    else if (tile.ahead)
      multiply_one_term<kAllRows, true>(tile);
    else
      multiply_one_term<kAllRows, false>(tile);
  };
  if (rows > kLane)
    multiply(std::true_type{});
  else
    multiply(std::false_type{});
}

/// to (rows, columns) = from, with 32 columns at most.
GRADUS_INLINE void copy_tile(float* to, int64_t to_stride, const float* from, int64_t from_stride,
                             int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; j += kLane) {
      const __mmask16 mask = first(columns - j);
      const __m512 x = _mm512_maskz_loadu_ps(mask, from + i * from_stride + j);
      _mm512_mask_storeu_ps(to + i * to_stride + j, mask, x);
    }
  }
}

/// c = a b + start for 1 to kTileRows rows and 1 to 32 columns.
GRADUS_INLINE void multiply_tile(int64_t rows, const Tile& tile) {
  if (tile.columns == kBf16Columns && rows % kLane == 0) return multiply_whole_tile(rows, tile);
  alignas(64) float sums[kTileRows * kBf16Columns] = {};
  Tile whole = tile;
  whole.c = sums;
  whole.c_stride = kBf16Columns;
  if (tile.start) {
    copy_tile(sums, kBf16Columns, tile.start, tile.start_stride, rows, tile.columns);
    whole.start = sums;
    whole.start_stride = kBf16Columns;
  }
  multiply_whole_tile(rows, whole);
  copy_tile(tile.c, tile.c_stride, sums, kBf16Columns, rows, tile.columns);
}

/// sums (rows, 32) = a b, or sums += a b if ADD. `rows` is a multiple of 16; of the tile, a, b and
/// their sizes are used.
template <bool ADD>
GRADUS_INLINE void multiply_panel(float* sums, int64_t rows, Tile tile) {
  for (; rows > 0; rows -= kTileRows) {
    tile.c = sums;
    tile.c_stride = kBf16Columns;
    tile.start = ADD ? sums : nullptr;
    tile.start_stride = kBf16Columns;
    if (rows > kLane)
      multiply_one_term<true, false>(tile);
    else
      multiply_one_term<false, false>(tile);
    sums += kTileRows * kBf16Columns;
    tile.a += kTileRows * tile.a_stride;
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
