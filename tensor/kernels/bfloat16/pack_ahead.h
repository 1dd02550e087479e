// Packing of the next panels of B while the tiles of these are computed, a square at a time between
// their products: the processor packs while its matrix unit multiplies.
#pragma once

#include "tensor/kernels/bfloat16/pack.h"

namespace gradus::kernels::GRADUS_ISA {

/// Some panels of B, side by side, that are being packed in squares of 16 columns and 16 pairs.
struct PackAhead {
  Lines columns = {};       // of the panels
  Lines following = {};     // what is packed after them, or no data
  bool prefetches = false;  // both
  uint32_t* to = nullptr;   // pair p of column j of a panel: to[p * 32 + j]
  int64_t panel_size = 0;
  int terms = 1;
  int64_t across = 0;  // squares, two for each panel
  int64_t down = 0;
  int64_t steps = 1;   // in which they are packed
  int64_t next = 0;    // the first square that is not packed yet
  int64_t credit = 0;  // squares() for each step, less `steps` for each packed square

  int64_t squares() const { return across * down; }
};

/// Where a square is among the others.
struct SquareIndex {
  int64_t across;
  int64_t down;
};

/// The order of squares follows the memory: along the rows of B, or along its columns.
GRADUS_INLINE SquareIndex square_index(const PackAhead& ahead, int64_t square) {
  if (ahead.columns.i_stride == 1) return {square % ahead.across, square / ahead.across};
  return {square / ahead.down, square % ahead.down};
}

/// The columns of a square, and of those to its right, from its first pair on.
GRADUS_INLINE Lines square_of(const Lines& columns, const SquareIndex& index) {
  return columns.from(index.across * kLane, index.down * 2 * kLane);
}

/// Prefetches half of a square's numbers into the L2 cache: the processor fetches pairs of cache
/// lines there, and the rest is the other half of these. All of them would take the buffers that
/// the products' own loads need.
GRADUS_INLINE void prefetch_square(const Lines& x, int64_t across) {
  const auto prefetch = [](const float* number) {
    _mm_prefetch(reinterpret_cast<const char*>(number), _MM_HINT_T1);
  };
  constexpr int64_t kLast = kLane - 1;  // a square may begin within a line
  if (x.i_stride == 1) {
    for (int64_t k = across % 2; k < smaller(2 * kLane, x.K); k += 2)
      prefetch(x.data + k * x.k_stride + kLast);
  } else if (x.k_stride == 1) {
    for (int64_t i = 0; i < smaller(kLane, x.count); ++i)
      prefetch(x.data + i * x.i_stride + kLast);
  }
}

static inline void pack_square(const PackAhead& ahead, int64_t square) {
  const SquareIndex index = square_index(ahead, square);
  const Lines lines = square_of(ahead.columns, index);
  uint32_t* const to = ahead.to + index.across / 2 * ahead.panel_size +
                       index.down * ahead.terms * kLane * kBf16Columns + index.across % 2 * kLane;
  pack_pairs<0>(to, kBf16Columns, lines);
  if (ahead.terms == 2) pack_pairs<1>(to + kLane * kBf16Columns, kBf16Columns, lines);
  if (!ahead.prefetches) return;
  constexpr int64_t kDistance = 8;
  const int64_t later = square + kDistance;
  const bool is_following = later >= ahead.squares();
  const SquareIndex then = square_index(ahead, is_following ? later - ahead.squares() : later);
  const Lines& from = is_following ? ahead.following : ahead.columns;
  if (from.data) prefetch_square(square_of(from, then), then.across);
}

/// Packs the share of some of the steps.
GRADUS_INLINE void pack_ahead(PackAhead& ahead, int64_t steps = 1) {
  ahead.credit += steps * ahead.squares();
  while (ahead.credit >= ahead.steps) {
    ahead.credit -= ahead.steps;
    pack_square(ahead, ahead.next++);
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
