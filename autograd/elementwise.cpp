#include <cmath>
#include <numbers>

#include "autograd/ops.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

using kernels::Gradient, kernels::Map;

/// maximum or minimum: a or b, whichever wins. Equal ones share the gradient, NaN wins.
template <class Wins>
Tensor winner(const char* op, const Tensor& a, const Tensor& b, const Wins& wins) {
  const Tensor y =
      zip_number(op, a, b, [&wins](auto p, auto q) { return wins(p, q) || p != p ? p : q; });
  const auto share = [wins](const Tensor& dy, const Tensor& x, const Tensor& other) {
    return dy * (to(wins(x, other), dy.dtype()) + to(x == other, dy.dtype()) * 0.5);
  };
  return record(
      op, y,
      {a, [share, a = saved(a), b = saved(b)](const Tensor& dy) { return share(dy, a(), b()); }},
      {b, [share, a = saved(a), b = saved(b)](const Tensor& dy) { return share(dy, b(), a()); }});
}

/// f(x) with its gradient as one loop each; `definition` is f in other ops.
template <class F>
Tensor activation(const char* op, const Tensor& x, Map f, Gradient gradient, const F& definition) {
  return record_fused(
      op, map_float(op, x, f), {x},
      [=, x = saved(x)](const Tensor& dy, const std::vector<bool>&) {
        return std::vector<Tensor>{zip_float(op, dy, x(), gradient)};
      },
      [definition](const std::vector<Tensor>& in) { return definition(in[0]); });
}

/// What of the normal distribution lies below x.
Tensor normal_cdf(const Tensor& x) {
  return record("normal_cdf", map_float("gelu", x, Map::normal_cdf),
                {x, [x = saved(x)](const Tensor& dy) {
                   return dy * exp(x() * x() * -0.5) *
                          (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
                 }});
}

}  // namespace

Tensor number_like(const char* op, Scalar value, const Tensor& x) {
  const double number = value.to_double();
  check(x.dtype() != kInt64 || !value.is_fractional(),
        "{}: an int64 tensor takes no fractional number, got {}", op, number);
  check(x.dtype() != kBool || number == 0 || number == 1,
        "{}: a bool tensor goes with true or false, got {}; convert it with .to(kInt64) or "
        ".to(kFloat32)",
        op, number);
  const Tensor y = empty({}, x.dtype());
  dispatch(x.dtype(), [&]<class T>() { *y.data<T>() = value.to<T>(op); });
  return y;
}

Tensor add(const Tensor& a, const Tensor& b, Scalar alpha) {
  if (alpha.to_double() != 1) return add(a, mul(b, alpha));
  return record("add", zip_number("add", a, b, kernels::plus),
                {a, [](const Tensor& dy) { return dy; }}, {b, [](const Tensor& dy) { return dy; }});
}

Tensor sub(const Tensor& a, const Tensor& b, Scalar alpha) {
  if (alpha.to_double() != 1) return sub(a, mul(b, alpha));
  return record("sub", zip_number("sub", a, b, kernels::minus),
                {a, [](const Tensor& dy) { return dy; }},
                {b, [](const Tensor& dy) { return -dy; }});
}

Tensor mul(const Tensor& a, const Tensor& b) {
  return record("mul", zip_number("mul", a, b, kernels::times),
                {a, [b = saved(b)](const Tensor& dy) { return dy * b(); }},
                {b, [a = saved(a)](const Tensor& dy) { return dy * a(); }});
}

Tensor div(const Tensor& a, const Tensor& b) {
  check(a.dtype() != kInt64 || b.dtype() != kInt64,
        "div: int64 tensors do not divide; convert them with .to(kFloat32)");
  return record("div", zip_float("div", a, b, kernels::over),
                {a, [b = saved(b)](const Tensor& dy) { return dy / b(); }},
                {b, [b = saved(b)](const Tensor& dy, const Tensor& y) { return -dy * y / b(); }});
}

Tensor pow(const Tensor& x, const Tensor& exponent) {
  check(exponent.dtype() != kInt64 || exponent.numel() == 0 || amin(exponent).item<int64_t>() >= 0,
        "pow: int64 to a negative power is no whole number");
  return record("pow", zip_number("pow", x, exponent, kernels::power),
                {x,
                 [x = saved(x), p = saved(exponent)](const Tensor& dy) {
                   return where(p() == 0, zeros_like(dy), dy * p() * pow(x(), p() - 1));
                 }},
                {exponent, [x = saved(x), p = saved(exponent)](const Tensor& dy, const Tensor& y) {
                   return where(logical_and(x() == 0, p() >= 0), zeros_like(dy), dy * y * log(x()));
                 }});
}

Tensor pow(const Tensor& x, Scalar exponent) {
  check(x.dtype() != kInt64 || exponent.to_double() >= 0,
        "pow: int64 to a negative power is no whole number");
  const Tensor p = number_like("pow", exponent, x);
  return record("pow", zip_number("pow", x, p, kernels::power),
                {x, [x = saved(x), exponent](const Tensor& dy) {
                   const double n = exponent.to_double();
                   return n == 0 ? zeros_like(dy) : n == 1 ? dy : dy * (pow(x(), n - 1) * n);
                 }});
}

