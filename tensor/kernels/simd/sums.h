#pragma once

#include <cstdint>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

constexpr int64_t kSumColumns = 64;

// total[c] += the sum over the R rows, `stride` apart, of x[c], or, if there is a center, of its
// squared distance from center[c]. c < width <= kSumColumns. float, double, int64, uint64, bool.
GRADUS_DECLARE_PER_ISA(template <class T> void add_rows(Accumulator<T>* total, const T* x,
                                                        const Accumulator<T>* center, int64_t R,
                                                        int64_t stride, int64_t width);)

}  // namespace gradus::kernels
