// Packing of the next panels of B while the tiles of these are computed, a square at a time between
// their products: the processor packs while its matrix unit multiplies.
#pragma once

#include "tensor/kernels/bfloat16/prefetch.h"

namespace gradus::kernels::GRADUS_ISA {

// Numbers of B from one prefetch to the next. Processors with AMX fetch pairs of cache lines into
// the L2 cache.
#if defined(GRADUS_AMX)
constexpr int64_t kPrefetchStep = 2 * kLane;
#else
constexpr int64_t kPrefetchStep = kLane;
#endif

/// Some panels of B, side by side, that are being packed in squares of 16 columns and 16 pairs.
struct PackAhead {
  Lines columns = {};      // of the panels
  uint32_t* to = nullptr;  // the first panel, packed as square_of_b says
  int64_t panel_size = 0;
  int terms = 1;
  int64_t across = 0;  // squares, two for each panel
  int64_t down = 0;
  int64_t steps = 1;   // in which they are packed
  int64_t next = 0;    // the first square that is not packed yet
  int64_t credit = 0;  // squares() for each step, less `steps` for each packed square
  // What is prefetched meanwhile: the later squares, the first squares of what is packed after
  // these, so many of both in a step, and rows of C.
  Prefetch later = {};
  Prefetch following = {};
  int64_t prefetches = 0;
  Prefetch of_c = {};
  int64_t lines_of_c = 0;  // in a step

  int64_t squares() const { return across * down; }
};

/// Columns of B as rows of the memory: rows of B, or its columns.
struct MemoryRows {
  const float* data = nullptr;
  int64_t stride = 0;
  int64_t rows = 0;
  int64_t numbers = 0;  // of a row
  int64_t first = 0;    // rows of the squares that are packed first

  MemoryRows(const Lines& x, int64_t columns) {
    const bool is_in_rows = x.i_stride == 1;
    if (!x.data || (!is_in_rows && x.k_stride != 1)) return;
    const int64_t count = smaller(columns, x.count);
    data = x.data;
    stride = is_in_rows ? x.k_stride : x.i_stride;
    rows = is_in_rows ? x.K : count;
    numbers = is_in_rows ? count : x.K;
    first = smaller(rows, is_in_rows ? 2 * kLane : kLane);
  }
};

GRADUS_INLINE Prefetch prefetch_of_first_squares(const MemoryRows& x) {
  if (!x.data) return {};
  return prefetch_of_rows(x.data, x.stride, x.first, x.numbers, kPrefetchStep);
}
GRADUS_INLINE Prefetch prefetch_of_later_squares(const MemoryRows& x) {
  if (!x.data) return {};
  return prefetch_of_rows(x.data + x.first * x.stride, x.stride, x.rows - x.first, x.numbers,
                          kPrefetchStep);
}

/// The order of the squares is that of the memory: along the rows of B, or along its columns.
static inline void pack_square(const PackAhead& ahead, int64_t square) {
  const bool is_in_rows = ahead.columns.i_stride == 1;
  const int64_t across = is_in_rows ? square % ahead.across : square / ahead.down;
  const int64_t down = is_in_rows ? square / ahead.across : square % ahead.down;
  const Lines lines = ahead.columns.from(across * kLane, down * 2 * kLane);
  constexpr int64_t kStride = kInSquares ? kLane : kBf16Columns;
  uint32_t* const panel = ahead.to + across / 2 * ahead.panel_size;
  const int64_t j = across % 2 * kLane;
  const int64_t p = down * ahead.terms * kLane;
  pack_pairs<0>(panel + square_of_b(j, p), kStride, lines);
  if (ahead.terms == 2) pack_pairs<1>(panel + square_of_b(j, p + kLane), kStride, lines);
}

/// Packs the share of some of the steps.
GRADUS_INLINE void pack_ahead(PackAhead& ahead, int64_t steps = 1) {
  ahead.credit += steps * ahead.squares();
  while (ahead.credit >= ahead.steps) {
    ahead.credit -= ahead.steps;
    pack_square(ahead, ahead.next++);
  }
}

/// Prefetches the share of a step. Inlined, it would take registers from the loop of the products.
[[gnu::noinline]] static inline void prefetch_share(PackAhead& ahead) {
  const int64_t missing = prefetch(ahead.later, ahead.prefetches);
  prefetch(ahead.following, missing);
  prefetch(ahead.of_c, ahead.lines_of_c);
}
GRADUS_INLINE void prefetch_ahead(PackAhead& ahead) {
  if (ahead.prefetches > 0 || ahead.of_c.rows > 0) prefetch_share(ahead);
}

}  // namespace gradus::kernels::GRADUS_ISA