Tensor neg(const Tensor& x) {
  return record("neg", map_number("neg", x, kernels::negative),
                {x, [](const Tensor& dy) { return -dy; }});
}

Tensor exp(const Tensor& x) {
  return record("exp", map_float("exp", x, Map::exp),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y; }});
}

Tensor log(const Tensor& x) {
  return record("log", map_float("log", x, Map::log),
                {x, [x = saved(x)](const Tensor& dy) { return dy / x(); }});
}

Tensor sqrt(const Tensor& x) {
  return record("sqrt", map_float("sqrt", x, Map::sqrt),
                {x, [](const Tensor& dy, const Tensor& y) { return dy / (y * 2); }});
}

Tensor rsqrt(const Tensor& x) {
  return record("rsqrt", map_float("rsqrt", x, []<class T>(T p) { return T(1) / std::sqrt(p); }),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y * y * y * -0.5; }});
}

Tensor tanh(const Tensor& x) {
  return record("tanh", map_float("tanh", x, Map::tanh),
                {x, [](const Tensor& dy, const Tensor& y) {
                   return is_grad_enabled() ? dy * (1 - y * y)
                                            : zip_float("tanh", dy, y, Gradient::tanh);
                 }});
}

Tensor sigmoid(const Tensor& x) {
  return record("sigmoid", map_float("sigmoid", x, Map::sigmoid),
                {x, [](const Tensor& dy, const Tensor& y) {
                   return is_grad_enabled() ? dy * y * (1 - y)
                                            : zip_float("sigmoid", dy, y, Gradient::sigmoid);
                 }});
}

Tensor relu(const Tensor& x) {
  return record("relu", map_number("relu", x, kernels::positive_part),
                {x, [](const Tensor& dy, const Tensor& y) {
                   return is_grad_enabled() ? where(y > 0, dy, zeros_like(dy))
                                            : zip_float("relu", dy, y, Gradient::relu);
                 }});
}

Tensor gelu(const Tensor& x, const std::string& approximate) {
  check(approximate == "none" || approximate == "tanh",
        "gelu: approximate is \"none\" or \"tanh\", got \"{}\"", approximate);
  if (approximate == "none") {
    return activation("gelu", x, Map::gelu, Gradient::gelu,
                      [](const Tensor& v) { return v * normal_cdf(v); });
  }
  return activation("gelu", x, Map::gelu_tanh, Gradient::gelu_tanh, [](const Tensor& v) {
    const Tensor u = v * (v * v * 0.044715 + 1) * (std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
    return v * 0.5 * (tanh(u) + 1);
  });
}

Tensor silu(const Tensor& x) {
  return activation("silu", x, Map::silu, Gradient::silu,
                    [](const Tensor& v) { return v * sigmoid(v); });
}

Tensor sin(const Tensor& x) {
  const Tensor y = map_float("sin", x, [](auto p) { return std::sin(p); });
  return record("sin", y, {x, [x = saved(x)](const Tensor& dy) { return dy * cos(x()); }});
}

Tensor cos(const Tensor& x) {
  const Tensor y = map_float("cos", x, [](auto p) { return std::cos(p); });
  return record("cos", y, {x, [x = saved(x)](const Tensor& dy) { return -dy * sin(x()); }});
}

Tensor abs(const Tensor& x) {
  return record("abs", map_number("abs", x, kernels::magnitude),
                {x, [x = saved(x)](const Tensor& dy) {
                   return dy * (to(x() > 0, dy.dtype()) - to(x() < 0, dy.dtype()));
                 }});
}

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max) {
  check(min || max, "clamp: at least one of min and max must be given");
  const Tensor low = min ? number_like("clamp", *min, x) : Tensor();
  const Tensor high = max ? number_like("clamp", *max, x) : Tensor();
  Tensor y = x;  // NaN stays
  if (min) y = zip_number("clamp", y, low, [](auto p, auto q) { return p < q ? q : p; });
  if (max) y = zip_number("clamp", y, high, [](auto p, auto q) { return p > q ? q : p; });
  return record("clamp", y, {x, [x = saved(x), min, max](const Tensor& dy) {
                               const Tensor inside = logical_and(min ? x() >= *min : x() == x(),
                                                                 max ? x() <= *max : x() == x());
                               return dy * to(inside, dy.dtype());
                             }});
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return winner("maximum", a, b, std::greater<>());
}
Tensor minimum(const Tensor& a, const Tensor& b) { return winner("minimum", a, b, std::less<>()); }

Tensor alias(const Tensor& x) {
  return record("alias", x.as_view(x.sizes(), x.strides(), x.impl().offset),
                {x, [](const Tensor& dy) { return dy; }});
}

}  // namespace gradus
