// Prefetching: cache lines that are packed or written soon are asked for a few at a time, between
// the products of a tile. The processor drops requests that come faster than it can pass them on.
#pragma once

#include "tensor/kernels/bfloat16/pack.h"

namespace gradus::kernels::GRADUS_ISA {

/// The cache lines of some rows of numbers.
struct Ahead {
  const float* next;
  int64_t lines;     // that are left in all
  int64_t in_row;    // that are left in this row
  int64_t of_row;    // of each row
  int64_t row_step;  // from the end of a row to the next row
  int64_t at_once;   // how many an ask() asks for
};

/// The lines of `rows` rows of `numbers` numbers, for `calls` times ask().
GRADUS_INLINE Ahead rows_ahead(const float* rows_begin, int64_t rows, int64_t numbers,
                               int64_t stride, int64_t calls) {
  const int64_t of_row = (numbers + kLane - 1) / kLane;
  // The line of a row's first number may be the last line of what was asked for before; 15 numbers
  // further on begins a new one.
  return {.next = rows_begin + kLane - 1,
          .lines = rows * of_row,
          .in_row = of_row,
          .of_row = of_row,
          .row_step = stride - of_row * kLane,
          .at_once = (rows * of_row + calls - 1) / calls};
}

GRADUS_INLINE void ask(Ahead& ahead) {
  for (int64_t i = ahead.at_once; i > 0 && ahead.lines > 0; --i) {
    _mm_prefetch(reinterpret_cast<const char*>(ahead.next), _MM_HINT_T0);
    --ahead.lines;
    ahead.next += kLane;
    if (--ahead.in_row == 0) {
      ahead.next += ahead.row_step;
      ahead.in_row = ahead.of_row;
    }
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
