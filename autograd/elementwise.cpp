#include "tensor/elementwise.h"

#include <cmath>
#include <numbers>

#include "autograd/ops.h"

namespace gradus {
namespace {

/// maximum or minimum, with gt or lt as `wins`. dx = 0 where the other tensor wins, dy / 2 where
/// a = b, else dy. So dy reaches a NaN, which neither wins nor loses a comparison.
Tensor extreme(OpName name, BinaryOp op, const Tensor& a, const Tensor& b,
               Tensor (*wins)(const Tensor&, const Tensor&)) {
  const auto share = [wins](const Tensor& dy, const Tensor& x, const Tensor& other) {
    return where(wins(other, x), 0, where(x == other, dy * 0.5, dy));
  };
  return record(
      name, binary(name, op, a, b),
      {a, [share, a = saved(a), b = saved(b)](const Tensor& dy) { return share(dy, a(), b()); }},
      {b, [share, a = saved(a), b = saved(b)](const Tensor& dy) { return share(dy, b(), a()); }});
}

/// f(x), whose gradient dy * f'(x) has a loop of its own. `formula` is f and `slope` is f', written
/// with other ops. Differentiating the formula would split the product with dy: where dy is
/// infinite and a part of f' is 0, the sum of the parts is NaN.
template <class F, class Slope>
Tensor activation(OpName name, const Tensor& x, UnaryOp f, UnaryGrad gradient, F formula,
                  Slope slope) try {
  return record_fused(
      name, unary(name, f, x), {x},
      [=, x = saved(x)](const Tensor& dy, const std::vector<bool>&) {
        return std::vector<Tensor>{unary_grad(name, gradient, dy, x())};
      },
      [=](const std::vector<Tensor>& inputs) {
        const Tensor& v = inputs[0];
        return record(name, formula(v.detach()),
                      {v, [slope, v = saved(v)](const Tensor& dy) { return dy * slope(v()); }});
      });
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

/// The density of the normal distribution, phi(x) = e^(-x^2 / 2) / sqrt(2 pi).
Tensor normal_density(const Tensor& x) {
  return exp(x * x * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
}

/// The normal CDF, Phi(x). Phi'(x) = phi(x).
Tensor normal_cdf(const Tensor& x) {
  return record("normal_cdf", unary("gelu", UnaryOp::normal_cdf, x),
                {x, [x = saved(x)](const Tensor& dy) { return dy * normal_density(x()); }});
}

// The argument u of gelu_tanh: kGeluScale (x + kGeluCubic x^3).
constexpr double kGeluScale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
constexpr double kGeluCubic = 0.044715;

Tensor gelu_tanh_argument(const Tensor& x) { return x * (x * x * kGeluCubic + 1) * kGeluScale; }

/// s + x s (1 - s) 2 u' with s = sigmoid(2 u) = (1 + tanh u) / 2.
Tensor gelu_tanh_slope(const Tensor& x) {
  const Tensor u = gelu_tanh_argument(x) * 2;
  const Tensor du = (x * x * (3 * kGeluCubic) + 1) * (2 * kGeluScale);
  return sigmoid(u) * (x * sigmoid(-u) * du + 1);
}

}  // namespace

Tensor number_like(const char* op, Scalar value, const Tensor& x) {
  const double number = value.to_double();
  check(x.dtype() != kInt64 || !value.is_fractional(),
        "{}: an int64 tensor takes no fractional number, got {}", op, number);
  check(x.dtype() != kBool || number == 0 || number == 1,
        "{}: a bool tensor takes true or false, got {}; convert it with .to(kInt64) or "
        ".to(kFloat32)",
        op, number);
  const Tensor y = empty({}, x.dtype());
  dispatch(op, x.dtype(), [&]<class T>() { *y.data<T>() = value.to<T>(op); });
  return y;
}

Tensor add(const Tensor& a, const Tensor& b, Scalar alpha) {
  check_is_no_bfloat16("add", b.dtype());
  if (alpha.to_double() != 1) return add(a, mul(b, alpha));
  return record("add", binary("add", BinaryOp::add, a, b), {a, [](const Tensor& dy) { return dy; }},
                {b, [](const Tensor& dy) { return dy; }});
}

Tensor sub(const Tensor& a, const Tensor& b, Scalar alpha) {
  check_is_no_bfloat16("sub", b.dtype());
  if (alpha.to_double() != 1) return sub(a, mul(b, alpha));
  return record("sub", binary("sub", BinaryOp::sub, a, b), {a, [](const Tensor& dy) { return dy; }},
                {b, [](const Tensor& dy) { return -dy; }});
}

Tensor mul(const Tensor& a, const Tensor& b) {
  return record("mul", binary("mul", BinaryOp::mul, a, b),
                {a, [b = saved(b)](const Tensor& dy) { return dy * b(); }},
                {b, [a = saved(a)](const Tensor& dy) { return dy * a(); }});
}

Tensor div(const Tensor& a, const Tensor& b) {
  check(a.dtype() != kInt64 || b.dtype() != kInt64,
        "div: int64 tensors cannot be divided; convert them with .to(kFloat32)");
  return record("div", binary("div", BinaryOp::div, a, b),
                {a, [b = saved(b)](const Tensor& dy) { return dy / b(); }},
                {b, [b = saved(b)](const Tensor& dy, const Tensor& y) { return -dy * y / b(); }});
}

// y = x^p:
//
//   dx = dy p x^(p - 1),  and 0 where p = 0 and x = 0
//   dp = dy y log x,      and 0 where x = 0 and p >= 0
//
// Where the result is 0 by these rules, 1 takes the place of p and x: otherwise the hidden infinity
// would become 0 * inf in the second derivative.
Tensor pow(const Tensor& x, const Tensor& exponent) {
  check(exponent.dtype() != kInt64 || exponent.numel() == 0 || amin(exponent).item<int64_t>() >= 0,
        "pow: an int64 to a negative power is not an integer");
  return record("pow", binary("pow", BinaryOp::pow, x, exponent),
                {x,
                 [x = saved(x), p = saved(exponent)](const Tensor& dy) {
                   // x^0 is 1 also where x is NaN.
                   const Tensor constant = logical_and(p() == 0, logical_or(x() == 0, x() != x()));
                   const Tensor safe_p = where(constant, 1, p());
                   return where(constant, 0, dy * (safe_p * pow(x(), safe_p - 1)));
                 }},
                {exponent, [x = saved(x), p = saved(exponent)](const Tensor& dy, const Tensor& y) {
                   const Tensor constant = logical_and(x() == 0, p() >= 0);
                   return where(constant, 0, dy * y * log(where(constant, 1, x())));
                 }});
}

Tensor pow(const Tensor& x, Scalar exponent) {
  check(x.dtype() != kInt64 || exponent.to_double() >= 0,
        "pow: an int64 to a negative power is not an integer");
  const Tensor p = number_like("pow", exponent, x);
  return record("pow", binary("pow", BinaryOp::pow, x, p),
                {x, [x = saved(x), exponent](const Tensor& dy) {
                   const double n = exponent.to_double();
                   return n == 0 ? zeros_like(dy) : n == 1 ? dy : dy * (pow(x(), n - 1) * n);
                 }});
}

Tensor neg(const Tensor& x) {
  return record("neg", unary("neg", UnaryOp::neg, x), {x, [](const Tensor& dy) { return -dy; }});
}

Tensor exp(const Tensor& x) {
  return record("exp", unary("exp", UnaryOp::exp, x),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y; }});
}

Tensor log(const Tensor& x) {
  return record("log", unary("log", UnaryOp::log, x),
                {x, [x = saved(x)](const Tensor& dy) { return dy / x(); }});
}

Tensor log2(const Tensor& x) {
  return record("log2", unary("log2", UnaryOp::log2, x),
                {x, [x = saved(x)](const Tensor& dy) { return dy * std::numbers::log2e / x(); }});
}

Tensor log1p(const Tensor& x) {
  return record("log1p", unary("log1p", UnaryOp::log1p, x),
                {x, [x = saved(x)](const Tensor& dy) { return dy / (x() + 1); }});
}

Tensor expm1(const Tensor& x) {
  return record("expm1", unary("expm1", UnaryOp::expm1, x),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * (y + 1); }});
}

