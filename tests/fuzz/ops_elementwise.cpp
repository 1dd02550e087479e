// Rows of the ops of random programs: elementwise ops, comparisons and choices.
#include <cmath>

#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;
using X1 = const Tensor&;

using Unary = Tensor (*)(const Tensor&);
using Binary = Tensor (*)(const Tensor&, const Tensor&);

/// A function of one floating-point tensor with numbers from low to high.
Op unary(const std::string& name, Unary f, double low = -100, double high = 100,
         Effect effect = Effect::rounds) {
  return {name, effect,
          [=](Chooser& choose) {
            const int x = choose.floating();
            choose.require_range(x, low, high);
            choose.call(name, {x});
          },
          [=](X x, O) -> Tensors { return {f(x[0])}; }};
}

/// A function of two tensors that compares their elements.
Op comparison(const std::string& name, Binary f) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int a = choose.chance(0.7) ? choose.floating() : choose.any();
            const int b = choose.partner(a);
            choose.require_different(a, b);
            choose.call(name, {a, b});
          },
          [=](X x, O) -> Tensors { return {f(x[0], x[1])}; }};
}

/// A function of two tensors that compares their elements with 0.
Op logical(const std::string& name, Binary f) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int a = choose.any();
            const int b = choose.any();
            choose.require_away_from(a, 0);
            choose.require_away_from(b, 0);
            choose.call(name, {a, b});
          },
          [=](X x, O) -> Tensors { return {f(x[0], x[1])}; }};
}

/// A step function, of numbers that are away from its jumps.
Op step(const std::string& name, Unary f) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.floating();
            for (double jump = -8; jump <= 8; jump += 0.5)
              choose.require_away_from(x, jump);
            choose.require_range(x, -8, 8);
            choose.call(name, {x});
          },
          [=](X x, O) -> Tensors { return {f(x[0])}; }};
}

/// A function of the bits of two tensors of integers or bool.
Op bits(const std::string& name, Binary f) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int a = choose.of(choose.chance(0.5) ? kInt64 : kBool);
            const int b = choose.partner(a);
            choose.call(name, {a, b});
          },
          [=](X x, O) -> Tensors { return {f(x[0], x[1])}; }};
}

/// An integer for an integer tensor, else a number with decimals.
Options scalar(Chooser& choose, int x, double low = -3, double high = 3) {
  const bool is_floating = choose.value(x).is_floating_point();
  return {{"value",
           {is_floating ? choose.number(low, high) : static_cast<double>(choose.integer(1, 3))}}};
}

Scalar value_of(const Tensor& x, O o) {
  return x.is_floating_point() ? Scalar(o.number("value")) : Scalar(o.integer("value"));
}

using WithNumber = std::function<Tensor(const Tensor&, Scalar)>;

/// A function of a tensor and a number.
Op with_scalar(const std::string& name, const WithNumber& f) {
  return {name, Effect::rounds,
          [=](Chooser& choose) {
            const int x = choose.numbers();
            choose.call(name, {x}, scalar(choose, x));
          },
          [=](X x, O o) -> Tensors { return {f(x[0], value_of(x[0], o))}; }};
}

using WithAlpha = std::function<Tensor(const Tensor&, const Tensor&, Scalar)>;

/// a + alpha b and its like.
Op with_alpha(const std::string& name, const WithAlpha& f) {
  return {name, Effect::rounds,
          [=](Chooser& choose) {
            const int a = choose.numbers();
            const int b = choose.partner(a);
            choose.call(name, {a, b}, {{"alpha", {choose.chance(0.7) ? 1. : -2.}}});
          },
          [=](X x, O o) -> Tensors { return {f(x[0], x[1], o.integer("alpha"))}; }};
}

std::vector<Op> binaries() {
  return {
      with_alpha("add", [](X1 a, X1 b, Scalar alpha) { return add(a, b, alpha); }),
      with_alpha("sub", [](X1 a, X1 b, Scalar alpha) { return sub(a, b, alpha); }),
      with_alpha("mul", [](X1 a, X1 b, Scalar) { return a * b; }),
      {"div", Effect::rounds,
       [](Chooser& choose) {
         const int a = choose.floating();
         const int b = choose.chance(0.5) ? choose.leaf("positive", choose.value(a).sizes())
                                          : choose.partner(a);
         choose.require_magnitude(b, 0.1);
         choose.call("div", {a, b});
       },
       [](X x, O) -> Tensors { return {x[0] / x[1]}; }},
      {"pow", Effect::rounds,
       [](Chooser& choose) {
         const int a = choose.floating();
         const int b = choose.partner(a);
         choose.require_range(a, 0.1, 10);
         choose.require_range(b, -3, 3);
         // PyTorch loses d^2 y / (da db) = 1 / a at b = 0.
         choose.require_away_from(b, 0, true);
         choose.call("pow", {a, b});
       },
       [](X x, O) -> Tensors { return {pow(x[0], x[1])}; }},
  };
}

