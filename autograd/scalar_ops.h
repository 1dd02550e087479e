// The ops with a number on one side, and the operators.
#pragma once
#include "autograd/ops.h"

namespace gradus {

/// The number as a tensor without dimensions, of x's dtype. A fractional number beside an int64 tensor is an error.
Tensor number_like(const char* op, Scalar value, const Tensor& x);

inline Tensor add(const Tensor& a, Scalar b, Scalar alpha = 1) { return add(a, number_like("add", b, a), alpha); }
inline Tensor sub(const Tensor& a, Scalar b, Scalar alpha = 1) { return sub(a, number_like("sub", b, a), alpha); }
inline Tensor mul(const Tensor& a, Scalar b) { return mul(a, number_like("mul", b, a)); }
inline Tensor div(const Tensor& a, Scalar b) { return div(a, number_like("div", b, a)); }
inline Tensor pow(Scalar x, const Tensor& exponent) { return pow(number_like("pow", x, exponent), exponent); }
inline Tensor max(const Tensor& a, const Tensor& b) { return maximum(a, b); }
inline Tensor min(const Tensor& a, const Tensor& b) { return minimum(a, b); }
inline Tensor eq(const Tensor& a, Scalar b) { return eq(a, number_like("eq", b, a)); }
inline Tensor ne(const Tensor& a, Scalar b) { return ne(a, number_like("ne", b, a)); }
inline Tensor lt(const Tensor& a, Scalar b) { return lt(a, number_like("lt", b, a)); }
inline Tensor le(const Tensor& a, Scalar b) { return le(a, number_like("le", b, a)); }
inline Tensor gt(const Tensor& a, Scalar b) { return gt(a, number_like("gt", b, a)); }
inline Tensor ge(const Tensor& a, Scalar b) { return ge(a, number_like("ge", b, a)); }
inline Tensor where(const Tensor& condition, const Tensor& a, Scalar b) {
  return where(condition, a, number_like("where", b, a));
}
inline Tensor where(const Tensor& condition, Scalar a, const Tensor& b) {
  return where(condition, number_like("where", a, b), b);
}
Tensor where(const Tensor& condition, Scalar a, Scalar b);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, Scalar b) { return add(a, b); }
inline Tensor operator+(Scalar a, const Tensor& b) { return add(number_like("add", a, b), b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, Scalar b) { return sub(a, b); }
inline Tensor operator-(Scalar a, const Tensor& b) { return sub(number_like("sub", a, b), b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, Scalar b) { return mul(a, b); }
inline Tensor operator*(Scalar a, const Tensor& b) { return mul(number_like("mul", a, b), b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, Scalar b) { return div(a, b); }
inline Tensor operator/(Scalar a, const Tensor& b) { return div(number_like("div", a, b), b); }

inline Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
inline Tensor operator==(const Tensor& a, Scalar b) { return eq(a, b); }
inline Tensor operator==(Scalar a, const Tensor& b) { return eq(b, a); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
inline Tensor operator!=(const Tensor& a, Scalar b) { return ne(a, b); }
inline Tensor operator!=(Scalar a, const Tensor& b) { return ne(b, a); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
inline Tensor operator<(const Tensor& a, Scalar b) { return lt(a, b); }
inline Tensor operator<(Scalar a, const Tensor& b) { return gt(b, a); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
inline Tensor operator<=(const Tensor& a, Scalar b) { return le(a, b); }
inline Tensor operator<=(Scalar a, const Tensor& b) { return ge(b, a); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
inline Tensor operator>(const Tensor& a, Scalar b) { return gt(a, b); }
inline Tensor operator>(Scalar a, const Tensor& b) { return lt(b, a); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
inline Tensor operator>=(const Tensor& a, Scalar b) { return ge(a, b); }
inline Tensor operator>=(Scalar a, const Tensor& b) { return le(b, a); }

}  // namespace gradus
