// Every op of autograd/ops.h, once for each form that its code treats differently, and once for
// each kink; ops_test.cpp puts each row through every check.
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
    rows.push_back(row(op, "of equal shapes", f, {P(2, 3), P(2, 3)}));
    rows.push_back(row(op, "with a row", f, {P(2, 3), P(3)}));
    rows.push_back(row(op, "with a column", f, {P(2, 1), P(2, 3)}));
    rows.push_back(row(op, "of a row and a column", f, {P(3), P(4, 1)}));
    rows.push_back(row(op, "with one number", f, {P(), P(2, 3)}));
    rows.push_back(row(op, "of numbers", f, {P(), P()}));
    rows.push_back(row(op, "of nothing", f, {P(0, 3), P(3)}));
    rows.push_back(row(op, "through three dimensions", f, {P(2, 1, 3), P(1, 4, 1)}));
  }
  const auto unary = [&](const std::string& op, Tensor (*f)(X)) {
    rows.push_back(row(op, "", f, {P(2, 3)}).smooth());
    rows.push_back(row(op, "of a number", f, {P()}));
    rows.push_back(row(op, "of nothing", f, {P(0, 2)}));
  };
  unary("neg", neg), unary("exp", exp), unary("log", log), unary("sqrt", sqrt),
      unary("rsqrt", rsqrt);
  unary("tanh", tanh), unary("sigmoid", sigmoid), unary("silu", silu), unary("sin", sin),
      unary("cos", cos);
  unary("alias", alias), unary("clone", clone);
  for (const std::string approximate : {"none", "tanh"})
    rows.push_back(
        row("gelu", approximate, [=](X x) { return gelu(x, approximate); }, {R(2, 3)}).smooth());
  rows.insert(
      rows.end(),
      {
          row("add", "alpha", [](X a, X b) { return add(a, b, 0.7); }, {R(2, 3), R(3)}),
          row("sub", "alpha", [](X a, X b) { return sub(a, b, -3); }, {R(2, 3), R(3)}),
          row("add", "to itself", [](X a) { return add(a, a); }, {R(2, 3)}),
          row("mul", "by itself", [](X a) { return mul(a, a); }, {R(2, 3)}).smooth(),
          row("div", "by itself, transposed", [](X a) { return div(a, t(a)); }, {R(3, 3)}),
          row("add", "a scalar", [](X a) { return add(a, 2.5, 2); }, {R(2, 3)}),
          row("sub", "a scalar", [](X a) { return sub(a, 2.5); }, {R(2, 3)}),
          row("mul", "a scalar", [](X a) { return mul(a, -2); }, {R(2, 3)}),
          row("div", "a scalar", [](X a) { return div(a, 4); }, {R(2, 3)}),
          row("operator+", "", [](X a, X b) { return 1 + (a + b) + 0.5; }, {R(2, 3), R(3)}),
          row("operator-", "", [](X a, X b) { return 1 - (a - b) - 0.5; }, {R(2, 3), R(3)}),
          row("operator*", "", [](X a, X b) { return 2 * (a * b) * 0.5; }, {R(2, 3), R(3)}),
          row("operator/", "", [](X a, X b) { return 2 / (a / b) / 0.5; }, {R(2, 3), R(3)})
              .smooth(),
          row("pow", "2", [](X a) { return pow(a, 2); }, {R(2, 3)}),
          row("pow", "3", [](X a) { return pow(a, 3); }, {R(2, 3)}).smooth(),
          row("pow", "-1.5", [](X a) { return pow(a, -1.5); }, {P(2, 3)}).smooth(),
          row("pow", "0", [](X a) { return pow(a, 0) * a; }, {R(2, 3)}),
          row("pow", "1", [](X a) { return pow(a, 1); }, {R(2, 3)}),
          row("pow", "of a scalar", [](X a) { return pow(1.7, a); }, {R(2, 3)}).smooth(),
          row("relu", "", [](X a) { return relu(a); }, {R(2, 3)}),
          row("abs", "", [](X a) { return abs(a); }, {R(2, 3)}),
          row("clamp", "both", [](X a) { return clamp(a, -0.9, 0.8); }, {R(4, 5)}),
          row("clamp", "below", [](X a) { return clamp(a, -0.9); }, {R(4, 5)}),
          row("clamp", "above", [](X a) { return clamp(a, nullopt, 0); }, {R(4, 5)}),

          row("relu", "at 0", [](X a) { return relu(a); }, {V({-1., 0., -0., 2.})})
              .gradients({V({0, 0, 0, 1})}),
          row("abs", "at 0", [](X a) { return abs(a); }, {V({-1., 0., 2.})})
              .gradients({V({-1, 0, 1})}),
          row("clamp", "at its bounds", [](X a) { return clamp(a, -1, 1); },
              {V({-2., -1., 0., 1., 2.})})
              .gradients({V({0, 1, 1, 1, 0})}),
          row("clamp", "with crossed bounds", [](X a) { return clamp(a, 1, -1); },
              {V({-2., -1., 0., 1., 2.})})
              .gradients({V({0, 0, 0, 0, 0})}),
          row("maximum", "of equals", [](X a, X b) { return maximum(a, b); },
              {V({1., 2.}), V({1., 3.})})
              .gradients({V({0.5, 0.}), V({0.5, 1.})}),
          row("minimum", "of equals", [](X a, X b) { return minimum(a, b); },
              {V({1., 2.}), V({1., 3.})})
              .gradients({V({0.5, 1.}), V({0.5, 0.})}),
          row("sqrt", "at 0", [](X a) { return sqrt(a); }, {V({0., 4.})})
              .gradients({V({kInf, 0.25})}),
          row("pow", "2 at 0", [](X a) { return pow(a, 2.); }, {V({0., 3.})})
              .gradients({V({0, 6})}),
          row("pow", "0 at 0", [](X a) { return pow(a, 0); }, {V({0., 3.})}).gradients({V({0, 0})}),
          row("pow", "1 at 0", [](X a) { return pow(a, 1); }, {V({0., 3.})}).gradients({V({1, 1})}),
          row("pow", "0.5 at 0", [](X a) { return pow(a, 0.5); }, {V({0., 4.})})
              .gradients({V({kInf, 0.25})}),
          row("pow", "of tensors at 0", [](X a, X b) { return pow(a, b); },
              {V({0., 0., 0.}), V({2., 1., 0.})})
              .gradients({V({0, 1, 0}), V({0, 0, 0})}),
          row("pow", "of scalar 0", [](X b) { return pow(0., b); }, {V({2., 0.})})
              .gradients({V({0, 0})}),
      });
}

