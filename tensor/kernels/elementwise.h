// Elementwise ops over arrays of any strides. The formulas are in elementwise_ops.def, the inner
// loops in simd/elementwise.cpp. An element's bits do not depend on its position or on the strides.
//
// The first array of a StridedLoop is the output. It may be one of the inputs, with the same
// strides, except in where and copy.
#pragma once
#include "tensor/kernels/bfloat16.h"
#include "tensor/kernels/simd/elementwise.h"
#include "tensor/kernels/strided_loop.h"

namespace gradus::kernels {

/// Whether the op exists for int64.
constexpr bool has_integers(UnaryOp op) {
  switch (op) {
#define UNARY(name, formula) case UnaryOp::name:
#include "tensor/kernels/elementwise_ops.def"
    return true;
    default:
      return false;
  }
}
constexpr bool has_integers(BinaryOp op) {
  switch (op) {
#define BINARY(name, formula) case BinaryOp::name:
#define BINARY_SCALAR(name, formula) case BinaryOp::name:
#define BINARY_INTEGER(name, formula) case BinaryOp::name:
#include "tensor/kernels/elementwise_ops.def"
    return true;
    default:
      return false;
  }
}

/// Whether the op exists for float and double. All ops of one tensor do.
constexpr bool has_floats(BinaryOp op) {
  switch (op) {
#define BINARY_INTEGER(name, formula) case BinaryOp::name:
#include "tensor/kernels/elementwise_ops.def"
    return false;
    default:
      return true;
  }
}

/// y = f(x)
template <class T>
void unary(UnaryOp op, T* y, const T* x, const StridedLoop<2>& loop);

/// dx = dy times the op's derivative, computed from its x or y. float, double.
template <class T>
void unary_grad(UnaryGrad op, T* dx, const T* dy, const T* saved, const StridedLoop<3>& loop);

/// y = f(a, b)
template <class T>
void binary(BinaryOp op, T* y, const T* a, const T* b, const StridedLoop<3>& loop);

/// x += y, without other threads. float, double, int64.
template <class T>
void add_in_this_thread(T* x, const T* y, int64_t n);

/// y = f(a, b), a bool. Any of the four types.
template <class T>
void compare(CompareOp op, bool* y, const T* a, const T* b, const StridedLoop<3>& loop);

/// y = condition ? a : b. Any of the four types.
template <class T>
void where(T* y, const bool* condition, const T* a, const T* b, const StridedLoop<4>& loop);

/// y = x, with a value of their own for NaN and for the infinities. float, double.
template <class T>
void replace_nonfinite(T* y, const T* x, const StridedLoop<2>& loop, T nan, T posinf, T neginf);

/// When two numbers count as close: |a - b| <= atol + rtol |b|, computed in the type of
/// floating-point numbers. Equal infinities are close, NaNs only if equal_nan.
struct Tolerance {
  double rtol;
  double atol;
  bool equal_nan;
};
/// Whether all pairs of a and b are close. Any of the four types.
template <class T>
bool all_close(const T* a, const T* b, const StridedLoop<2>& loop, const Tolerance& tolerance);

/// x[i] = value. Any of the four types.
template <class T>
void fill(T* x, int64_t n, T value);

/// y = x, converted to Y. To int64, a number that it cannot hold becomes the smallest int64, as on
/// x86; to bool, whether x is not 0. Any two of the four types and BFloat16.
template <class Y, class X>
void copy(Y* y, const X* x, const StridedLoop<2>& loop);

/// y (outer, C, R) = x (outer, R, C), both contiguous.
template <class T>
void transpose_last_two(T* y, const T* x, int64_t outer, int64_t R, int64_t C) {
  const std::array<int64_t, 3> sizes{outer, C, R};
  const std::array<int64_t, 3> y_strides{C * R, R, 1};
  const std::array<int64_t, 3> x_strides{R * C, 1, C};
  copy(y, x,
       strided_loop<2>(
           3, sizes.data(),
           {Layout{3, sizes.data(), y_strides.data()}, {3, sizes.data(), x_strides.data()}}));
}
template <class T>
std::vector<T> transposed_last_two(const T* x, int64_t outer, int64_t R, int64_t C) {
  std::vector<T> y(static_cast<size_t>(outer * R * C));
  transpose_last_two(y.data(), x, outer, R, C);
  return y;
}

}  // namespace gradus::kernels
