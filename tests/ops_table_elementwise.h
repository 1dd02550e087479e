// Rows of the table of ops: elementwise ops, comparisons, choices, conversions.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_elementwise(Rows& rows) {
  struct Binary {
    std::string op;
    Tensor (*f)(X, X);
  };
  const std::vector<Binary> binaries = {
      {"add", [](X a, X b) { return add(a, b); }},
      {"sub", [](X a, X b) { return sub(a, b); }},
      {"mul", [](X a, X b) { return mul(a, b); }},
      {"div", [](X a, X b) { return div(a, b); }},
      {"pow", [](X a, X b) { return pow(a, b); }},
      {"maximum", [](X a, X b) { return maximum(a, b); }},
      {"minimum", [](X a, X b) { return minimum(a, b); }},
      {"max", [](X a, X b) { return max(a, b); }},
      {"min", [](X a, X b) { return min(a, b); }},
  };
  for (const auto& [op, f] : binaries) {
    rows.push_back(row(op, "of equal shapes", f, {positive(2, 3), positive(2, 3)}));
    rows.push_back(row(op, "with a row", f, {positive(2, 3), positive(3)}));
    rows.push_back(row(op, "with a column", f, {positive(2, 1), positive(2, 3)}));
    rows.push_back(row(op, "of a row and a column", f, {positive(3), positive(4, 1)}));
    rows.push_back(row(op, "with one number", f, {positive(), positive(2, 3)}));
    rows.push_back(row(op, "of numbers", f, {positive(), positive()}));
    rows.push_back(row(op, "without elements", f, {positive(0, 3), positive(3)}));
    rows.push_back(row(op, "through three dimensions", f, {positive(2, 1, 3), positive(1, 4, 1)}));
  }
  const auto unary = [&](const std::string& op, Tensor (*f)(X)) {
    rows.push_back(row(op, "", f, {positive(2, 3)}).smooth());
    rows.push_back(row(op, "of a number", f, {positive()}));
    rows.push_back(row(op, "without elements", f, {positive(0, 2)}));
  };
  unary("neg", neg);
  unary("exp", exp);
  unary("log", log);
  unary("log2", log2);
  unary("log1p", log1p);
  unary("expm1", expm1);
  unary("erf", erf);
  unary("square", square);
  unary("sqrt", sqrt);
  unary("rsqrt", rsqrt);
  unary("tanh", tanh);
  unary("sigmoid", sigmoid);
  unary("silu", silu);
  unary("sin", sin);
  unary("cos", cos);
  unary("alias", alias);
  unary("clone", clone);
  for (const std::string approximate : {"none", "tanh"})
    rows.push_back(
        row("gelu", approximate, [=](X x) { return gelu(x, approximate); }, {nonzero(2, 3)})
            .smooth());
  using Unary = Tensor (*)(X);
  const std::vector<std::pair<std::string, Unary>> steps = {
      {"sign", sign}, {"floor", floor}, {"ceil", ceil}, {"round", round}, {"trunc", trunc}};
  for (const auto& [op, f] : steps) {
    // A second derivative exists only together with another function of x.
    for (const Tensor& in : {nonzero(2, 3), nonzero(), nonzero(0, 2)})
      rows.push_back(row(op, fmt::format("of {}", in.sizes()), [f = f](X x) { return f(x); }, {in})
                         .gradients({zeros_like(in)}));
    rows.push_back(row(op, "times x", [f = f](X x) { return f(x) * x; }, {nonzero(2, 3)}));
    rows.push_back(row(op, "at its jumps", [f = f](X x) { return f(x) * x; },
                       {doubles({-1., -0.5, 0., 0.5, 1.})})
                       .gradients({f(doubles({-1., -0.5, 0., 0.5, 1.}))}));
  }
  rows.insert(
      rows.end(),
      {
          row("add", "alpha", [](X a, X b) { return add(a, b, 0.7); }, {nonzero(2, 3), nonzero(3)}),
          row("sub", "alpha", [](X a, X b) { return sub(a, b, -3); }, {nonzero(2, 3), nonzero(3)}),
          row("add", "to itself", [](X a) { return add(a, a); }, {nonzero(2, 3)}),
          row("mul", "by itself", [](X a) { return mul(a, a); }, {nonzero(2, 3)}).smooth(),
          row("div", "by itself, transposed", [](X a) { return div(a, t(a)); }, {nonzero(3, 3)}),
          row("add", "a scalar", [](X a) { return add(a, 2.5, 2); }, {nonzero(2, 3)}),
          row("sub", "a scalar", [](X a) { return sub(a, 2.5); }, {nonzero(2, 3)}),
          row("mul", "a scalar", [](X a) { return mul(a, -2); }, {nonzero(2, 3)}),
          row("div", "a scalar", [](X a) { return div(a, 4); }, {nonzero(2, 3)}),
          row("operator+", "", [](X a, X b) { return 1 + (a + b) + 0.5; },
              {nonzero(2, 3), nonzero(3)}),
          row("operator-", "", [](X a, X b) { return 1 - (a - b) - 0.5; },
              {nonzero(2, 3), nonzero(3)}),
          row("operator*", "", [](X a, X b) { return 2 * (a * b) * 0.5; },
              {nonzero(2, 3), nonzero(3)}),
          row("operator/", "", [](X a, X b) { return 2 / (a / b) / 0.5; },
              {nonzero(2, 3), nonzero(3)})
              .smooth(),
          row("pow", "2", [](X a) { return pow(a, 2); }, {nonzero(2, 3)}),
          row("pow", "3", [](X a) { return pow(a, 3); }, {nonzero(2, 3)}).smooth(),
          row("pow", "-1.5", [](X a) { return pow(a, -1.5); }, {positive(2, 3)}).smooth(),
          row("pow", "0", [](X a) { return pow(a, 0) * a; }, {nonzero(2, 3)}),
          row("pow", "1", [](X a) { return pow(a, 1); }, {nonzero(2, 3)}),
          row("pow", "of a scalar", [](X a) { return pow(1.7, a); }, {nonzero(2, 3)}).smooth(),
          row("remainder", "", [](X a, X b) { return remainder(a, b); },
              {doubles({{5.3, -5.2, 7.1}, {0.4, -0.3, -6.5}}), doubles({2., 3.1, -1.7})}),
          row("remainder", "a scalar", [](X a) { return remainder(a, -0.7); }, {nonzero(2, 3)}),
          row("remainder", "of a scalar", [](X b) { return remainder(5.3, b); },
              {doubles({2., 3.1, -1.7})}),
          row("operator%", "", [](X a, X b) { return 9.1 % (a % b + 3) % 2.7; },
              {doubles({5.3, -5.2, 7.1}), doubles({2., 3.1, 1.7})}),
          row("fmod", "", [](X a, X b) { return fmod(a, b); },
              {doubles({{5.3, -5.2, 7.1}, {0.4, -0.3, -6.5}}), doubles({2., 3.1, -1.7})}),
          row("fmod", "a scalar", [](X a) { return fmod(a, -0.7); }, {nonzero(2, 3)}),
          row("nan_to_num", "", [](X a) { return nan_to_num(a); }, {nonzero(2, 3)}),
          row("nan_to_num", "of NaN", [](X a) { return nan_to_num(a); }, {doubles({1., kNaN, -2.})})
              .gradients({doubles({1, 0, 1})}),
          row("nan_to_num", "of infinities", [](X a) { return nan_to_num(a, 2, 3, -3); },
              {doubles({1., kNaN, kInf, -kInf})})
              .gradients({doubles({1, 0, 0, 0})}),
          row("relu", "", [](X a) { return relu(a); }, {nonzero(2, 3)}),
          row("abs", "", [](X a) { return abs(a); }, {nonzero(2, 3)}),
          row("clamp", "both", [](X a) { return clamp(a, -0.9, 0.8); }, {nonzero(4, 5)}),
          row("clamp", "below", [](X a) { return clamp(a, -0.9); }, {nonzero(4, 5)}),
          row("clamp", "above", [](X a) { return clamp(a, nullopt, 0); }, {nonzero(4, 5)}),

          row("relu", "at 0", [](X a) { return relu(a); }, {doubles({-1., 0., -0., 2.})})
              .gradients({doubles({0, 0, 0, 1})}),
          row("abs", "at 0", [](X a) { return abs(a); }, {doubles({-1., 0., 2.})})
              .gradients({doubles({-1, 0, 1})}),
          row("clamp", "at its bounds", [](X a) { return clamp(a, -1, 1); },
              {doubles({-2., -1., 0., 1., 2.})})
              .gradients({doubles({0, 1, 1, 1, 0})}),
          row("clamp", "with crossed bounds", [](X a) { return clamp(a, 1, -1); },
              {doubles({-2., -1., 0., 1., 2.})})
              .gradients({doubles({0, 0, 0, 0, 0})}),
          row("maximum", "of equals", [](X a, X b) { return maximum(a, b); },
              {doubles({1., 2.}), doubles({1., 3.})})
              .gradients({doubles({0.5, 0.}), doubles({0.5, 1.})}),
          row("minimum", "of equals", [](X a, X b) { return minimum(a, b); },
              {doubles({1., 2.}), doubles({1., 3.})})
              .gradients({doubles({0.5, 1.}), doubles({0.5, 0.})}),
          row("sqrt", "at 0", [](X a) { return sqrt(a); }, {doubles({0., 4.})})
              .gradients({doubles({kInf, 0.25})}),
          row("pow", "2 at 0", [](X a) { return pow(a, 2.); }, {doubles({0., 3.})})
              .gradients({doubles({0, 6})}),
          row("pow", "0 at 0", [](X a) { return pow(a, 0); }, {doubles({0., 3.})})
              .gradients({doubles({0, 0})}),
          row("pow", "1 at 0", [](X a) { return pow(a, 1); }, {doubles({0., 3.})})
              .gradients({doubles({1, 1})}),
          row("pow", "0.5 at 0", [](X a) { return pow(a, 0.5); }, {doubles({0., 4.})})
              .gradients({doubles({kInf, 0.25})}),
          row("pow", "of tensors at 0", [](X a, X b) { return pow(a, b); },
              {doubles({0., 0., 0.}), doubles({2., 1., 0.})})
              .gradients({doubles({0, 1, 0}), doubles({0, 0, 0})}),
          row("pow", "of scalar 0", [](X b) { return pow(0., b); }, {doubles({2., 0.})})
              .gradients({doubles({0, 0})}),
      });
}

