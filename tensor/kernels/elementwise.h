// Elementwise ops on floats and doubles, by the vectors of simd/elementwise.h whatever the strides:
// the same numbers give the same bits in any layout.
#pragma once
#include "tensor/kernels/simd/elementwise.h"
#include "tensor/kernels/strided_loop.h"

namespace gradus::kernels {

template <class T>
void map(T* y, const T* x, const StridedLoop<2>& walk, Map op);
template <class T>
void zip(T* dx, const T* dy, const T* x, const StridedLoop<3>& walk, Gradient op);

/// y = condition ? a : b. Any of the four types.
template <class T>
void choose(T* y, const bool* condition, const T* a, const T* b, const StridedLoop<4>& walk);

/// x[i] = value
template <class T>
void fill(T* x, int64_t n, T value);

/// y = x, where one may be the other's transpose. Any of the four types.
template <class T>
void copy(T* y, const T* x, const StridedLoop<2>& walk);

/// y (A, C, R) = x (A, R, C), both contiguous.
template <class T>
void transpose_last_two(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  const std::array<int64_t, 3> sizes{A, C, R};
  const std::array<int64_t, 3> to{C * R, R, 1};
  const std::array<int64_t, 3> from{R * C, 1, C};
  copy(y, x,
       strided_loop<2>(3, sizes.data(),
                       {Layout{3, sizes.data(), to.data()}, {3, sizes.data(), from.data()}}));
}
template <class T>
std::vector<T> transposed_last_two(const T* x, int64_t A, int64_t R, int64_t C) {
  std::vector<T> y(static_cast<size_t>(A * R * C));
  transpose_last_two(y.data(), x, A, R, C);
  return y;
}

}  // namespace gradus::kernels
