// Elementwise ops on tensors, without gradients: the bridge from an op in autograd/ to its loop in
// tensor/kernels. Each checks dtypes and shapes, broadcasts, and computes a new tensor; `name` is
// the op that an error names.
#pragma once
#include "tensor/kernels/elementwise.h"
#include "tensor/tensor.h"

namespace gradus {

using kernels::BinaryOp;
using kernels::CompareOp;
using kernels::UnaryGrad;
using kernels::UnaryOp;

/// f(x)
Tensor unary(const char* name, UnaryOp op, const Tensor& x);

/// dy times the op's derivative, computed from its x or its y, whichever elementwise_ops.def names.
Tensor unary_grad(const char* name, UnaryGrad op, const Tensor& dy, const Tensor& saved);

/// f(a, b)
Tensor binary(const char* name, BinaryOp op, const Tensor& a, const Tensor& b);

/// y = f(a, b) in y's memory. a and b broadcast to y; each may be y itself.
void binary_into(const char* name, BinaryOp op, const Tensor& y, const Tensor& a, const Tensor& b);

/// The ops on the bits of int64 tensors, which are the logical ops of bool tensors.
enum class BitwiseOp { bitwise_and, bitwise_or, bitwise_xor };

/// y = f(a, b) in y's memory, for int64 or bool. a and b broadcast to y; each may be y itself.
void bitwise_into(const char* name, BitwiseOp op, const Tensor& y, const Tensor& a,
                  const Tensor& b);

/// f(a, b), a bool tensor.
Tensor compare(const char* name, CompareOp op, const Tensor& a, const Tensor& b);

/// x with NaN and the infinities replaced. float32, float64; a value that the dtype cannot hold
/// throws.
Tensor replace_nonfinite(const char* name, const Tensor& x, double nan, double posinf,
                         double neginf);

/// condition ? a : b
Tensor where_elements(const char* name, const Tensor& condition, const Tensor& a, const Tensor& b);

}  // namespace gradus