inline void add_select(Rows& rows) {
  rows.insert(
      rows.end(),
      {
          row("eq", "", [](X a, X b) { return eq(a, b); }, {V({1., 2.}), V({1., 3.})}),
          row("ne", "", [](X a, X b) { return ne(a, b); }, {V({1., 2.}), V({1., 3.})}),
          row("lt", "", [](X a, X b) { return lt(a, b); }, {R(2, 3), R(3)}),
          row("le", "", [](X a, X b) { return le(a, b); }, {R(2, 3), R(3)}),
          row("gt", "", [](X a, X b) { return gt(a, b); }, {R(2, 1), R(3)}),
          row("ge", "", [](X a, X b) { return ge(a, b); }, {R(2, 3), R()}),
          row("eq", "a scalar", [](X a) { return eq(a, 1); }, {V({1., 2.})}),
          row("ne", "a scalar", [](X a) { return ne(a, 1); }, {V({1., 2.})}),
          row("lt", "a scalar", [](X a) { return lt(a, 0.1); }, {R(2, 3)}),
          row("le", "a scalar", [](X a) { return le(a, 0.1); }, {R(2, 3)}),
          row("gt", "a scalar", [](X a) { return gt(a, 0.1); }, {R(2, 3)}),
          row("ge", "a scalar", [](X a) { return ge(a, 0.1); }, {R(2, 3)}),
          row("operator==", "", [](X a, X b) { return (a == b) == (a == 1); },
              {V({1., 2.}), V({1., 3.})}),
          row("operator!=", "", [](X a, X b) { return (a != b) != (a != 1); },
              {V({1., 2.}), V({1., 3.})}),
          row("operator<", "",
              [](X a, X b) { return logical_and(a < b, logical_and(a < 1, -1 < a)); },
              {R(2, 3), R(3)}),
          row("operator<=", "",
              [](X a, X b) { return logical_and(a <= b, logical_and(a <= 1, -1 <= a)); },
              {R(2, 3), R(3)}),
          row("operator>", "",
              [](X a, X b) { return logical_or(a > b, logical_and(a > 0, 1 > a)); },
              {R(2, 3), R(3)}),
          row("operator>=", "",
              [](X a, X b) { return logical_or(a >= b, logical_and(a >= 0, 1 >= a)); },
              {R(2, 3), R(3)}),
          row("logical_not", "", [](X a) { return logical_not(a); }, {V({0., 2.})}),
          row("logical_and", "", [](X a, X b) { return logical_and(a, b); },
              {M({0, 1}), V({{3.}, {0.}})}),
          row("logical_or", "", [](X a, X b) { return logical_or(a, b); },
              {M({0, 1}), V({{3.}, {0.}})}),
          row("where", "", [](X c, X a, X b) { return where(c, a, b); },
              {M({{1, 0, 1}, {0, 0, 1}}), R(2, 3), R(2, 3)}),
          row("where", "broadcast", [](X c, X a, X b) { return where(c, a, b); },
              {M({{1}, {0}}), R(3), R()}),
          row("where", "with scalars",
              [](X c, X a) {
                return where(c, a, 2) + where(c, 0.5, a) * to(where(c, 1, 2), a.dtype());
              },
              {M({1, 0, 1}), R(2, 3)}),
          row("masked_fill", "", [](X a, X m) { return masked_fill(a, m, 7); },
              {R(2, 3), M({1, 0, 1})}),
          row("masked_fill", "-inf", [](X a, X m) { return exp(masked_fill(a, m, -kInf)); },
              {R(2, 3), M({1, 0, 1})}),
          row("masked_fill", "with a tensor", [](X a, X m, X v) { return masked_fill(a, m, v); },
              {R(2, 3), M({1, 0, 1}), R()}),
          row("tril", "", [](X a) { return tril(a); }, {R(3, 4)}),
          row("tril", "diagonal, batched", [](X a) { return tril(a, 1); }, {R(2, 4, 3)}),
          row("triu", "", [](X a) { return triu(a); }, {R(3, 4)}),
          row("triu", "diagonal, batched", [](X a) { return triu(a, -1); }, {R(2, 4, 3)}),
          row("to", "float32 and back", [](X a) { return to(to(a, kFloat32), kFloat64); },
              {R(2, 3)})
              .gradients({ones({2, 3}, kFloat64)}),
          row("to", "int64", [](X a) { return to(a, kInt64); }, {R(2, 3)}),
          row("to", "bool", [](X a) { return to(a, kBool); }, {V({0., 2.})}),
          row("clone", "of a transpose", [](X a) { return clone(t(a)); }, {R(2, 3)}),
          row("contiguous", "", [](X a) { return mul(contiguous(a), 2); }, {R(2, 3)}),
          row("contiguous", "of a transpose", [](X a) { return contiguous(t(a)); }, {R(2, 3)}),
      });
}

