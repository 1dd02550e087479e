#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

constexpr int64_t kSumColumns = 64;

// total[c] += the sum over the R rows, `stride` apart, of x[c], or of its squared distance from center[c]. c < width <=
// kSumColumns. float, double.
GRADUS_SIMD(template <class T> void add_rows(double* total, const T* x, int64_t R, int64_t stride, int64_t width);
            template <class T> void add_squares(double* total, const T* x, const double* center, int64_t R,
                                                int64_t stride, int64_t width);)

}  // namespace gradus::kernels