// erf'(x) = 2 / sqrt(pi) e^(-x^2)
Tensor erf(const Tensor& x) {
  return record("erf", unary("erf", UnaryOp::erf, x), {x, [x = saved(x)](const Tensor& dy) {
                                                         return dy * exp(-square(x())) *
                                                                (2 * std::numbers::inv_sqrtpi);
                                                       }});
}

Tensor square(const Tensor& x) {
  if (x.dtype() == kBool) return to(x, kInt64);
  return record("square", unary("square", UnaryOp::square, x),
                {x, [x = saved(x)](const Tensor& dy) { return dy * x() * 2; }});
}

Tensor sqrt(const Tensor& x) {
  return record("sqrt", unary("sqrt", UnaryOp::sqrt, x),
                {x, [](const Tensor& dy, const Tensor& y) { return dy / (y * 2); }});
}

Tensor rsqrt(const Tensor& x) {
  return record("rsqrt", unary("rsqrt", UnaryOp::rsqrt, x),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y * y * y * -0.5; }});
}

Tensor tanh(const Tensor& x) {
  return record("tanh", unary("tanh", UnaryOp::tanh, x),
                {x, [](const Tensor& dy, const Tensor& y) {
                   return is_grad_enabled() ? dy * (1 - y * y)
                                            : unary_grad("tanh", UnaryGrad::tanh, dy, y);
                 }});
}

