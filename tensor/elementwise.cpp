#include "tensor/elementwise.h"

#include "tensor/checks.h"
#include "tensor/factories.h"
#include "tensor/strided.h"

namespace gradus {

Tensor unary(const char* name, UnaryOp op, const Tensor& x) {
  const Tensor y = empty(x.sizes(), x.dtype());
  const auto run = [&]<class T>() {
    kernels::unary(op, y.data<T>(), x.data<T>(), strided_loop(y.sizes(), y, x));
  };
  if (kernels::has_integers(op))
    dispatch_number(name, x.dtype(), run);
  else
    dispatch_float(name, x.dtype(), run);
  return y;
}

Tensor unary_grad(const char* name, UnaryGrad op, const Tensor& dy, const Tensor& saved) {
  check_same_dtype(name, dy, saved);
  const Tensor dx = empty(broadcast_shapes(name, dy.sizes(), saved.sizes()), dy.dtype());
  dispatch_float(name, dy.dtype(), [&]<class T>() {
    kernels::unary_grad(op, dx.data<T>(), dy.data<T>(), saved.data<T>(),
                        strided_loop(dx.sizes(), dx, dy, saved));
  });
  return dx;
}

Tensor binary(const char* name, BinaryOp op, const Tensor& a, const Tensor& b) {
  check_same_dtype(name, a, b);
  const Tensor y = empty(broadcast_shapes(name, a.sizes(), b.sizes()), a.dtype());
  binary_into(name, op, y, a, b);
  return y;
}

void binary_into(const char* name, BinaryOp op, const Tensor& y, const Tensor& a, const Tensor& b) {
  const auto run = [&]<class T>() {
    kernels::binary(op, y.data<T>(), a.data<T>(), b.data<T>(), strided_loop(y.sizes(), y, a, b));
  };
  if (kernels::has_integers(op))
    dispatch_number(name, y.dtype(), run);
  else
    dispatch_float(name, y.dtype(), run);
}

void bitwise_into(const char* name, BitwiseOp op, const Tensor& y, const Tensor& a,
                  const Tensor& b) {
  check(!y.is_floating_point(), "{}: expected int64 or bool tensors, got {}{}", name, y.dtype(),
        op == BitwiseOp::bitwise_xor ? "; a power is pow(x, 2)" : "");
  const auto loop = strided_loop(y.sizes(), y, a, b);
  if (y.dtype() == kInt64) {
    const BinaryOp integer_op = op == BitwiseOp::bitwise_and  ? BinaryOp::bitwise_and
                                : op == BitwiseOp::bitwise_or ? BinaryOp::bitwise_or
                                                              : BinaryOp::bitwise_xor;
    kernels::binary(integer_op, y.data<int64_t>(), a.data<int64_t>(), b.data<int64_t>(), loop);
  } else {
    const CompareOp bool_op = op == BitwiseOp::bitwise_and  ? CompareOp::logical_and
                              : op == BitwiseOp::bitwise_or ? CompareOp::logical_or
                                                            : CompareOp::ne;
    kernels::compare(bool_op, y.data<bool>(), a.data<bool>(), b.data<bool>(), loop);
  }
}

Tensor compare(const char* name, CompareOp op, const Tensor& a, const Tensor& b) {
  check_same_dtype(name, a, b);
  const Tensor y = empty(broadcast_shapes(name, a.sizes(), b.sizes()), kBool);
  dispatch(name, a.dtype(), [&]<class T>() {
    kernels::compare(op, y.data<bool>(), a.data<T>(), b.data<T>(),
                     strided_loop(y.sizes(), y, a, b));
  });
  return y;
}

Tensor replace_nonfinite(const char* name, const Tensor& x, double nan, double posinf,
                         double neginf) {
  const Tensor y = empty(x.sizes(), x.dtype());
  dispatch_float(name, x.dtype(), [&]<class T>() {
    const auto number = [name](double value) { return Scalar(value).to<T>(name); };
    kernels::replace_nonfinite(y.data<T>(), x.data<T>(), strided_loop(y.sizes(), y, x), number(nan),
                               number(posinf), number(neginf));
  });
  return y;
}

Tensor where_elements(const char* name, const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_same_dtype(name, a, b);
  const Shape sizes =
      broadcast_shapes(name, condition.sizes(), broadcast_shapes(name, a.sizes(), b.sizes()));
  const Tensor y = empty(sizes, a.dtype());
  dispatch(name, a.dtype(), [&]<class T>() {
    kernels::where(y.data<T>(), condition.data<bool>(), a.data<T>(), b.data<T>(),
                   strided_loop(sizes, y, condition, a, b));
  });
  return y;
}

}  // namespace gradus
