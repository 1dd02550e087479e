#include "autograd/ops.h"
#include "tensor/elementwise.h"

namespace gradus {
namespace {

/// x on and below the diagonal (lower) or above it, else 0.
Tensor triangle(const char* op, const Tensor& x, int64_t diagonal, bool lower) {
  check(x.dim() >= 2, "{}: expected a matrix or a batch of them, got {}", op, x.sizes());
  check_is_no_bfloat16(op, x.dtype());
  const int64_t R = x.size(-2);
  const int64_t C = x.size(-1);
  const Tensor mask = unsqueeze(arange(R), 1) >= arange(C) - std::clamp(diagonal, -R - 1, C);
  return lower ? where(mask, x, zeros({}, x.dtype())) : where(mask, zeros({}, x.dtype()), x);
}

/// Whether each number is not 0.
Tensor as_bool(const char* op, const Tensor& x) {
  check_is_no_bfloat16(op, x.dtype());
  return to(x, kBool);
}

Tensor infinity_like(const Tensor& x) {
  return full({}, std::numeric_limits<double>::infinity(), x.dtype());
}

void check_mask(const char* op, const Tensor& mask) {
  check(mask.dtype() == kBool, "{}: the condition must be bool, got {}", op, mask.dtype());
}

}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return compare("eq", CompareOp::eq, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare("ne", CompareOp::ne, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare("lt", CompareOp::lt, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return compare("le", CompareOp::le, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare("gt", CompareOp::gt, a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare("ge", CompareOp::ge, a, b); }

Tensor logical_not(const Tensor& x) {
  check_is_no_bfloat16("logical_not", x.dtype());
  return x == 0;
}
Tensor logical_and(const Tensor& a, const Tensor& b) {
  return compare("logical_and", CompareOp::logical_and, as_bool("logical_and", a),
                 as_bool("logical_and", b));
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return compare("logical_or", CompareOp::logical_or, as_bool("logical_or", a),
                 as_bool("logical_or", b));
}

Tensor isnan(const Tensor& x) { return compare("isnan", CompareOp::ne, x, x); }
Tensor isinf(const Tensor& x) {
  if (!x.is_floating_point()) return full(x.sizes(), false);
  check_is_no_bfloat16("isinf", x.dtype());
  return compare("isinf", CompareOp::abs_eq, x, infinity_like(x));
}
Tensor isfinite(const Tensor& x) {
  if (!x.is_floating_point()) return full(x.sizes(), true);
  check_is_no_bfloat16("isfinite", x.dtype());
  return compare("isfinite", CompareOp::abs_lt, x, infinity_like(x));
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_mask("where", condition);
  return record(
      "where", where_elements("where", condition, a, b),
      {a, [c = saved(condition)](const Tensor& dy) { return where(c(), dy, zeros_like(dy)); }},
      {b, [c = saved(condition)](const Tensor& dy) { return where(c(), zeros_like(dy), dy); }});
}
Tensor where(const Tensor& condition, Scalar a, Scalar b) {
  const DType t = a.is_fractional() || b.is_fractional() ? get_default_dtype()
                  : a.dtype() == b.dtype()               ? a.dtype()
                                                         : kInt64;
  const Tensor like = empty({}, t);
  return where(condition, number_like("where", a, like), number_like("where", b, like));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  return masked_fill(x, mask, number_like("masked_fill", value, x));
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_mask("masked_fill", mask);
  check_is_no_bfloat16("masked_fill", x.dtype());
  check(value.dim() == 0, "masked_fill: the value must be one number without dimensions, got {}",
        value.sizes());
  check(broadcasts_to(mask.sizes(), x.sizes()),
        "masked_fill: x is {}, the mask of shape {} does not broadcast to it", x.sizes(),
        mask.sizes());
  return where(mask, value, x);
}

Tensor tril(const Tensor& x, int64_t diagonal) { return triangle("tril", x, diagonal, true); }
Tensor triu(const Tensor& x, int64_t diagonal) {
  return triangle("triu", x, std::max(diagonal, -std::numeric_limits<int64_t>::max()) - 1, false);
}

}  // namespace gradus
