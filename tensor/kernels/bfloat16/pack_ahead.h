// Packing of the next panels of B while the tiles of these are computed, a square at a time between
// their products: the processor packs while its matrix unit multiplies.
#pragma once

#include "tensor/kernels/bfloat16/prefetch.h"

namespace gradus::kernels::GRADUS_ISA {

/// Numbers of B between prefetches. Processors with AMX fetch pairs of cache lines into the L2
/// cache.
#if defined(GRADUS_AMX)
constexpr int64_t kPrefetchStep = 2 * kLane;
constexpr int64_t kLinesOfC = 6;
#else
constexpr int64_t kPrefetchStep = kLane;
constexpr int64_t kLinesOfC = 2;
#endif

/// Some panels of B, side by side, that are being packed in squares of 16 columns and 16 pairs.
struct PackAhead {
  Lines columns = {};      // of the panels
  uint32_t* to = nullptr;  // pair p of column j of a panel: to[p * 32 + j]
  int64_t panel_size = 0;
  int terms = 1;
  int64_t across = 0;  // squares, two for each panel
  int64_t down = 0;
  int64_t steps = 1;       // in which they are packed
  int64_t next = 0;        // the first square that is not packed yet
  int64_t credit = 0;      // squares() for each step, less `steps` for each packed square
  Prefetch rest = {};      // what is prefetched: these columns,
  Prefetch then = {};      // and the beginning of what is packed after them
  int64_t prefetches = 0;  // in each step
  Prefetch next_c = {};    // and C below the tile

  int64_t squares() const { return across * down; }
};

/// The numbers of some columns from a row of the memory on (if they are `rest`) or up to it. Those
/// before it are the first squares: 32 rows of B, or 16 of its columns.
GRADUS_INLINE Prefetch prefetch_of_columns(const Lines& x, int64_t columns, bool rest) {
  const bool is_in_rows = x.i_stride == 1;
  if (!x.data || (!is_in_rows && x.k_stride != 1)) return {};
  const int64_t stride = is_in_rows ? x.k_stride : x.i_stride;
  const int64_t rows = is_in_rows ? x.K : smaller(columns, x.count);
  const int64_t numbers = is_in_rows ? smaller(columns, x.count) : x.K;
  const int64_t first = smaller(rows, is_in_rows ? 2 * kLane : kLane);
  if (!rest) return prefetch_of_rows(x.data, stride, first, numbers, kPrefetchStep);
  return prefetch_of_rows(x.data + first * stride, stride, rows - first, numbers, kPrefetchStep);
}

/// The order of the squares is that of the memory: along the rows of B, or along its columns.
static inline void pack_square(const PackAhead& ahead, int64_t square) {
  const bool is_in_rows = ahead.columns.i_stride == 1;
  const int64_t across = is_in_rows ? square % ahead.across : square / ahead.down;
  const int64_t down = is_in_rows ? square / ahead.across : square % ahead.down;
  const Lines lines = ahead.columns.from(across * kLane, down * 2 * kLane);
  uint32_t* const to = ahead.to + across / 2 * ahead.panel_size +
                       down * ahead.terms * kLane * kBf16Columns + across % 2 * kLane;
  pack_pairs<0>(to, kBf16Columns, lines);
  if (ahead.terms == 2) pack_pairs<1>(to + kLane * kBf16Columns, kBf16Columns, lines);
}

/// Packs the share of some of the steps.
GRADUS_INLINE void pack_ahead(PackAhead& ahead, int64_t steps = 1) {
  ahead.credit += steps * ahead.squares();
  while (ahead.credit >= ahead.steps) {
    ahead.credit -= ahead.steps;
    pack_square(ahead, ahead.next++);
  }
}

/// Prefetches the share of a step.
static inline void prefetch_share(PackAhead& ahead) {
  const int64_t missing = prefetch(ahead.rest, ahead.prefetches);
  if (missing > 0) prefetch(ahead.then, missing);
  prefetch(ahead.next_c, kLinesOfC);
}
GRADUS_INLINE void prefetch_ahead(PackAhead& ahead) {
  if (ahead.prefetches > 0) prefetch_share(ahead);
}

}  // namespace gradus::kernels::GRADUS_ISA
