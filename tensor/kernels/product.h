// Products over one dimension, and their gradient.
#pragma once

#include <cstdint>

namespace gradus::kernels {

// x is contiguous (outer, size, inner) and multiplied over its middle dimension. The order of the
// multiplications depends on the sizes only.

/// y (outer, inner) = product of x; 1 if size = 0. float, double, int64, which wraps around.
template <class T>
void product(T* y, const T* x, int64_t outer, int64_t size, int64_t inner);

/// dx = dy (outer, inner) times the product of the other x, also where some are 0. float, double.
template <class T>
void product_backward(T* dx, const T* dy, const T* x, int64_t outer, int64_t size, int64_t inner);

}  // namespace gradus::kernels
