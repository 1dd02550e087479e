#include <cmath>
#include <numbers>

#include "autograd/ops.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

/// maximum or minimum: a or b, whichever wins. Equal ones share the gradient, NaN wins.
template <class Wins> Tensor winner(const char* op, const Tensor& a, const Tensor& b, const Wins& wins) {
  const Tensor y = zip_number(op, a, b, [&wins](auto p, auto q) { return wins(p, q) || p != p ? p : q; });
  const auto share = [wins](const Tensor& dy, const Tensor& x, const Tensor& other) {
    return dy * (to(wins(x, other), dy.dtype()) + to(x == other, dy.dtype()) * 0.5);
  };
  return record(op, y, {a, [share, a = saved(a), b = saved(b)](const Tensor& dy) { return share(dy, a(), b()); }},
                {b, [share, a = saved(a), b = saved(b)](const Tensor& dy) { return share(dy, b(), a()); }});
}

}  // namespace

Tensor number_like(const char* op, Scalar value, const Tensor& x) {
  const double number = value.to_double();
  check(x.dtype() != kInt64 || !value.is_fractional(), "{}: an int64 tensor takes no fractional number, got {}", op,
        number);
  check(x.dtype() != kBool || number == 0 || number == 1,
        "{}: a bool tensor goes with true or false, got {}; convert it with .to(kInt64) or .to(kFloat32)", op, number);
  const Tensor y = empty({}, x.dtype());
  dispatch(x.dtype(), [&]<class T>() { *y.data<T>() = value.to<T>(op); });
  return y;
}

Tensor add(const Tensor& a, const Tensor& b, Scalar alpha) {
  if (alpha.to_double() != 1) return add(a, mul(b, alpha));
  return record("add", zip_number("add", a, b, kernels::plus), {a, [](const Tensor& dy) { return dy; }},
                {b, [](const Tensor& dy) { return dy; }});
}

Tensor sub(const Tensor& a, const Tensor& b, Scalar alpha) {
  if (alpha.to_double() != 1) return sub(a, mul(b, alpha));
  return record("sub", zip_number("sub", a, b, kernels::minus), {a, [](const Tensor& dy) { return dy; }},
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
  return record("div", zip_float("div", a, b, [](auto p, auto q) { return p / q; }),
                {a, [b = saved(b)](const Tensor& dy) { return dy / b(); }},
                {b, [b = saved(b)](const Tensor& dy, const Tensor& y) { return -dy * y / b(); }});
}

Tensor pow(const Tensor& x, const Tensor& exponent) {
  check(exponent.dtype() != kInt64 || exponent.numel() == 0 || amin(exponent).item<int64_t>() >= 0,
        "pow: int64 to a negative power is no whole number");
  return record("pow", zip_number("pow", x, exponent, kernels::power),
                {x, [x = saved(x), p = saved(exponent)](
                        const Tensor& dy) { return where(p() == 0, zeros_like(dy), dy * p() * pow(x(), p() - 1)); }},
                {exponent, [x = saved(x), p = saved(exponent)](const Tensor& dy, const Tensor& y) {
                   return where(logical_and(x() == 0, p() >= 0), zeros_like(dy), dy * y * log(x()));
                 }});
}

Tensor pow(const Tensor& x, Scalar exponent) {
  check(x.dtype() != kInt64 || exponent.to_double() >= 0, "pow: int64 to a negative power is no whole number");
  const Tensor p = number_like("pow", exponent, x);
  return record("pow", zip_number("pow", x, p, kernels::power),
                {x, [x = saved(x), exponent](const Tensor& dy) {
                   const double n = exponent.to_double();
                   return n == 0 ? zeros_like(dy) : n == 1 ? dy : dy * (pow(x(), n - 1) * n);
                 }});
}

Tensor neg(const Tensor& x) {
  const Tensor y = map_number("neg", x, []<class T>(T p) { return kernels::minus(T(0), p); });
  return record("neg", y, {x, [](const Tensor& dy) { return -dy; }});
}

Tensor exp(const Tensor& x) {
  return record("exp", map_float("exp", x, [](auto p) { return std::exp(p); }),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y; }});
}

Tensor log(const Tensor& x) {
  const Tensor y = map_float("log", x, [](auto p) { return std::log(p); });
  return record("log", y, {x, [x = saved(x)](const Tensor& dy) { return dy / x(); }});
}

Tensor sqrt(const Tensor& x) {
  return record("sqrt", map_float("sqrt", x, [](auto p) { return std::sqrt(p); }),
                {x, [](const Tensor& dy, const Tensor& y) { return dy / (y * 2); }});
}

