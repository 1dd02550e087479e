#include "autograd/ops.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

template <class F>
Tensor compare(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  check_same_dtype(op, a, b);
  const Tensor y = empty(broadcast_shapes(op, a.sizes(), b.sizes()), kBool);
  dispatch(a.dtype(), [&]<class T>() { zip_into<bool, T>(y, a, b, f); });
  return y;
}

/// x on and below the diagonal (lower) or above it, else 0.
Tensor triangle(const char* op, const Tensor& x, int64_t diagonal, bool lower) {
  check(x.dim() >= 2, "{}: expected a matrix or a batch of them, got {}", op, x.sizes());
  const int64_t R = x.size(-2);
  const int64_t C = x.size(-1);
  const Tensor mask = unsqueeze(arange(R), 1) >= arange(C) - std::clamp(diagonal, -R - 1, C);
  return lower ? where(mask, x, zeros({}, x.dtype())) : where(mask, zeros({}, x.dtype()), x);
}

void check_mask(const char* op, const Tensor& mask) {
  check(mask.dtype() == kBool, "{}: the condition must be bool, got {}", op, mask.dtype());
}

}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return compare("eq", a, b, kernels::equal); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare("ne", a, b, kernels::not_equal); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare("lt", a, b, kernels::less); }
Tensor le(const Tensor& a, const Tensor& b) { return compare("le", a, b, kernels::less_equal); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare("gt", a, b, kernels::greater); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare("ge", a, b, kernels::greater_equal); }

Tensor logical_not(const Tensor& x) { return x == 0; }
Tensor logical_and(const Tensor& a, const Tensor& b) {
  return compare("logical_and", to(a, kBool), to(b, kBool),
                 [](auto p, auto q) { return p != 0 && q != 0; });
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return compare("logical_or", to(a, kBool), to(b, kBool),
                 [](auto p, auto q) { return p != 0 || q != 0; });
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_mask("where", condition);
  check_same_dtype("where", a, b);
  const Shape sizes =
      broadcast_shapes("where", condition.sizes(), broadcast_shapes("where", a.sizes(), b.sizes()));
  const Tensor y = empty(sizes, a.dtype());
  dispatch(a.dtype(), [&]<class T>() {
    kernels::choose(y.data<T>(), condition.data<bool>(), a.data<T>(), b.data<T>(),
                    strided_loop(sizes, y, condition, a, b));
  });
  return record(
      "where", y,
      {a, [c = saved(condition)](const Tensor& dy) { return where(c(), dy, zeros_like(dy)); }},
      {b, [c = saved(condition)](const Tensor& dy) { return where(c(), zeros_like(dy), dy); }});
}
Tensor where(const Tensor& condition, Scalar a, Scalar b) {
  const DType t = a.is_fractional() || b.is_fractional() ? kFloat32
                  : a.dtype() == b.dtype()               ? a.dtype()
                                                         : kInt64;
  return where(condition, full({}, a, t), full({}, b, t));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  return masked_fill(x, mask, number_like("masked_fill", value, x));
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_mask("masked_fill", mask);
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

Tensor to(const Tensor& x, DType t) {
  if (x.dtype() == t) return x;
  const Tensor y = empty(x.sizes(), t);
  copy_elements(y, x);
  if (!is_floating_point(t)) return y;
  return record("to", y, {x, [from = x.dtype()](const Tensor& dy) { return to(dy, from); }});
}

Tensor clone(const Tensor& x) {
  const Tensor y = empty_like(x);
  copy_elements(y, x);
  return record("clone", y, {x, [](const Tensor& dy) { return dy; }});
}

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  return record("contiguous", as_contiguous(x), {x, [](const Tensor& dy) { return dy; }});
}

}  // namespace gradus
