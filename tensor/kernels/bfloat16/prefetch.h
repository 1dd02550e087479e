// Prefetching of what is packed or written soon, a few cache lines at a time between the products
// of a tile: the processor drops prefetches that come faster than it can pass them on.
#pragma once

#include "tensor/kernels/bfloat16/pack.h"

namespace gradus::kernels::GRADUS_ISA {

/// Some rows of numbers that are still to be prefetched into the L2 cache: on the way to the L1
/// cache they would delay the products' own loads.
struct Prefetch {
  const float* next = nullptr;
  int64_t step = kLane;  // numbers between prefetches
  int64_t rows = 0;      // that are left
  int64_t in_row = 0;    // prefetches that are left in this row
  int64_t of_row = 0;    // prefetches of each row
  int64_t row_step = 0;  // from the end of a row to the next row

  int64_t count() const { return rows * of_row; }  // before the first prefetch
};

GRADUS_INLINE Prefetch prefetch_of_rows(const float* x, int64_t stride, int64_t rows,
                                        int64_t numbers, int64_t step = kLane) {
  const int64_t of_row = (numbers + step - 1) / step;
  // The line of a row's first number may be the last line of what was prefetched before; 15 numbers
  // further on begins a new one.
  return {.next = x + kLane - 1,
          .step = step,
          .rows = rows,
          .in_row = of_row,
          .of_row = of_row,
          .row_step = stride - of_row * step};
}

/// Prefetches `count` lines, or as many as are left. Returns how many are missing.
GRADUS_INLINE int64_t prefetch(Prefetch& p, int64_t count) {
  while (count > 0 && p.rows > 0) {
    const int64_t n = smaller(count, p.in_row);
    for (int64_t i = 0; i < n; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(p.next), _MM_HINT_T1);
      p.next += p.step;
    }
    count -= n;
    p.in_row -= n;
    if (p.in_row == 0) {
      p.next += p.row_step;
      p.in_row = p.of_row;
      --p.rows;
    }
  }
  return count;
}

}  // namespace gradus::kernels::GRADUS_ISA