Tensor rsqrt(const Tensor& x) {
  return record("rsqrt", map_float("rsqrt", x, []<class T>(T p) { return T(1) / std::sqrt(p); }),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y * y * y * -0.5; }});
}

Tensor tanh(const Tensor& x) {
  return record("tanh", map_float("tanh", x, [](auto p) { return std::tanh(p); }),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * (1 - y * y); }});
}

Tensor sigmoid(const Tensor& x) {
  return record("sigmoid", map_float("sigmoid", x, []<class T>(T p) { return T(1) / (T(1) + std::exp(-p)); }),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * y * (1 - y); }});
}

Tensor relu(const Tensor& x) {
  const auto positive = []<class T>(T p) { return p < T(0) ? T(0) : p; };  // NaN stays
  return record("relu", map_number("relu", x, positive),
                {x, [](const Tensor& dy, const Tensor& y) { return dy * to(y > 0, dy.dtype()); }});
}

Tensor gelu(const Tensor& x, const std::string& approximate) {
  check(approximate == "none" || approximate == "tanh", "gelu: approximate is \"none\" or \"tanh\", got \"{}\"",
        approximate);
  if (approximate == "none") {
    const Tensor y = map_float(
        "gelu", x, []<class T>(T p) { return T(0.5) * p * (T(1) + std::erf(p * T(std::numbers::sqrt2 / 2))); });
    return record(
        "gelu", y,
        {x, [x = saved(x)](const Tensor& dy) {  // Phi(x) + x phi(x)
           const Tensor cdf = map_float(
               "gelu", x(), []<class T>(T p) { return T(0.5) * (T(1) + std::erf(p * T(std::numbers::sqrt2 / 2))); });
           const Tensor density = exp(x() * x() * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
           const Tensor phi =
               record("normal_cdf", cdf, {x(), [density = saved(density)](const Tensor& d) { return d * density(); }});
           return dy * (phi + x() * density);
         }});
  }
  constexpr double scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, cubic = 0.044715;
  const Tensor y = map_float(
      "gelu", x, []<class T>(T p) { return T(0.5) * p * (T(1) + std::tanh(T(scale) * (p + T(cubic) * (p * p * p)))); });
  return record("gelu", y, {x, [x = saved(x)](const Tensor& dy) {
                              const Tensor square = x() * x();
                              const Tensor t = tanh(x() * (square * cubic + 1) * scale);
                              return dy *
                                     ((t + 1) * 0.5 + x() * (1 - t * t) * (square * (3 * cubic) + 1) * (0.5 * scale));
                            }});
}

Tensor silu(const Tensor& x) {
  const Tensor y = map_float("silu", x, []<class T>(T p) { return p / (T(1) + std::exp(-p)); });
  return record("silu", y, {x, [x = saved(x)](const Tensor& dy) {
                              const Tensor s = sigmoid(x());
                              return dy * s * (1 + x() * (1 - s));
                            }});
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
  const Tensor y = map_number("abs", x, []<class T>(T p) {
    return p < T(0) ? kernels::minus(T(0), p) : p == T(0) ? T(0) : p;
  });
  return record("abs", y, {x, [x = saved(x)](const Tensor& dy) {
                             return dy * (to(x() > 0, dy.dtype()) - to(x() < 0, dy.dtype()));
                           }});
}

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max) {
  check(min || max, "clamp: at least one of min and max must be given");
  for (const auto& bound : {min, max})
    if (bound) number_like("clamp", *bound, x);  // for its error
  const Tensor y = empty(x.sizes(), x.dtype());
  dispatch_number("clamp", x.dtype(), [&]<class T>() {
    using Limits = std::numeric_limits<T>;
    const T low = min ? min->to<T>("clamp") : Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    const T high = max ? max->to<T>("clamp") : Limits::has_infinity ? Limits::infinity() : Limits::max();
    map_into<T, T>(y, x, [low, high](T p) {
      const T raised = p < low ? low : p;  // NaN stays
      return raised > high ? high : raised;
    });
  });
  return record("clamp", y, {x, [x = saved(x), min, max](const Tensor& dy) {
                               const Tensor inside =
                                   logical_and(min ? x() >= *min : x() == x(), max ? x() <= *max : x() == x());
                               return dy * to(inside, dy.dtype());
                             }});
}

Tensor maximum(const Tensor& a, const Tensor& b) { return winner("maximum", a, b, std::greater<>()); }
Tensor minimum(const Tensor& a, const Tensor& b) { return winner("minimum", a, b, std::less<>()); }

Tensor alias(const Tensor& x) {
  return record("alias", x.as_view(x.sizes(), x.strides(), x.impl().offset), {x, [](const Tensor& dy) { return dy; }});
}

}  // namespace gradus