inline void add_views(Rows& rows) {
  const Tensor x = R(2, 3, 4);
  const auto form = [&](const std::string& op, const std::string& name,
                        const std::function<Tensor(X)>& f) {
    rows.push_back(row(op, name, f, {x}));
  };
  form("reshape", "", [](X a) { return reshape(a, {4, -1}); });
  form("reshape", "that copies", [](X a) { return reshape(transpose(a, 0, 2), {4, 6}); });
  form("transpose", "", [](X a) { return transpose(a, 0, 2); });
  form("transpose", "with itself", [](X a) { return transpose(a, 1, -2); });
  form("permute", "", [](X a) { return permute(a, {2, 0, 1}); });
  form("permute", "from behind", [](X a) { return permute(a, {-1, -3, -2}); });
  form("unsqueeze", "first", [](X a) { return unsqueeze(a, 0); });
  form("unsqueeze", "last", [](X a) { return unsqueeze(a, -1); });
  form("select", "first", [](X a) { return select(a, 0, 1); });
  form("select", "last", [](X a) { return select(a, -1, -2); });
  form("narrow", "", [](X a) { return narrow(a, 1, 1, 2); });
  form("narrow", "to nothing", [](X a) { return narrow(a, 2, -1, 0); });
  form("slice", "", [](X a) { return slice(a, 1, 1); });
  form("slice", "with a step", [](X a) { return slice(a, 2, 0, 4, 3); });
  form("slice", "from behind", [](X a) { return slice(a, -1, -3, -1, 2); });
  form("slice", "to nothing, with a step", [](X a) { return slice(a, 2, 1, 1, 3); });
  form("chunk", "", [](X a) { return chunk(a, 3, 2).back(); });
  form("chunk", "put together", [](X a) { return cat(chunk(a, 2, 1), 2 - 1); });
  form("split", "", [](X a) { return split(a, 3, 2).back(); });
  form("split", "into sizes", [](X a) {
    return mul(split(a, {1, 1, 2}, 2)[0], split(a, {1, 1, 2}, 2)[2]);
  });
  form("flatten", "", [](X a) { return flatten(a); });
  form("flatten", "a part", [](X a) { return flatten(a, 1, 2); });
  form("expand", "", [](X a) { return expand(unsqueeze(a, 1), {-1, 5, 3, -1}); });
  form("cat", "of overlapping parts", [](X a) {
    return cat({narrow(a, 1, 0, 2), narrow(a, 1, 1, 2), a}, 1);
  });
  form("squeeze", "", [](X a) { return squeeze(reshape(a, {1, 6, 1, 4})); });
  form("squeeze", "one", [](X a) { return squeeze(reshape(a, {1, 6, 1, 4}), 2); });
  form("squeeze", "none", [](X a) { return squeeze(a, 1); });
  rows.insert(rows.end(), {
                              row("view", "",
                                  [](X a) {
                                    return view(contiguous(a), {-1, 2});
                                  },
                                  {R(2, 3, 4)}),
                              row("t", "", [](X a) { return t(a); }, {R(2, 3)}),
                              row("t", "of a vector", [](X a) { return mul(t(a), 2); }, {R(3)}),
                              row("expand", "of ones",
                                  [](X a) {
                                    return expand(a, {4, 2, 3});
                                  },
                                  {R(2, 1)}),
                              row("expand", "of a number",
                                  [](X a) {
                                    return expand(a, {2, 2});
                                  },
                                  {R()}),
                              row("flatten", "of a number", [](X a) { return flatten(a); }, {R()}),
                              row("cat", "",
                                  [](X a, X b, X c) {
                                    return cat({a, b, c}, -1);
                                  },
                                  {R(2, 1), R(2, 3), R(2, 0)}),
                              row("cat", "with nothing",
                                  [](X a, X b) {
                                    return cat({a, b});
                                  },
                                  {R(0), R(2, 3)}),
                              row("stack", "",
                                  [](X a, X b) {
                                    return stack({a, b, a});
                                  },
                                  {R(2, 3), R(2, 3)}),
                              row("stack", "last",
                                  [](X a, X b) {
                                    return stack({a, b}, -1);
                                  },
                                  {R(2, 3), R(2, 3)}),
                              row("stack", "of numbers",
                                  [](X a, X b) {
                                    return stack({a, b});
                                  },
                                  {R(), R()}),
                          });
}