Tensor sigmoid(const Tensor& x) {
  return record("sigmoid", unary("sigmoid", UnaryOp::sigmoid, x),
                {x, [](const Tensor& dy, const Tensor& y) {
                   return is_grad_enabled() ? dy * y * (1 - y)
                                            : unary_grad("sigmoid", UnaryGrad::sigmoid, dy, y);
                 }});
}

Tensor relu(const Tensor& x) {
  return record("relu", unary("relu", UnaryOp::relu, x),
                {x, [](const Tensor& dy, const Tensor& y) {
                   return is_grad_enabled() ? where(y <= 0, 0, dy)
                                            : unary_grad("relu", UnaryGrad::relu, dy, y);
                 }});
}

// Hendrycks and Gimpel 2016, with the normal CDF Phi and the density phi:
//
//   gelu(x)      = x Phi(x)
//   gelu'(x)     = Phi(x) + x phi(x)
//   gelu_tanh(x) = x (1 + tanh u) / 2 = x sigmoid(2 u),  u = sqrt(2 / pi) (x + 0.044715 x^3)
//
// simd/activations.h has the derivative of gelu_tanh.
Tensor gelu(const Tensor& x, const std::string& approximate) {
  check(approximate == "none" || approximate == "tanh",
        "gelu: approximate is \"none\" or \"tanh\", got \"{}\"", approximate);
  if (approximate == "none") {
    return activation(
        "gelu", x, UnaryOp::gelu, UnaryGrad::gelu,
        [](const Tensor& v) { return v * normal_cdf(v); },
        [](const Tensor& v) { return normal_cdf(v) + v * normal_density(v); });
  }
  return activation(
      "gelu", x, UnaryOp::gelu_tanh, UnaryGrad::gelu_tanh,
      [](const Tensor& v) { return v * 0.5 * (tanh(gelu_tanh_argument(v)) + 1); }, gelu_tanh_slope);
}

// silu(x) = x s with s = sigmoid(x), silu'(x) = s + x s (1 - s).
Tensor silu(const Tensor& x) {
  return activation(
      "silu", x, UnaryOp::silu, UnaryGrad::silu, [](const Tensor& v) { return v * sigmoid(v); },
      [](const Tensor& v) { return sigmoid(v) * (v * sigmoid(-v) + 1); });
}

Tensor sin(const Tensor& x) {
  return record("sin", unary("sin", UnaryOp::sin, x),
                {x, [x = saved(x)](const Tensor& dy) { return dy * cos(x()); }});
}

Tensor cos(const Tensor& x) {
  return record("cos", unary("cos", UnaryOp::cos, x),
                {x, [x = saved(x)](const Tensor& dy) { return -dy * sin(x()); }});
}

Tensor abs(const Tensor& x) {
  return record("abs", unary("abs", UnaryOp::abs, x),
                {x, [x = saved(x)](const Tensor& dy) {
                   return dy * (to(x() > 0, dy.dtype()) - to(x() < 0, dy.dtype()));
                 }});
}

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max) {
  check(min || max, "clamp: at least one of min and max must be given");
  const Tensor low = min ? number_like("clamp", *min, x) : Tensor();
  const Tensor high = max ? number_like("clamp", *max, x) : Tensor();
  Tensor y = x;  // NaN stays
  if (min) y = binary("clamp", BinaryOp::clamp_min, y, low);
  if (max) y = binary("clamp", BinaryOp::clamp_max, y, high);
  return record("clamp", y, {x, [x = saved(x), min, max](const Tensor& dy) {
                               const Tensor inside = logical_and(min ? x() >= *min : x() == x(),
                                                                 max ? x() <= *max : x() == x());
                               return where(inside, dy, 0);
                             }});
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return extreme("maximum", BinaryOp::maximum, a, b, gt);
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return extreme("minimum", BinaryOp::minimum, a, b, lt);
}

Tensor alias(const Tensor& x) {
  return record("alias", x.as_view(x.sizes(), x.strides(), x.impl().offset),
                {x, [](const Tensor& dy) { return dy; }});
}

}  // namespace gradus
