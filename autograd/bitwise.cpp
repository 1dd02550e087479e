// Ops on the bits of int64 tensors, which are logical ops on bool tensors.
#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/elementwise.h"

namespace gradus {
namespace {

Tensor bitwise(const char* name, BitwiseOp op, const Tensor& a, const Tensor& b) {
  check_same_dtype(name, a, b);
  const Tensor y = empty(broadcast_shapes(name, a.sizes(), b.sizes()), a.dtype());
  bitwise_into(name, op, y, a, b);
  return y;
}

}  // namespace

Tensor bitwise_and(const Tensor& a, const Tensor& b) {
  return bitwise("bitwise_and", BitwiseOp::bitwise_and, a, b);
}
Tensor bitwise_or(const Tensor& a, const Tensor& b) {
  return bitwise("bitwise_or", BitwiseOp::bitwise_or, a, b);
}
Tensor bitwise_xor(const Tensor& a, const Tensor& b) {
  return bitwise("bitwise_xor", BitwiseOp::bitwise_xor, a, b);
}

Tensor bitwise_not(const Tensor& x) {
  check(!x.is_floating_point(), "bitwise_not: expected an int64 or bool tensor, got {}", x.dtype());
  const Scalar all_ones = x.dtype() == kBool ? Scalar(true) : Scalar(-1);
  return bitwise("bitwise_not", BitwiseOp::bitwise_xor, x, full({}, all_ones, x.dtype()));
}

}  // namespace gradus