inline void add_reductions(Rows& rows) {
  using Reduce = std::function<Tensor(X, const Shape&, bool)>;
  const std::vector<std::tuple<std::string, std::string, Reduce>> reductions = {
      {"sum", "", [](X a, const Shape& d, bool k) { return sum(a, d, k); }},
      {"mean", "", [](X a, const Shape& d, bool k) { return mean(a, d, k); }},
      {"var", "", [](X a, const Shape& d, bool k) { return var(a, d, true, k); }},
      {"var", "biased", [](X a, const Shape& d, bool k) { return var(a, d, false, k); }},
      {"std", "", [](X a, const Shape& d, bool k) { return std(a, d, true, k); }},
      {"std", "biased", [](X a, const Shape& d, bool k) { return std(a, d, false, k); }},
      {"amax", "", [](X a, const Shape& d, bool k) { return amax(a, d, k); }},
      {"amin", "", [](X a, const Shape& d, bool k) { return amin(a, d, k); }},
      {"logsumexp", "", [](X a, const Shape& d, bool k) { return logsumexp(a, d, k); }},
      {"norm", "2", [](X a, const Shape& d, bool k) { return norm(a, nullopt, d, k); }},
      {"norm", "1", [](X a, const Shape& d, bool k) { return norm(a, 1, d, k); }},
      {"norm", "3.5", [](X a, const Shape& d, bool k) { return norm(a, 3.5, d, k); }},
      {"norm", "inf", [](X a, const Shape& d, bool k) { return norm(a, kInf, d, k); }},
      {"norm", "-inf", [](X a, const Shape& d, bool k) { return norm(a, -kInf, d, k); }},
  };
  for (const auto& [op, form, f] : reductions)
    for (const Shape& dim : {Shape{}, Shape{0}, Shape{1}, Shape{-1}, Shape{0, 2}, Shape{2, 0, 1}})
      for (const bool keepdim : {false, true})
        rows.push_back(row(op, fmt::format("{} over {}{}", form, dim, keepdim ? " keepdim" : ""),
                           [f = f, dim, keepdim](X a) { return f(a, dim, keepdim); },
                           {R(2, 3, 4)}));
  rows.insert(
      rows.end(),
      {
          row("sum", "of a number", [](X a) { return sum(a, -1); }, {R()}),
          row("sum", "of nothing", [](X a) { return sum(a, 0); }, {R(0, 3)}),
          row("logsumexp", "", [](X a) { return logsumexp(a, 1); }, {R(2, 3)}).smooth(),
          row("var", "", [](X a) { return var(a, 1); }, {R(2, 3)}).smooth(),
          row("std", "", [](X a) { return std(a, 1); }, {R(2, 3)}).smooth(),
          row("var", "of all", [](X a) { return var(a) + var(a, false); }, {R(2, 3)}),
          row("std", "of all", [](X a) { return std(a) + std(a, false); }, {R(2, 3)}),
          row("norm", "of all", [](X a) { return norm(a); }, {R(2, 3)}).smooth(),
          row("norm", "0.5", [](X a) { return norm(a, 0.5); }, {R(2, 3)}),
          row("max", "of all", [](X a) { return max(a); }, {R(2, 3)}),
          row("min", "of all", [](X a) { return min(a); }, {R(2, 3)}),
          row("max", "along", [](X a) { return std::get<0>(max(a, 1)); }, {R(2, 3, 4)}),
          row("min", "along, keepdim", [](X a) { return std::get<0>(min(a, -1, true)); },
              {R(2, 3, 4)}),
          row("max", "along a number", [](X a) { return std::get<0>(max(a, 0)); }, {R()}),
          row("max", "indices", [](X a) { return std::get<1>(max(a, 0)); }, {R(2, 3, 4)}),
          row("min", "indices", [](X a) { return std::get<1>(min(a, 2)); }, {R(2, 3, 4)}),
          row("argmax", "", [](X a) { return argmax(a); }, {R(2, 3)}),
          row("argmax", "along", [](X a) { return argmax(a, 1, true); }, {R(2, 3)}),
          row("argmin", "", [](X a) { return argmin(a); }, {R(2, 3)}),
          row("argmin", "along", [](X a) { return argmin(a, 0); }, {R(2, 3)}),
          row("cumsum", "first", [](X a) { return cumsum(a, 0); }, {R(3, 2, 4)}),
          row("cumsum", "middle", [](X a) { return cumsum(a, 1); }, {R(2, 3, 4)}),
          row("cumsum", "last", [](X a) { return cumsum(a, -1); }, {R(2, 3)}),
          row("cumsum", "of a number", [](X a) { return cumsum(a, 0); }, {R()}),
          row("topk", "", [](X a) { return std::get<0>(topk(a, 2)); }, {R(2, 4)}),
          row("topk", "smallest", [](X a) { return std::get<0>(topk(a, 2, 0, false)); }, {R(3, 2)}),
          row("topk", "indices", [](X a) { return std::get<1>(topk(a, 2)); }, {R(2, 4)}),
          row("sum_to", "",
              [](X a) {
                return sum_to(a, {3, 1});
              },
              {R(2, 3, 4)}),
          row("sum_to", "a number", [](X a) { return sum_to(a, {}); }, {R(2, 3)}),

          row("amax", "of equals", [](X a) { return amax(a, 1); },
              {V({{1., 2., 2.}, {3., 0., 1.}})})
              .gradients({V({{0., 0.5, 0.5}, {1., 0., 0.}})}),
          row("amin", "of equals", [](X a) { return amin(a); }, {V({{1., 2.}, {1., 1.}})})
              .gradients({V({{1 / 3., 0.}, {1 / 3., 1 / 3.}})}),
          row("max", "of equals", [](X a) { return max(a); }, {V({2., 1., 2., 2., 2.})})
              .gradients({V({0.25, 0., 0.25, 0.25, 0.25})}),
          row("min", "of equals", [](X a) { return min(a); }, {V({2., 1., 1.})})
              .gradients({V({0., 0.5, 0.5})}),
          row("max", "along, of equals", [](X a) { return std::get<0>(max(a, 1)); },
              {V({{1., 2., 2.}})})
              .gradients({V({{0, 1, 0}})}),
          row("min", "along, of equals", [](X a) { return std::get<0>(min(a, 0)); },
              {V({1., 1., 2.})})
              .gradients({V({1, 0, 0})}),
          row("std", "of constants", [](X a) { return std(a, 1); }, {V({{3., 3.}, {1., 3.}})})
              .gradients({V({{0., 0.}, {-std::sqrt(0.5), std::sqrt(0.5)}})}),
          row("var", "of constants", [](X a) { return var(a, 0); }, {V({3., 3.})})
              .gradients({V({0, 0})}),
          row("norm", "at 0", [](X a) { return norm(a, 2, 1); }, {V({{0., 0.}, {3., 4.}})})
              .gradients({V({{0., 0.}, {0.6, 0.8}})}),
          row("norm", "1 at 0", [](X a) { return norm(a, 1); }, {V({0., -2.})})
              .gradients({V({0, -1})}),
          row("norm", "0.5 at 0", [](X a) { return norm(a, 0.5); }, {V({0., 4.})})
              .gradients({V({0, 1})}),
          row("norm", "3 at 0", [](X a) { return norm(a, 3); }, {V({0., 0.})})
              .gradients({V({0, 0})}),
          row("norm", "0", [](X a) { return norm(a, 0); }, {V({0., 4.})}).gradients({V({0, 0})}),
          row("norm", "inf of equals", [](X a) { return norm(a, kInf); }, {V({-2., 2., 1.})})
              .gradients({V({-0.5, 0.5, 0.})}),
      });
}

