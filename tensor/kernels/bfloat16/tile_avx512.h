// The micro-kernel of AVX512_BF16: VDPBF16PS adds the two products of a pair to each of 16 sums.
#pragma once

#include <utility>

#include "tensor/kernels/bfloat16/tile.h"

namespace gradus::kernels::GRADUS_ISA {

// The sums, two vectors of B and a pair of A fill the 32 registers.
constexpr int kTileRows = 14;
constexpr int64_t kMostPackedA = 512 * 768;
constexpr int64_t kFewestRows = 512;
constexpr int64_t kMostRows = 512;
constexpr bool kKeepsB = false;
constexpr SlabShape kSlab{.depth = 768, .parts = 1, .columns = kBf16Columns};
static_assert(kMostRows * packed_stride(kSlab.depth) <= kBf16PackedA);
static_assert(kSlab.pairs() <= kBf16Slab);

GRADUS_INLINE SlabShape slab_shape(const MatrixProduct<float>& /*block*/, int /*terms*/) {
  return kSlab;
}

/// What the micro-kernels need in this thread.
struct TileUnit {};

template <int ROWS>
void multiply_tile(const Tile& tile) {
  __m512 sum[ROWS][2];
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  }
  const int64_t stride = tile.a_stride;
  const uint32_t* b = tile.b;
  const uint32_t* a[3] = {tile.a, tile.a + 5 * stride, tile.a + 10 * stride};
  // The compiler would keep a pointer for every row, and run out of registers.
  asm("" : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]));
#pragma GCC unroll 2
  for (int64_t p = tile.pairs; p > 0; --p) {
    if (p % kLane == 0 && tile.ahead) prefetch_ahead(*tile.ahead);
    const auto left = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b));
    const auto right = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + kLane));
    GRADUS_UNROLL
    for (int i = 0; i < ROWS; ++i) {
      const auto pair = static_cast<int>(a[i / 5][i % 5 * stride]);
      const auto both = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      sum[i][0] = _mm512_dpbf16_ps(sum[i][0], both, left);
      sum[i][1] = _mm512_dpbf16_ps(sum[i][1], both, right);
    }
    b += 2 * kLane;
    ++a[0];
    ++a[1];
    ++a[2];
  }
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    GRADUS_UNROLL
    for (int j = 0; j < 2; ++j) {
      const __mmask16 mask = first(tile.columns - j * kLane);
      if (tile.start)
        sum[i][j] += _mm512_maskz_loadu_ps(mask, tile.start + i * tile.start_stride + j * kLane);
      _mm512_mask_storeu_ps(tile.c + i * tile.c_stride + j * kLane, mask, sum[i][j]);
    }
  }
}

template <int... ROW>
void multiply_rows(int64_t rows, const Tile& tile, std::integer_sequence<int, ROW...>) {
  static constexpr void (*kKernels[])(const Tile&) = {multiply_tile<ROW + 1>...};
  kKernels[rows - 1](tile);
}

/// c = a b + start for 1 to kTileRows rows.
GRADUS_INLINE void multiply_tile(int64_t rows, const Tile& tile) {
  if (tile.ahead) pack_ahead(*tile.ahead, tile.pairs / kLane);
  multiply_rows(rows, tile, std::make_integer_sequence<int, kTileRows>());
}

/// sums (rows, 32) = a b, or sums += a b if ADD, in tiles of nearly equal heights. Of the tile, a,
/// b and their sizes are used.
template <bool ADD>
GRADUS_INLINE void multiply_panel(float* sums, int64_t rows, Tile tile) {
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  tile.c_stride = tile.start_stride = tile.columns = kBf16Columns;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t height = rows / tiles + (t < rows % tiles);
    tile.c = sums;
    tile.start = ADD ? sums : nullptr;
    multiply_tile(height, tile);
    sums += height * kBf16Columns;
    tile.a += height * tile.a_stride;
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
