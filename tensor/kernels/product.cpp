#include "tensor/kernels/product.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "tensor/kernels/arithmetic.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/products.h"

namespace gradus::kernels {
namespace {

/// body(a, first, width) for each block of columns of each matrix a.
template <class Body>
void for_each_columns(int64_t outer, int64_t size, int64_t inner, const Body& body) {
  const int64_t blocks = (inner + kProductColumns - 1) / kProductColumns;
  const int64_t grain = grain_for(size * std::min(inner, kProductColumns) / 4);
  parallel_for(outer * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * kProductColumns;
      body(i / blocks, first, std::min(kProductColumns, inner - first));
    }
  });
}

/// The product of contiguous numbers, read as a matrix with kProductColumns columns.
template <class T>
T product_of_row(const T* x, int64_t size) {
  T columns[kProductColumns];
  std::fill_n(columns, kProductColumns, T(1));
  const int64_t rows = size / kProductColumns;
  const int64_t tail = size % kProductColumns;
  GRADUS_DISPATCH(multiply_rows(columns, x, rows, kProductColumns, kProductColumns));
  GRADUS_DISPATCH(multiply_rows(columns, x + rows * kProductColumns, 1, 0, tail));
  for (int64_t half = kProductColumns / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i)
      columns[i] *= columns[i + half];
  }
  return columns[0];
}

/// Long rows are cut into pieces, which threads share.
template <class T>
T product_of_long_row(const T* x, int64_t size) {
  constexpr int64_t kPieces = 64;
  T products[kPieces];
  const int64_t length = size / kPieces;
  parallel_for(kPieces, grain_for(length / 4), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t rest = i == kPieces - 1 ? size % kPieces : 0;
      products[i] = product_of_row(x + i * length, length + rest);
    }
  });
  return product_of_row(products, kPieces);
}

template <class T>
void multiply(T* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  constexpr int64_t kLongRow = 1 << 18;
  if (inner == 1 && size >= kLongRow) {
    for (int64_t a = 0; a < outer; ++a)
      y[a] = product_of_long_row(x + a * size, size);
    return;
  }
  for_each_columns(outer, size, inner, [&](int64_t a, int64_t first, int64_t width) {
    const T* const block = x + a * size * inner + first;
    T* const to = y + a * inner + first;
    if (inner == 1) {
      *to = product_of_row(block, size);
      return;
    }
    std::fill_n(to, width, T(1));
    GRADUS_DISPATCH(multiply_rows(to, block, size, inner, width));
  });
}

}  // namespace

template <class T>
void product(T* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  using W = Wrapping<T>;
  multiply(reinterpret_cast<W*>(y), reinterpret_cast<const W*>(x), outer, size, inner);
}

template <class T>
void product_backward(T* dx, const T* dy, const T* x, int64_t outer, int64_t size, int64_t inner) {
  for_each_columns(outer, size, inner, [&](int64_t a, int64_t first, int64_t width) {
    const int64_t at = a * size * inner + first;
    const T* const block_dy = dy + a * inner + first;
    if (inner == 1) {
      // The product divided by x[i] is faster, and as exact if the product lost no digits.
      const T whole = product_of_row(x + at, size);
      if (std::isnormal(whole)) {
        GRADUS_DISPATCH(divide_product(dx + at, x + at, *block_dy, whole, size));
        return;
      }
    }
    GRADUS_DISPATCH(products_of_others(dx + at, x + at, block_dy, size, inner, width));
  });
}

template void product(float*, const float*, int64_t, int64_t, int64_t);
template void product(double*, const double*, int64_t, int64_t, int64_t);
template void product(int64_t*, const int64_t*, int64_t, int64_t, int64_t);
template void product_backward(float*, const float*, const float*, int64_t, int64_t, int64_t);
template void product_backward(double*, const double*, const double*, int64_t, int64_t, int64_t);

}  // namespace gradus::kernels
