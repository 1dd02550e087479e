// Products of the columns of a matrix, compiled per instruction set.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

constexpr int64_t kProductColumns = 64;

// The rows of x are `stride` apart; width <= kProductColumns. float, double, uint64 (which int64 is
// multiplied as, because signed overflow is undefined).
GRADUS_DECLARE_PER_ISA(
    // total[c] *= product of x[c] over `rows` rows, for c < width
    template <class T>
    void multiply_rows(T* total, const T* x, int64_t rows, int64_t stride, int64_t width);
    // dx[r, c] = dy[c] times the product of column c without x[r, c]
    template <class T> void products_of_others(T* dx, const T* x, const T* dy, int64_t rows,
                                               int64_t stride, int64_t width);
    // dx[i] = dy (product / x[i]) for n numbers
    template <class T> void divide_product(T* dx, const T* x, T dy, T product, int64_t n);)

}  // namespace gradus::kernels