inline void add_select(Rows& rows) {
  rows.insert(
      rows.end(),
      {
          row("eq", "", [](X a, X b) { return eq(a, b); }, {doubles({1., 2.}), doubles({1., 3.})}),
          row("ne", "", [](X a, X b) { return ne(a, b); }, {doubles({1., 2.}), doubles({1., 3.})}),
          row("lt", "", [](X a, X b) { return lt(a, b); }, {nonzero(2, 3), nonzero(3)}),
          row("le", "", [](X a, X b) { return le(a, b); }, {nonzero(2, 3), nonzero(3)}),
          row("gt", "", [](X a, X b) { return gt(a, b); }, {nonzero(2, 1), nonzero(3)}),
          row("ge", "", [](X a, X b) { return ge(a, b); }, {nonzero(2, 3), nonzero()}),
          row("eq", "a scalar", [](X a) { return eq(a, 1); }, {doubles({1., 2.})}),
          row("ne", "a scalar", [](X a) { return ne(a, 1); }, {doubles({1., 2.})}),
          row("lt", "a scalar", [](X a) { return lt(a, 0.1); }, {nonzero(2, 3)}),
          row("le", "a scalar", [](X a) { return le(a, 0.1); }, {nonzero(2, 3)}),
          row("gt", "a scalar", [](X a) { return gt(a, 0.1); }, {nonzero(2, 3)}),
          row("ge", "a scalar", [](X a) { return ge(a, 0.1); }, {nonzero(2, 3)}),
          row("operator==", "", [](X a, X b) { return (a == b) == (a == 1); },
              {doubles({1., 2.}), doubles({1., 3.})}),
          row("operator!=", "", [](X a, X b) { return (a != b) != (a != 1); },
              {doubles({1., 2.}), doubles({1., 3.})}),
          row("operator<", "",
              [](X a, X b) { return logical_and(a < b, logical_and(a < 1, -1 < a)); },
              {nonzero(2, 3), nonzero(3)}),
          row("operator<=", "",
              [](X a, X b) { return logical_and(a <= b, logical_and(a <= 1, -1 <= a)); },
              {nonzero(2, 3), nonzero(3)}),
          row("operator>", "",
              [](X a, X b) { return logical_or(a > b, logical_and(a > 0, 1 > a)); },
              {nonzero(2, 3), nonzero(3)}),
          row("operator>=", "",
              [](X a, X b) { return logical_or(a >= b, logical_and(a >= 0, 1 >= a)); },
              {nonzero(2, 3), nonzero(3)}),
          row("logical_not", "", [](X a) { return logical_not(a); }, {doubles({0., 2.})}),
          row("logical_and", "", [](X a, X b) { return logical_and(a, b); },
              {mask({0, 1}), doubles({{3.}, {0.}})}),
          row("logical_or", "", [](X a, X b) { return logical_or(a, b); },
              {mask({0, 1}), doubles({{3.}, {0.}})}),
          row("isnan", "", [](X a) { return isnan(a); }, {doubles({1., kNaN, kInf})}),
          row("isinf", "", [](X a) { return isinf(a); }, {doubles({1., kNaN, kInf, -kInf})}),
          row("isfinite", "", [](X a) { return isfinite(a); }, {doubles({1., kNaN, kInf, -kInf})}),
          row("bitwise_and", "", [](X a, X b) { return bitwise_and(a, b); },
              {mask({0, 1, 1}), mask({{1}, {0}})}),
          row("bitwise_and", "of integers", [](X a, X b) { return bitwise_and(a, b); },
              {indices({12, -7, 1}), indices({{10}, {3}})}),
          row("bitwise_and", "a scalar", [](X a) { return bitwise_and(a, 6); },
              {indices({12, -7, 1})}),
          row("bitwise_or", "", [](X a, X b) { return bitwise_or(a, b); },
              {mask({0, 1, 1}), mask({{1}, {0}})}),
          row("bitwise_or", "of integers", [](X a, X b) { return bitwise_or(a, b); },
              {indices({12, -7, 1}), indices({{10}, {3}})}),
          row("bitwise_or", "a scalar", [](X a) { return bitwise_or(a, true); }, {mask({0, 1})}),
          row("bitwise_xor", "", [](X a, X b) { return bitwise_xor(a, b); },
              {mask({0, 1, 1}), mask({{1}, {0}})}),
          row("bitwise_xor", "of integers", [](X a, X b) { return bitwise_xor(a, b); },
              {indices({12, -7, 1}), indices({{10}, {3}})}),
          row("bitwise_xor", "a scalar", [](X a) { return bitwise_xor(a, 6); },
              {indices({12, -7, 1})}),
          row("bitwise_not", "", [](X a) { return bitwise_not(a); }, {mask({0, 1, 1})}),
          row("bitwise_not", "of integers", [](X a) { return bitwise_not(a); },
              {indices({12, -7, 1})}),
          row("operator&", "", [](X a, X b) { return true & (a & b) & 1; },
              {mask({0, 1, 1}), mask({{1}, {0}})}),
          row("operator|", "", [](X a, X b) { return 4 | (a | b) | 2; },
              {indices({12, -7, 1}), indices({{10}, {3}})}),
          row("operator^", "", [](X a, X b) { return 4 ^ (a ^ b) ^ 2; },
              {indices({12, -7, 1}), indices({{10}, {3}})}),
          row("operator~", "", [](X a) { return ~a; }, {mask({0, 1, 1})}),
          row("where", "", [](X c, X a, X b) { return where(c, a, b); },
              {mask({{1, 0, 1}, {0, 0, 1}}), nonzero(2, 3), nonzero(2, 3)}),
          row("where", "broadcast", [](X c, X a, X b) { return where(c, a, b); },
              {mask({{1}, {0}}), nonzero(3), nonzero()}),
          row("where", "with scalars",
              [](X c, X a) {
                return where(c, a, 2) + where(c, 0.5, a) * to(where(c, 1, 2), a.dtype());
              },
              {mask({1, 0, 1}), nonzero(2, 3)}),
          row("where", "of two numbers", [](X c) { return where(c, 0.5, 2); }, {mask({1, 0, 1})}),
          row("masked_fill", "", [](X a, X m) { return masked_fill(a, m, 7); },
              {nonzero(2, 3), mask({1, 0, 1})}),
          row("masked_fill", "-inf", [](X a, X m) { return exp(masked_fill(a, m, -kInf)); },
              {nonzero(2, 3), mask({1, 0, 1})}),
          row("masked_fill", "with a tensor", [](X a, X m, X v) { return masked_fill(a, m, v); },
              {nonzero(2, 3), mask({1, 0, 1}), nonzero()}),
          row("tril", "", [](X a) { return tril(a); }, {nonzero(3, 4)}),
          row("tril", "diagonal, batched", [](X a) { return tril(a, 1); }, {nonzero(2, 4, 3)}),
          row("triu", "", [](X a) { return triu(a); }, {nonzero(3, 4)}),
          row("triu", "diagonal, batched", [](X a) { return triu(a, -1); }, {nonzero(2, 4, 3)}),
          row("to", "float32 and back", [](X a) { return to(to(a, kFloat32), kFloat64); },
              {nonzero(2, 3)})
              .gradients({ones({2, 3}, kFloat64)}),
          row("to", "int64", [](X a) { return to(a, kInt64); }, {nonzero(2, 3)}),
          row("to", "bool", [](X a) { return to(a, kBool); }, {doubles({0., 2.})}),
          row("clone", "of a transpose", [](X a) { return clone(t(a)); }, {nonzero(2, 3)}),
          row("contiguous", "", [](X a) { return mul(contiguous(a), 2); }, {nonzero(2, 3)}),
          row("contiguous", "of a transpose", [](X a) { return contiguous(t(a)); },
              {nonzero(2, 3)}),
      });
}

}  // namespace gradus::tests
