// Plain loops, which the compiler vectorises: each column is multiplied in its own order.
#include "tensor/kernels/simd/products.h"

namespace gradus::kernels::GRADUS_ISA {

template <class T>
void multiply_rows(T* total, const T* x, int64_t rows, int64_t stride, int64_t width) {
  // With a width known to the compiler, the products stay in registers.
  if (width == kProductColumns) {
    T product[kProductColumns];
    for (int64_t c = 0; c < kProductColumns; ++c)
      product[c] = total[c];
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < kProductColumns; ++c)
        product[c] *= x[r * stride + c];
    }
    for (int64_t c = 0; c < kProductColumns; ++c)
      total[c] = product[c];
  } else {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < width; ++c)
        total[c] *= x[r * stride + c];
    }
  }
}

template <class T>
void products_of_others(T* dx, const T* x, const T* dy, int64_t rows, int64_t stride,
                        int64_t width) {
  T product[kProductColumns];
  for (int64_t c = 0; c < width; ++c)
    product[c] = T(1);
  for (int64_t r = 0; r < rows; ++r) {  // those above
    for (int64_t c = 0; c < width; ++c) {
      dx[r * stride + c] = product[c];
      product[c] *= x[r * stride + c];
    }
  }
  for (int64_t c = 0; c < width; ++c)
    product[c] = dy[c];
  for (int64_t r = rows - 1; r >= 0; --r) {  // dy and those below
    for (int64_t c = 0; c < width; ++c) {
      dx[r * stride + c] *= product[c];
      product[c] *= x[r * stride + c];
    }
  }
}

template <class T>
void divide_product(T* __restrict dx, const T* __restrict x, T dy, T product, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    dx[i] = dy * (product / x[i]);
}

template void multiply_rows(float*, const float*, int64_t, int64_t, int64_t);
template void multiply_rows(double*, const double*, int64_t, int64_t, int64_t);
template void multiply_rows(uint64_t*, const uint64_t*, int64_t, int64_t, int64_t);
template void products_of_others(float*, const float*, const float*, int64_t, int64_t, int64_t);
template void products_of_others(double*, const double*, const double*, int64_t, int64_t, int64_t);
template void divide_product(float*, const float*, float, float, int64_t);
template void divide_product(double*, const double*, double, double, int64_t);

}  // namespace gradus::kernels::GRADUS_ISA