inline void add_matmul(Rows& rows) {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{3}, {3}},
                                                       {{3}, {3, 4}},
                                                       {{2, 3}, {3}},
                                                       {{2, 3}, {3, 4}},
                                                       {{5, 2, 3}, {5, 3, 4}},
                                                       {{5, 2, 3}, {3, 4}},
                                                       {{2, 3}, {5, 3, 4}},
                                                       {{5, 2, 3}, {3}},
                                                       {{3}, {5, 3, 4}},
                                                       {{5, 1, 2, 3}, {4, 3, 2}},
                                                       {{1, 2, 3}, {3, 1}},
                                                       {{6, 1, 2, 3}, {3, 2}},
                                                       {{2, 1, 2, 1}, {1, 2}},
                                                       {{1, 2, 3}, {4, 3, 1}},
                                                       {{2, 0}, {0, 3}},
                                                       {{0, 2}, {2, 3}},
                                                       {{4, 2, 0}, {4, 0, 3}},
                                                       {{0, 2, 3}, {3, 2}},
                                                       {{0}, {0}}};
  for (const auto& [a, b] : shapes)
    rows.push_back(row("matmul", fmt::format("{} x {}", a, b),
                       [](X p, X q) { return matmul(p, q); },
                       {uniform(a, 0.3, 1.5, true), uniform(b, 0.3, 1.5, true)}));
  rows.insert(
      rows.end(),
      {
          row("matmul", "of itself", [](X a) { return matmul(a, t(a)); }, {R(2, 3)}).smooth(),
          row("matmul", "of a batch with itself",
              [](X a) { return matmul(a, transpose(a, -2, -1)); }, {R(2, 2, 3)}),
          row("outer", "", [](X a, X b) { return outer(a, b); }, {R(2), R(3)}),
          row("linear", "", [](X x, X w, X b) { return linear(x, w, b); },
              {R(4, 3), R(2, 3), R(2)}),
          row("linear", "without bias", [](X x, X w) { return linear(x, w); }, {R(4, 3), R(2, 3)}),
          row("linear", "of a vector", [](X x, X w, X b) { return linear(x, w, b); },
              {R(3), R(2, 3), R(2)}),
          row("linear", "of a batch", [](X x, X w, X b) { return linear(x, w, b); },
              {R(2, 4, 3), R(2, 3), R(2)}),
          row("linear", "from one column", [](X x, X w, X b) { return linear(x, w, b); },
              {R(2, 1), R(1, 1), R(1)}),
          row("linear", "from nothing", [](X x, X w, X b) { return linear(x, w, b); },
              {R(2, 0), R(3, 0), R(3)}),
      });
}

