// Rows of the table of ops: views, reductions, matrix products, indices.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_views(Rows& rows) {
  const Tensor x = nonzero(2, 3, 4);
  const auto form = [&](const std::string& op, const std::string& name,
                        const std::function<Tensor(X)>& f) {
    rows.push_back(row(op, name, f, {x}));
  };
  form("reshape", "", [](X a) { return reshape(a, {4, -1}); });
  form("reshape", "that copies", [](X a) { return reshape(transpose(a, 0, 2), {4, 6}); });
  form("transpose", "", [](X a) { return transpose(a, 0, 2); });
  form("transpose", "with itself", [](X a) { return transpose(a, 1, -2); });
  form("permute", "", [](X a) { return permute(a, {2, 0, 1}); });
  form("permute", "with negative dimensions", [](X a) { return permute(a, {-1, -3, -2}); });
  form("unsqueeze", "first", [](X a) { return unsqueeze(a, 0); });
  form("unsqueeze", "last", [](X a) { return unsqueeze(a, -1); });
  form("select", "first", [](X a) { return select(a, 0, 1); });
  form("select", "last", [](X a) { return select(a, -1, -2); });
  form("narrow", "", [](X a) { return narrow(a, 1, 1, 2); });
  form("narrow", "without elements", [](X a) { return narrow(a, 2, -1, 0); });
  form("slice", "", [](X a) { return slice(a, 1, 1); });
  form("slice", "with a step", [](X a) { return slice(a, 2, 0, 4, 3); });
  form("slice", "with negative bounds", [](X a) { return slice(a, -1, -3, -1, 2); });
  form("slice", "without elements, with a step", [](X a) { return slice(a, 2, 1, 1, 3); });
  form("chunk", "", [](X a) { return chunk(a, 3, 2).back(); });
  form("chunk", "concatenated again", [](X a) { return cat(chunk(a, 2, 1), 2 - 1); });
  form("split", "", [](X a) { return split(a, 3, 2).back(); });
  form("split", "into sizes", [](X a) {
    return mul(split(a, {1, 1, 2}, 2)[0], split(a, {1, 1, 2}, 2)[2]);
  });
  form("flatten", "", [](X a) { return flatten(a); });
  form("flatten", "a part", [](X a) { return flatten(a, 1, 2); });
  form("expand", "", [](X a) { return expand(unsqueeze(a, 1), {-1, 5, 3, -1}); });
  form("flip", "", [](X a) { return flip(a, {0, -1}); });
  form("flip", "one", [](X a) { return flip(a, 1); });
  form("flip", "none", [](X a) { return flip(a, {}) * a; });
  form("flip", "of a transpose", [](X a) { return flip(transpose(a, 0, 2), 0); });
  form("repeat", "", [](X a) { return repeat(a, {2, 1, 3}); });
  form("repeat", "with new dimensions", [](X a) { return repeat(a, {3, 1, 2, 1, 1}); });
  form("repeat", "once", [](X a) { return repeat(a, {1, 1, 1}) * a; });
  form("repeat", "zero times", [](X a) { return repeat(a, {2, 0, 1}); });
  form("any", "", [](X a) { return any(a); });
  form("all", "", [](X a) { return all(a); });
  for (const Shape& dim : {Shape{}, Shape{0}, Shape{-1}, Shape{0, 2}})
    for (const bool keepdim : {false, true}) {
      const std::string over = fmt::format("over {}{}", dim, keepdim ? " keepdim" : "");
      form("any", over, [=](X a) { return any(a > 1, dim, keepdim); });
      form("all", over, [=](X a) { return all(a > -1, dim, keepdim); });
    }
  form("cat", "of overlapping parts", [](X a) {
    return cat({narrow(a, 1, 0, 2), narrow(a, 1, 1, 2), a}, 1);
  });
  form("squeeze", "", [](X a) { return squeeze(reshape(a, {1, 6, 1, 4})); });
  form("squeeze", "one", [](X a) { return squeeze(reshape(a, {1, 6, 1, 4}), 2); });
  form("squeeze", "none", [](X a) { return squeeze(a, 1); });
  rows.insert(rows.end(),
              {
                  row("view", "",
                      [](X a) {
                        return view(contiguous(a), {-1, 2});
                      },
                      {nonzero(2, 3, 4)}),
                  row("t", "", [](X a) { return t(a); }, {nonzero(2, 3)}),
                  row("t", "of a vector", [](X a) { return mul(t(a), 2); }, {nonzero(3)}),
                  row("flip", "of a number", [](X a) { return flip(a, 0); }, {nonzero()}),
                  row("flip", "without elements",
                      [](X a) {
                        return flip(a, {0, 1});
                      },
                      {nonzero(0, 3)}),
                  row("repeat", "of a number",
                      [](X a) {
                        return repeat(a, {2, 3});
                      },
                      {nonzero()}),
                  row("repeat", "without elements",
                      [](X a) {
                        return repeat(a, {2, 3});
                      },
                      {nonzero(0, 3)}),
                  row("any", "without elements", [](X a) { return any(a, 0); }, {nonzero(0, 3)}),
                  row("all", "without elements", [](X a) { return all(a, 0); }, {nonzero(0, 3)}),
                  row("any", "of a number", [](X a) { return any(a, 0); }, {nonzero()}),
                  row("expand", "of ones",
                      [](X a) {
                        return expand(a, {4, 2, 3});
                      },
                      {nonzero(2, 1)}),
                  row("expand", "of a number",
                      [](X a) {
                        return expand(a, {2, 2});
                      },
                      {nonzero()}),
                  row("flatten", "of a number", [](X a) { return flatten(a); }, {nonzero()}),
                  row("cat", "",
                      [](X a, X b, X c) {
                        return cat({a, b, c}, -1);
                      },
                      {nonzero(2, 1), nonzero(2, 3), nonzero(2, 0)}),
                  row("cat", "with an empty vector",
                      [](X a, X b) {
                        return cat({a, b});
                      },
                      {nonzero(0), nonzero(2, 3)}),
                  row("stack", "",
                      [](X a, X b) {
                        return stack({a, b, a});
                      },
                      {nonzero(2, 3), nonzero(2, 3)}),
                  row("stack", "last",
                      [](X a, X b) {
                        return stack({a, b}, -1);
                      },
                      {nonzero(2, 3), nonzero(2, 3)}),
                  row("stack", "of numbers",
                      [](X a, X b) {
                        return stack({a, b});
                      },
                      {nonzero(), nonzero()}),
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
                           {nonzero(2, 3, 4)}));
  rows.insert(
      rows.end(),
      {
          row("sum", "of a number", [](X a) { return sum(a, -1); }, {nonzero()}),
          row("sum", "without elements", [](X a) { return sum(a, 0); }, {nonzero(0, 3)}),
          row("logsumexp", "", [](X a) { return logsumexp(a, 1); }, {nonzero(2, 3)}).smooth(),
          row("var", "", [](X a) { return var(a, 1); }, {nonzero(2, 3)}).smooth(),
          row("std", "", [](X a) { return std(a, 1); }, {nonzero(2, 3)}).smooth(),
          row("var", "of all", [](X a) { return var(a) + var(a, false); }, {nonzero(2, 3)}),
          row("std", "of all", [](X a) { return std(a) + std(a, false); }, {nonzero(2, 3)}),
          row("norm", "of all", [](X a) { return norm(a); }, {nonzero(2, 3)}).smooth(),
          row("norm", "0.5", [](X a) { return norm(a, 0.5); }, {nonzero(2, 3)}),
          row("max", "of all", [](X a) { return max(a); }, {nonzero(2, 3)}),
          row("min", "of all", [](X a) { return min(a); }, {nonzero(2, 3)}),
          row("max", "along", [](X a) { return std::get<0>(max(a, 1)); }, {nonzero(2, 3, 4)}),
          row("min", "along, keepdim", [](X a) { return std::get<0>(min(a, -1, true)); },
              {nonzero(2, 3, 4)}),
          row("max", "along a number", [](X a) { return std::get<0>(max(a, 0)); }, {nonzero()}),
          row("max", "indices", [](X a) { return std::get<1>(max(a, 0)); }, {nonzero(2, 3, 4)}),
          row("min", "indices", [](X a) { return std::get<1>(min(a, 2)); }, {nonzero(2, 3, 4)}),
          row("argmax", "", [](X a) { return argmax(a); }, {nonzero(2, 3)}),
          row("argmax", "along", [](X a) { return argmax(a, 1, true); }, {nonzero(2, 3)}),
          row("argmin", "", [](X a) { return argmin(a); }, {nonzero(2, 3)}),
          row("argmin", "along", [](X a) { return argmin(a, 0); }, {nonzero(2, 3)}),
          row("cumsum", "first", [](X a) { return cumsum(a, 0); }, {nonzero(3, 2, 4)}),
          row("cumsum", "middle", [](X a) { return cumsum(a, 1); }, {nonzero(2, 3, 4)}),
          row("cumsum", "last", [](X a) { return cumsum(a, -1); }, {nonzero(2, 3)}),
          row("cumsum", "of a number", [](X a) { return cumsum(a, 0); }, {nonzero()}),
          row("topk", "", [](X a) { return std::get<0>(topk(a, 2)); }, {nonzero(2, 4)}),
          row("topk", "smallest", [](X a) { return std::get<0>(topk(a, 2, 0, false)); },
              {nonzero(3, 2)}),
          row("topk", "indices", [](X a) { return std::get<1>(topk(a, 2)); }, {nonzero(2, 4)}),
          row("sum_to", "",
              [](X a) {
                return sum_to(a, {3, 1});
              },
              {nonzero(2, 3, 4)}),
          row("sum_to", "a number", [](X a) { return sum_to(a, {}); }, {nonzero(2, 3)}),

          row("amax", "of equals", [](X a) { return amax(a, 1); },
              {doubles({{1., 2., 2.}, {3., 0., 1.}})})
              .gradients({doubles({{0., 0.5, 0.5}, {1., 0., 0.}})}),
          row("amin", "of equals", [](X a) { return amin(a); }, {doubles({{1., 2.}, {1., 1.}})})
              .gradients({doubles({{1 / 3., 0.}, {1 / 3., 1 / 3.}})}),
          row("max", "of equals", [](X a) { return max(a); }, {doubles({2., 1., 2., 2., 2.})})
              .gradients({doubles({0.25, 0., 0.25, 0.25, 0.25})}),
          row("min", "of equals", [](X a) { return min(a); }, {doubles({2., 1., 1.})})
              .gradients({doubles({0., 0.5, 0.5})}),
          row("max", "along, of equals", [](X a) { return std::get<0>(max(a, 1)); },
              {doubles({{1., 2., 2.}})})
              .gradients({doubles({{0, 1, 0}})}),
          row("min", "along, of equals", [](X a) { return std::get<0>(min(a, 0)); },
              {doubles({1., 1., 2.})})
              .gradients({doubles({1, 0, 0})}),
          row("std", "of constants", [](X a) { return std(a, 1); }, {doubles({{3., 3.}, {1., 3.}})})
              .gradients({doubles({{0., 0.}, {-std::sqrt(0.5), std::sqrt(0.5)}})}),
          row("var", "of constants", [](X a) { return var(a, 0); }, {doubles({3., 3.})})
              .gradients({doubles({0, 0})}),
          row("norm", "at 0", [](X a) { return norm(a, 2, 1); }, {doubles({{0., 0.}, {3., 4.}})})
              .gradients({doubles({{0., 0.}, {0.6, 0.8}})}),
          row("norm", "1 at 0", [](X a) { return norm(a, 1); }, {doubles({0., -2.})})
              .gradients({doubles({0, -1})}),
          row("norm", "0.5 at 0", [](X a) { return norm(a, 0.5); }, {doubles({0., 4.})})
              .gradients({doubles({0, 1})}),
          row("norm", "3 at 0", [](X a) { return norm(a, 3); }, {doubles({0., 0.})})
              .gradients({doubles({0, 0})}),
          row("norm", "0", [](X a) { return norm(a, 0); }, {doubles({0., 4.})})
              .gradients({doubles({0, 0})}),
          row("norm", "inf of equals", [](X a) { return norm(a, kInf); }, {doubles({-2., 2., 1.})})
              .gradients({doubles({-0.5, 0.5, 0.})}),
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
          row("matmul", "of itself", [](X a) { return matmul(a, t(a)); }, {nonzero(2, 3)}).smooth(),
          row("matmul", "of a batch with itself",
              [](X a) { return matmul(a, transpose(a, -2, -1)); }, {nonzero(2, 2, 3)}),
          row("outer", "", [](X a, X b) { return outer(a, b); }, {nonzero(2), nonzero(3)}),
          row("linear", "", [](X x, X w, X b) { return linear(x, w, b); },
              {nonzero(4, 3), nonzero(2, 3), nonzero(2)}),
          row("linear", "without bias", [](X x, X w) { return linear(x, w); },
              {nonzero(4, 3), nonzero(2, 3)}),
          row("linear", "of a vector", [](X x, X w, X b) { return linear(x, w, b); },
              {nonzero(3), nonzero(2, 3), nonzero(2)}),
          row("linear", "of a batch", [](X x, X w, X b) { return linear(x, w, b); },
              {nonzero(2, 4, 3), nonzero(2, 3), nonzero(2)}),
          row("linear", "from one column", [](X x, X w, X b) { return linear(x, w, b); },
              {nonzero(2, 1), nonzero(1, 1), nonzero(1)}),
          row("linear", "from no columns", [](X x, X w, X b) { return linear(x, w, b); },
              {nonzero(2, 0), nonzero(3, 0), nonzero(3)}),
      });
}

