// The inner loops of elementwise ops, compiled for each instruction set. An element's bits do not
// depend on its position, on n or on the strides, so every layout gives the same result.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

#define GRADUS_ENUMERATOR(name, formula) name,
/// y = f(x)
enum class UnaryOp {
#define UNARY GRADUS_ENUMERATOR
#define UNARY_FLOAT GRADUS_ENUMERATOR
#define UNARY_SCALAR GRADUS_ENUMERATOR
#include "tensor/kernels/elementwise_ops.def"
};
/// y = f(a, b)
enum class BinaryOp {
#define BINARY GRADUS_ENUMERATOR
#define BINARY_FLOAT GRADUS_ENUMERATOR
#define BINARY_SCALAR GRADUS_ENUMERATOR
#define BINARY_INTEGER GRADUS_ENUMERATOR
#include "tensor/kernels/elementwise_ops.def"
};
/// y = f(a, b), a bool
enum class CompareOp {
#define COMPARE GRADUS_ENUMERATOR
#include "tensor/kernels/elementwise_ops.def"
};
#undef GRADUS_ENUMERATOR
/// dx = dy times the derivative of the unary op of that name.
enum class UnaryGrad {
#define UNARY_GRAD(name, saved, formula) name,
#include "tensor/kernels/elementwise_ops.def"
};

// In the loops bool is a uint8_t of 0 or 1. An output may be one of the inputs.

/// Contiguous y and x of n elements.
template <class T>
using UnaryLoop = void (*)(T* y, const T* x, int64_t n);
template <class T>
using UnaryGradLoop = void (*)(T* dx, const T* dy, const T* saved, int64_t n);
/// n elements with any strides. Fast for contiguous y with contiguous or repeated (stride 0) a, b.
template <class T, class Y>
using BinaryLoop = void (*)(Y* y, int64_t y_stride, const T* a, int64_t a_stride, const T* b,
                            int64_t b_stride, int64_t n);

// T is float, double or int64_t; uint8_t in compare_loop, where_row and reverse_row, and
// uint16_t in reverse_row. The loop of an op that T does not have is null.
GRADUS_DECLARE_PER_ISA(template <class T> UnaryLoop<T> unary_loop(UnaryOp op);
                       template <class T> UnaryGradLoop<T> unary_grad_loop(UnaryGrad op);
                       template <class T> BinaryLoop<T, T> binary_loop(BinaryOp op);
                       template <class T> BinaryLoop<T, uint8_t> compare_loop(CompareOp op);
                       // y = condition ? a : b. y is none of the inputs, condition is contiguous,
                       // a_stride and b_stride are 0 or 1, not both 0.
                       template <class T>
                       void where_row(T* y, const uint8_t* condition, const T* a, int64_t a_stride,
                                      const T* b, int64_t b_stride, int64_t n);
                       // y = x, with values of their own for NaN and the infinities.
                       template <class T> void replace_nonfinite(T* y, const T* x, int64_t n, T nan,
                                                                 T posinf, T neginf);
                       // y[i] = x[n - 1 - i]. y is not x.
                       template <class T> void reverse_row(T* y, const T* x, int64_t n);)

}  // namespace gradus::kernels