std::vector<Op> with_scalars() {
  return {
      with_scalar("add_scalar", [](X1 x, Scalar c) { return x + c; }),
      with_scalar("rsub_scalar", [](X1 x, Scalar c) { return c - x; }),
      with_scalar("mul_scalar", [](X1 x, Scalar c) { return x * c; }),
      {"div_scalar", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.call("div_scalar", {x}, scalar(choose, x, 0.5, 3));
       },
       [](X x, O o) -> Tensors { return {x[0] / value_of(x[0], o)}; }},
      {"rdiv_scalar", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require_magnitude(x, 0.1);
         choose.call("rdiv_scalar", {x}, scalar(choose, x));
       },
       [](X x, O o) -> Tensors { return {value_of(x[0], o) / x[0]}; }},
      {"pow_scalar", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         const double exponent = choose.one_of<double>({0, 1, 2, 3, -1, -2, 0.5, 1.5, -0.5});
         if (exponent != std::floor(exponent)) choose.require_range(x, 0.1, 100);
         if (exponent < 0) choose.require_magnitude(x, 0.1);
         choose.call("pow_scalar", {x}, {{"value", {exponent}}});
       },
       [](X x, O o) -> Tensors { return {pow(x[0], o.number("value"))}; }},
      {"scalar_pow", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require_range(x, -4, 4);
         choose.call("scalar_pow", {x}, {{"value", {choose.number(0.2, 2.5)}}});
       },
       [](X x, O o) -> Tensors { return {pow(o.number("value"), x[0])}; }},
      {"lt_scalar", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.numbers();
         const Options o = scalar(choose, x);
         choose.require_away_from(x, o.number("value"));
         choose.call("lt_scalar", {x}, o);
       },
       [](X x, O o) -> Tensors { return {x[0] < value_of(x[0], o)}; }},
      {"eq_scalar", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.numbers();
         const Options o = {{"value", {static_cast<double>(choose.integer(-1, 1))}}};
         choose.require_away_from(x, o.number("value"));
         choose.call("eq_scalar", {x}, o);
       },
       [](X x, O o) -> Tensors { return {x[0] == o.integer("value")}; }},
  };
}

std::vector<Op> kinked() {
  return {
      {"relu", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require_away_from(x, 0);
         choose.call("relu", {x});
       },
       [](X x, O) -> Tensors { return {relu(x[0])}; }},
      {"abs", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.numbers();
         choose.require_away_from(x, 0);
         choose.call("abs", {x});
       },
       [](X x, O) -> Tensors { return {abs(x[0])}; }},
      {"clamp", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.floating();
         Options o;
         if (choose.chance(0.7)) o.set("min", {choose.one_of<double>({-1, -0.5, 0, 0.3})});
         if (choose.chance(0.7)) o.set("max", {choose.one_of<double>({-0.2, 0.5, 1, 1.5})});
         choose.require(o.has("min") || o.has("max"));
         // At a bound the gradient passes; in PyTorch 2.15 it does not.
         for (const char* bound : {"min", "max"})
           if (o.has(bound)) choose.require_away_from(x, o.number(bound), true);
         choose.call("clamp", {x}, o);
       },
       [](X x, O o) -> Tensors {
         const auto bound = [&](const char* name) {
           return o.has(name) ? std::optional<Scalar>(o.number(name)) : std::nullopt;
         };
         return {clamp(x[0], bound("min"), bound("max"))};
       }},
  };
}

}  // namespace

std::vector<Op> elementwise_ops() {
  std::vector<Op> ops = {
      unary("neg", neg, -100, 100, Effect::moves),
      unary("exp", exp, -50, 4),
      unary("log", log, 0.1),
      unary("expm1", expm1, -50, 4),
      unary("log1p", log1p, -0.9),
      unary("log2", log2, 0.1),
      unary("erf", erf, -3, 3),
      unary("square", square),
      unary("sqrt", sqrt, 0.1),
      unary("rsqrt", rsqrt, 0.1),
      unary("sin", sin),
      unary("cos", cos),
      unary("tanh", tanh, -3, 3),
      unary("sigmoid", sigmoid, -6, 6),
      unary("silu", silu),
      unary("softplus", [](const Tensor& x) { return softplus(x); }),
      unary(
          "elu", [](const Tensor& x) { return elu(x, 0.5); }, -6, 6),
      unary("gelu", [](const Tensor& x) { return gelu(x); }),
      unary("gelu_tanh", [](const Tensor& x) { return gelu(x, "tanh"); }),
      comparison("eq", eq),
      comparison("ne", ne),
      comparison("lt", lt),
      comparison("le", le),
      comparison("gt", gt),
      comparison("ge", ge),
      comparison("maximum", maximum),
      comparison("minimum", minimum),
      logical("logical_and", logical_and),
      logical("logical_or", logical_or),
      step("sign", sign),
      step("floor", floor),
      step("ceil", ceil),
      step("round", round),
      step("trunc", trunc),
      bits("bitwise_and", [](const Tensor& a, const Tensor& b) { return a & b; }),
      bits("bitwise_or", [](const Tensor& a, const Tensor& b) { return a | b; }),
      bits("bitwise_xor", [](const Tensor& a, const Tensor& b) { return a ^ b; }),
  };
  for (const std::vector<Op>& more : {binaries(), with_scalars(), kinked()})
    ops.insert(ops.end(), more.begin(), more.end());
  return ops;
}

}  // namespace gradus::fuzz
