// Prefetching of what is packed or written soon, a few cache lines at a time between the products
// of a tile: the processor drops prefetches that come faster than it can pass them on.
#pragma once

#include "tensor/kernels/bfloat16/pack.h"

namespace gradus::kernels::GRADUS_ISA {

/// The cache lines of some rows of numbers that are still to be prefetched.
struct Prefetch {
  const float* next;
  int64_t lines;     // that are left in all
  int64_t in_row;    // that are left in this row
  int64_t of_row;    // of each row
  int64_t row_step;  // from the end of a row to the next row
  int64_t per_call;  // lines that a call prefetches
};

/// The lines of `rows` rows of `numbers` numbers, for `calls` calls of prefetch().
GRADUS_INLINE Prefetch prefetch_of_rows(const float* rows_begin, int64_t rows, int64_t numbers,
                                        int64_t stride, int64_t calls) {
  const int64_t of_row = (numbers + kLane - 1) / kLane;
  // The line of a row's first number may be the last line of what was prefetched before; 15 numbers
  // further on begins a new one.
  return {.next = rows_begin + kLane - 1,
          .lines = rows * of_row,
          .in_row = of_row,
          .of_row = of_row,
          .row_step = stride - of_row * kLane,
          .per_call = (rows * of_row + calls - 1) / calls};
}

GRADUS_INLINE void prefetch(Prefetch& p) {
  for (int64_t i = p.per_call; i > 0 && p.lines > 0; --i) {
    _mm_prefetch(reinterpret_cast<const char*>(p.next), _MM_HINT_T0);
    --p.lines;
    p.next += kLane;
    if (--p.in_row == 0) {
      p.next += p.row_step;
      p.in_row = p.of_row;
    }
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
