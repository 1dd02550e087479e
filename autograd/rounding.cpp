// Ops that round, and sign: constant between their jumps, so the gradient is 0.
#include "autograd/ops.h"
#include "tensor/elementwise.h"

namespace gradus {
namespace {

/// f(x), which is constant between its jumps.
Tensor step_function(OpName name, UnaryOp f, const Tensor& x) {
  return record(name, unary(name, f, x), {x, [](const Tensor& dy) { return zeros_like(dy); }});
}

Tensor rounded(OpName name, UnaryOp f, const Tensor& x) {
  return x.dtype() == kInt64 ? clone(x) : step_function(name, f, x);
}

}  // namespace

Tensor sign(const Tensor& x) {
  return x.dtype() == kBool ? clone(x) : step_function("sign", UnaryOp::sign, x);
}
Tensor floor(const Tensor& x) { return rounded("floor", UnaryOp::floor, x); }
Tensor ceil(const Tensor& x) { return rounded("ceil", UnaryOp::ceil, x); }
Tensor round(const Tensor& x) { return rounded("round", UnaryOp::round, x); }
Tensor trunc(const Tensor& x) { return rounded("trunc", UnaryOp::trunc, x); }

}  // namespace gradus