inline void add_index(Rows& rows) {
  const Tensor repeated = indices({2, 0, 2, 2});
  const auto gathered = [](int64_t dim) { return [dim](X x, X i) { return gather(x, dim, i); }; };
  const auto scattered = [](int64_t dim) {
    return [dim](X x, X i, X s) { return scatter_add(x, dim, i, s); };
  };
  rows.insert(
      rows.end(),
      {
          row("index_select", "", [](X x, X i) { return index_select(x, 0, i); },
              {nonzero(3, 4), repeated}),
          row("index_select", "last", [](X x, X i) { return index_select(x, -1, i); },
              {nonzero(2, 2, 3), repeated}),
          row("index_select", "one", [](X x, X i) { return index_select(x, 1, i); },
              {nonzero(2, 3), indices(1)}),
          row("index_select", "none", [](X x, X i) { return index_select(x, 1, i); },
              {nonzero(2, 3), indices({1}).narrow(0, 0, 0)}),
          row("gather", "", gathered(0),
              {nonzero(3, 2), indices({{0, 2}, {2, 2}, {0, 1}, {0, 0}})}),
          row("gather", "last, fewer rows", gathered(-1), {nonzero(3, 4), indices({{3, 3, 0}})}),
          row("gather", "three dimensions", gathered(1),
              {nonzero(2, 3, 2), indices({{{0, 2}, {0, 2}}, {{1, 1}, {0, 0}}})}),
          row("gather", "of a number", gathered(0), {nonzero(), indices(0)}),
          row("scatter_add", "", scattered(0),
              {nonzero(3, 2), indices({{0, 2}, {2, 2}, {0, 1}, {0, 0}}), nonzero(4, 2)}),
          row("scatter_add", "a part of the source", scattered(1),
              {nonzero(3, 4), indices({{3, 3, 0}}), nonzero(2, 5)}),
          row("scatter_add", "of a number", scattered(0), {nonzero(), indices(0), nonzero()}),
          row("embedding", "", [](X w, X i) { return embedding(w, i); },
              {nonzero(4, 3), indices({{1, 1, 3}, {0, 1, 1}})}),
          row("embedding", "of a number", [](X w, X i) { return embedding(w, i); },
              {nonzero(4, 3), indices(2)}),
          row("one_hot", "", [](X i) { return one_hot(i, 4); }, {indices({{1, 0}, {3, 1}})}),
          row("one_hot", "counted", [](X i) { return one_hot(i); }, {indices({1, 0, 3})}),
          row("multinomial", "",
              [](X p) {
                manual_seed(5);
                return multinomial(p, 4, true);
              },
              {positive(2, 3)}),
          row("multinomial", "without replacement",
              [](X p) {
                manual_seed(5);
                return multinomial(p, 2);
              },
              {positive(3)}),
      });
}

}  // namespace gradus::tests