inline void add_index(Rows& rows) {
  const Tensor repeated = I({2, 0, 2, 2});
  const auto gathered = [](int64_t dim) { return [dim](X x, X i) { return gather(x, dim, i); }; };
  const auto scattered = [](int64_t dim) {
    return [dim](X x, X i, X s) { return scatter_add(x, dim, i, s); };
  };
  rows.insert(rows.end(),
              {
                  row("index_select", "", [](X x, X i) { return index_select(x, 0, i); },
                      {R(3, 4), repeated}),
                  row("index_select", "last", [](X x, X i) { return index_select(x, -1, i); },
                      {R(2, 2, 3), repeated}),
                  row("index_select", "one", [](X x, X i) { return index_select(x, 1, i); },
                      {R(2, 3), I(1)}),
                  row("index_select", "none", [](X x, X i) { return index_select(x, 1, i); },
                      {R(2, 3), I({1}).narrow(0, 0, 0)}),
                  row("gather", "", gathered(0), {R(3, 2), I({{0, 2}, {2, 2}, {0, 1}, {0, 0}})}),
                  row("gather", "last, fewer rows", gathered(-1), {R(3, 4), I({{3, 3, 0}})}),
                  row("gather", "three dimensions", gathered(1),
                      {R(2, 3, 2), I({{{0, 2}, {0, 2}}, {{1, 1}, {0, 0}}})}),
                  row("gather", "of a number", gathered(0), {R(), I(0)}),
                  row("scatter_add", "", scattered(0),
                      {R(3, 2), I({{0, 2}, {2, 2}, {0, 1}, {0, 0}}), R(4, 2)}),
                  row("scatter_add", "a part of the source", scattered(1),
                      {R(3, 4), I({{3, 3, 0}}), R(2, 5)}),
                  row("scatter_add", "of a number", scattered(0), {R(), I(0), R()}),
                  row("embedding", "", [](X w, X i) { return embedding(w, i); },
                      {R(4, 3), I({{1, 1, 3}, {0, 1, 1}})}),
                  row("embedding", "of a number", [](X w, X i) { return embedding(w, i); },
                      {R(4, 3), I(2)}),
                  row("one_hot", "", [](X i) { return one_hot(i, 4); }, {I({{1, 0}, {3, 1}})}),
                  row("one_hot", "counted", [](X i) { return one_hot(i); }, {I({1, 0, 3})}),
                  row("multinomial", "",
                      [](X p) { return manual_seed(5), multinomial(p, 4, true); }, {P(2, 3)}),
                  row("multinomial", "without replacement",
                      [](X p) { return manual_seed(5), multinomial(p, 2); }, {P(3)}),
              });
}

