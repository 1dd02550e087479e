// The ops with a number on one side, and the operators.
#pragma once
#include "autograd/ops.h"

namespace gradus {

/// The number as a tensor without dimensions, of x's dtype. A fractional number beside an int64
/// tensor is an error.
Tensor number_like(const char* op, Scalar value, const Tensor& x);

inline Tensor add(const Tensor& a, Scalar b, Scalar alpha = 1) {
  return add(a, number_like("add", b, a), alpha);
}
inline Tensor sub(const Tensor& a, Scalar b, Scalar alpha = 1) {
  return sub(a, number_like("sub", b, a), alpha);
}
inline Tensor mul(const Tensor& a, Scalar b) { return mul(a, number_like("mul", b, a)); }
inline Tensor div(const Tensor& a, Scalar b) { return div(a, number_like("div", b, a)); }
inline Tensor pow(Scalar x, const Tensor& exponent) {
  return pow(number_like("pow", x, exponent), exponent);
}
inline Tensor max(const Tensor& a, const Tensor& b) { return maximum(a, b); }
inline Tensor min(const Tensor& a, const Tensor& b) { return minimum(a, b); }
inline Tensor where(const Tensor& condition, const Tensor& a, Scalar b) {
  return where(condition, a, number_like("where", b, a));
}
inline Tensor where(const Tensor& condition, Scalar a, const Tensor& b) {
  return where(condition, number_like("where", a, b), b);
}
Tensor where(const Tensor& condition, Scalar a, Scalar b);

#define GRADUS_OPERATOR(sign, op)                                                    \
  inline Tensor operator sign(const Tensor& a, const Tensor& b) { return op(a, b); } \
  inline Tensor operator sign(const Tensor& a, Scalar b) { return op(a, b); }        \
  inline Tensor operator sign(Scalar a, const Tensor& b) { return op(number_like(#op, a, b), b); }
GRADUS_OPERATOR(+, add)
GRADUS_OPERATOR(-, sub)
GRADUS_OPERATOR(*, mul)
GRADUS_OPERATOR(/, div)
#undef GRADUS_OPERATOR

// A number on the left turns the comparison round.
#define GRADUS_COMPARISON(sign, op, turned)                                             \
  inline Tensor op(const Tensor& a, Scalar b) { return op(a, number_like(#op, b, a)); } \
  inline Tensor operator sign(const Tensor& a, const Tensor& b) { return op(a, b); }    \
  inline Tensor operator sign(const Tensor& a, Scalar b) { return op(a, b); }           \
  inline Tensor operator sign(Scalar a, const Tensor& b) {                              \
    return turned(b, number_like(#turned, a, b));                                       \
  }
GRADUS_COMPARISON(==, eq, eq)
GRADUS_COMPARISON(!=, ne, ne)
GRADUS_COMPARISON(<, lt, gt)
GRADUS_COMPARISON(<=, le, ge)
GRADUS_COMPARISON(>, gt, lt)
GRADUS_COMPARISON(>=, ge, le)
#undef GRADUS_COMPARISON

}  // namespace gradus
