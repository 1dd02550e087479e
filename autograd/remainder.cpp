// Remainders of divisions. With the quotient q:
//
//   y  = a - q b
//   da = dy
//   db = -dy q
//
// q is a / b rounded down for remainder, as in Python, and rounded to zero for fmod, as in C.
#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/elementwise.h"

namespace gradus {
namespace {

/// An integer has no remainder of a division by 0.
void check_divisor(const char* op, const Tensor& b) {
  check(b.dtype() != kInt64 || all(b).item<bool>(), "{}: an int64 cannot be divided by 0", op);
}

/// a / b rounded to zero. a - fmod(a, b) is a multiple of b.
Tensor quotient_to_zero(const Tensor& a, const Tensor& b) {
  return round((a - binary("fmod", BinaryOp::fmod, a, b)) / b);
}

/// a / b rounded down: one less if there is a rest whose sign is not b's.
Tensor quotient_down(const Tensor& a, const Tensor& b) {
  const Tensor rest = binary("remainder", BinaryOp::fmod, a, b);
  const Tensor is_above = logical_and(rest != 0, (rest < 0) != (b < 0));
  return round((a - rest) / b) - to(is_above, a.dtype());
}

using Quotient = Tensor (*)(const Tensor&, const Tensor&);

Tensor remainder_of(OpName op, BinaryOp f, const Tensor& a, const Tensor& b, Quotient quotient) {
  check_same_dtype(op, a, b);
  check_divisor(op, b);
  return record(op, binary(op, f, a, b), {a, [](const Tensor& dy) { return dy; }},
                {b, [quotient, a = saved(a), b = saved(b)](const Tensor& dy) {
                   return -dy * quotient(a().detach(), b().detach());
                 }});
}

}  // namespace

Tensor remainder(const Tensor& a, const Tensor& b) {
  return remainder_of("remainder", BinaryOp::remainder, a, b, quotient_down);
}
Tensor fmod(const Tensor& a, const Tensor& b) {
  return remainder_of("fmod", BinaryOp::fmod, a, b, quotient_to_zero);
}

}  // namespace gradus