inline void add_neural(Rows& rows) {
  for (const int64_t dim : {0, 1, -1}) {
    rows.push_back(
        row("softmax", fmt::format("{}", dim), [=](X x) { return softmax(x, dim); }, {R(2, 3, 4)})
            .fused());
    rows.push_back(row("log_softmax", fmt::format("{}", dim),
                       [=](X x) { return log_softmax(x, dim); }, {R(2, 3, 4)})
                       .fused());
  }
  const auto layer = [](X x, X w, X b) { return layer_norm(x, w.sizes(), w, b); };
  rows.insert(
      rows.end(),
      {
          row("softmax", "of a number", [](X x) { return softmax(x, 0); }, {R()}).fused(),
          row("softmax", "", [](X x) { return softmax(x, -1); }, {R(2, 3)}).fused().smooth(),
          row("log_softmax", "", [](X x) { return log_softmax(x, -1); }, {R(2, 3)})
              .fused()
              .smooth(),
          row("layer_norm", "", layer, {R(3, 4), R(4), R(4)}).fused().smooth(),
          row("layer_norm", "over two dimensions", layer, {R(2, 2, 3), R(2, 3), R(2, 3)}).fused(),
          row("layer_norm", "without weight and bias",
              [](X x) { return layer_norm(x, 4, {}, {}, 1e-3); }, {R(3, 4)})
              .fused(),
          row("layer_norm", "without weight", [](X x, X b) { return layer_norm(x, {4}, {}, b); },
              {R(3, 4), R(4)})
              .fused(),
          row("layer_norm", "without bias", [](X x, X w) { return layer_norm(x, {4}, w); },
              {R(3, 4), R(4)})
              .fused(),
          row("layer_norm", "with one parameter twice",
              [](X x, X p) { return layer_norm(x, {4}, p, p); }, {R(3, 4), R(4)})
              .fused(),
          row("layer_norm", "of no rows", layer, {R(0, 4), R(4), R(4)}).fused(),
          row("dropout", "", [](X x) { return manual_seed(3), dropout(x, 0.4, true); }, {R(4, 5)}),
          row("dropout", "of everything", [](X x) { return dropout(x, 1, true); }, {R(2, 3)}),
          row("dropout", "not training", [](X x) { return mul(dropout(x, 0.4, false), 2); },
              {R(2, 3)}),
          row("mse_loss", "", [](X a, X b) { return mse_loss(a, b); }, {R(2, 3), R(2, 3)}),
          row("mse_loss", "sum", [](X a, X b) { return mse_loss(a, b, Reduction::Sum); },
              {R(2, 3), R(2, 3)}),
          row("mse_loss", "none", [](X a, X b) { return mse_loss(a, b, Reduction::None); },
              {R(2, 3), R(2, 3)}),
      });

  using Loss = Tensor (*)(X, X, X, int64_t, int64_t);
  const Loss entropy = [](X x, X y, X w, int64_t r, int64_t i) {
    return cross_entropy(x, y, w, r, i);
  };
  const Loss nll = [](X x, X y, X w, int64_t r, int64_t i) { return nll_loss(x, y, w, r, i); };
  for (const auto& [op, loss] : {std::pair{"cross_entropy", entropy}, std::pair{"nll_loss", nll}}) {
    for (const int64_t reduction : {Reduction::Mean, Reduction::Sum, Reduction::None}) {
      const auto plain = [=, f = loss](X x, X y) { return f(x, y, {}, reduction, -100); };
      const auto weighted = [=, f = loss](X x, X y, X w) { return f(x, y, w, reduction, 1); };
      const std::string form = reduction == Reduction::Mean  ? "mean"
                               : reduction == Reduction::Sum ? "sum"
                                                             : "none";
      rows.push_back(row(op, form, plain, {R(4, 3), I({2, 0, 1, 2})}));
      rows.push_back(row(op, form + ", some ignored", plain, {R(4, 3), I({2, -100, 1, -100})}));
      rows.push_back(row(op, form + ", weighted, class 1 ignored", weighted,
                         {R(4, 3), I({2, 0, 1, 2}), P(3)}));
      rows.push_back(row(op, form + " of a vector", plain, {R(3), I(1)}));
      rows.push_back(row(op, form + " with more dimensions", weighted,
                         {R(2, 3, 2, 2), I({{{0, 1}, {2, 2}}, {{1, 1}, {0, 2}}}), P(3)}));
    }
  }
  for (const int64_t reduction : {Reduction::Mean, Reduction::Sum, Reduction::None})
    rows.push_back(row("cross_entropy", fmt::format("smoothed, weighted, reduction {}", reduction),
                       [=](X x, X y, X w) { return cross_entropy(x, y, w, reduction, 1, 0.3); },
                       {R(4, 3), I({2, 0, 1, 2}), P(3)}));
  rows.push_back(row("cross_entropy", "smoothed",
                     [](X x, X y) { return cross_entropy(x, y, {.label_smoothing = 0.1}); },
                     {R(4, 3), I({2, -100, 1, 2})}));

  constexpr auto attend = scaled_dot_product_attention;
  const Tensor some = M({{1, 0, 1}, {0, 1, 1}});
  const Tensor hidden = M({{1, 0, 1}, {0, 0, 0}});
  const auto attention = [&](const std::string& form, auto f, Tensors inputs) {
    rows.push_back(row("scaled_dot_product_attention", form, f, std::move(inputs)));
    rows.back().is_fused = form != "with numbers added";  // those need a gradient themselves
  };
  attention("", [=](X q, X k, X v) { return attend(q, k, v, {}, 0, false, {}); },
            {R(2, 4), R(3, 4), R(3, 2)});
  attention("with heads and a scale",
            [=](X q, X k, X v) { return attend(q, k, v, {}, 0, false, 0.3); },
            {R(2, 2, 2, 4), R(2, 2, 3, 4), R(2, 2, 3, 2)});
  attention("causal", [=](X q, X k, X v) { return attend(q, k, v, {}, 0, true, {}); },
            {R(2, 3, 4), R(2, 3, 4), R(2, 3, 4)});
  attention("causal, fewer keys", [=](X q, X k, X v) { return attend(q, k, v, {}, 0, true, {}); },
            {R(4, 2), R(3, 2), R(3, 2)});
  attention("of itself", [=](X x) { return attend(x, x, x, {}, 0, true, {}); }, {R(3, 4)});
  attention("masked", [=](X q, X k, X v, X m) { return attend(q, k, v, m, 0, false, {}); },
            {R(2, 2, 4), R(2, 3, 4), R(2, 3, 2), some});
  attention("with a row that sees nothing",
            [=](X q, X k, X v, X m) { return attend(q, k, v, m, 0, false, {}); },
            {R(2, 2, 4), R(2, 3, 4), R(2, 3, 2), hidden});
  attention("with numbers added",
            [=](X q, X k, X v, X m) { return attend(q, k, v, m, 0, false, {}); },
            {R(2, 4), R(3, 4), R(3, 2), R(2, 3)});
  attention("with a row of -inf added",
            [=](X q, X k, X v, X m) {
              return attend(q, k, v, where(m, zeros({}, q.dtype()), -kInf), 0, false, {});
            },
            {R(2, 4), R(3, 4), R(3, 2), hidden});
  attention("with dropout",
            [=](X q, X k, X v) { return manual_seed(2), attend(q, k, v, {}, 0.3, false, {}); },
            {R(2, 4), R(3, 4), R(3, 2)});
  rows.push_back(row("masked_softmax", "", [](X x) { return masked_softmax(x); }, {R(2, 3)}));
  rows.push_back(row("masked_softmax", "with a hidden row",
                     [](X x, X m) { return masked_softmax(masked_fill(x, m, -kInf)); },
                     {R(3, 3), M({{0, 1, 0}, {1, 1, 1}, {0, 0, 0}})}));
}

inline const Rows& op_table() {
  static const Rows table = [] {
    Rows rows;
    add_elementwise(rows), add_select(rows), add_views(rows), add_reductions(rows);
    add_matmul(rows), add_index(rows), add_neural(rows);
    return rows;
  }();
  return table;
}

}  // namespace gradus::tests
