// Sums of the columns of a matrix, compiled per instruction set.
#pragma once

#include <cstdint>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

constexpr int64_t kSumColumns = 64;

// total[c] += sum of x[c] over `rows` rows, which are `stride` apart, for c < width <= kSumColumns.
// With a center, the sum is that of (x[c] - center[c])^2. float, double, int64, uint64, bool.
GRADUS_DECLARE_PER_ISA(template <class T> void add_rows(Accumulator<T>* total, const T* x,
                                                        const Accumulator<T>* center, int64_t rows,
                                                        int64_t stride, int64_t width);)

}  // namespace gradus::kernels
