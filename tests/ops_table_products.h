// Rows of the table of ops: diagonals, products, sorted elements.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_diagonals(Rows& rows) {
  for (const int64_t offset : {0, 1, -1, 3}) {
    const std::string form = fmt::format("{}", offset);
    rows.push_back(
        row("diagonal", form, [=](X a) { return diagonal(a, offset); }, {nonzero(3, 4)}));
    rows.push_back(row("diag", form, [=](X a) { return diag(a, offset); }, {nonzero(3, 4)}));
    rows.push_back(
        row("diag", form + " of a vector", [=](X a) { return diag(a, offset); }, {nonzero(3)}));
  }
  rows.insert(
      rows.end(),
      {
          row("diagonal", "of a batch", [](X a) { return diagonal(a, 1, -1, 0); },
              {nonzero(3, 2, 4)}),
          row("diagonal", "twice", [](X a) { return diagonal(a) * diagonal(a, -1); },
              {nonzero(3, 2)}),
          row("diagonal", "outside", [](X a) { return diagonal(a, -7); }, {nonzero(2, 3)}),
          row("diag", "without elements", [](X a) { return diag(a); }, {nonzero(0)}),
          row("trace", "", [](X a) { return trace(a); }, {nonzero(3, 4)}),
          row("trace", "of a square", [](X a) { return trace(matmul(a, a)); }, {nonzero(3, 3)})
              .smooth(),
          row("trace", "without elements", [](X a) { return trace(a); }, {nonzero(0, 3)}),
          row("mm", "", [](X a, X b) { return mm(a, b); }, {nonzero(3, 4), nonzero(4, 2)}),
          row("mm", "with its transpose", [](X a) { return mm(a, transpose(a, 0, 1)); },
              {nonzero(3, 2)}),
          row("mm", "without columns", [](X a, X b) { return mm(a, b); },
              {nonzero(3, 0), nonzero(0, 2)}),
          row("bmm", "", [](X a, X b) { return bmm(a, b); }, {nonzero(2, 3, 4), nonzero(2, 4, 2)}),
          row("bmm", "with its transpose", [](X a) { return bmm(a, transpose(a, 1, 2)); },
              {nonzero(2, 3, 2)}),
          row("bmm", "without columns", [](X a, X b) { return bmm(a, b); },
              {nonzero(2, 3, 0), nonzero(2, 0, 2)}),
          row("bmm", "without batches", [](X a, X b) { return bmm(a, b); },
              {nonzero(0, 3, 1), nonzero(0, 1, 2)}),
      });
}

inline void add_einsum(Rows& rows) {
  const std::vector<std::pair<std::string, std::vector<Shape>>> equations = {
      {"ij->ji", {{2, 3}}},
      {"ba", {{2, 3}}},
      {"ij->", {{2, 3}}},
      {"ijk->j", {{2, 3, 4}}},
      {"ii", {{3, 3}}},
      {"ii->i", {{3, 3}}},
      {"iji->ji", {{2, 3, 2}}},
      {"iii", {{2, 2, 2}}},
      {"...ii->...i", {{2, 3, 3}}},
      {"i...->...", {{2, 3, 4}}},
      {"...i->i", {{2, 3, 4}}},
      {"", {{}}},
      {"i,i", {{3}, {3}}},
      {"i,j", {{3}, {2}}},
      {"i,j->", {{3}, {2}}},
      {"i,->i", {{3}, {}}},
      {"ij,jk->ik", {{2, 3}, {3, 4}}},
      {"ij,kj->ki", {{2, 3}, {4, 3}}},
      {"ij,ij->ij", {{2, 3}, {2, 3}}},
      {"ij,ij->i", {{2, 3}, {2, 3}}},
      {"ij,j->ij", {{2, 3}, {3}}},
      {"ij,j->ij", {{2, 3}, {1}}},
      {"ij,jk->ik", {{2, 1}, {3, 4}}},
      {"bij,bjk->bik", {{2, 3, 4}, {2, 4, 2}}},
      {"bij,bjk->bik", {{1, 3, 4}, {2, 4, 2}}},
      {"bhqd,bhkd->bhqk", {{2, 2, 3, 2}, {2, 2, 4, 2}}},
      {"bqhd,bkhd->bhqk", {{2, 3, 2, 2}, {2, 4, 2, 2}}},
      {"ijk,kjl->li", {{2, 3, 4}, {4, 3, 2}}},
      {"ij,kl->jk", {{2, 3}, {4, 2}}},
      {"...ij,...jk->...ik", {{2, 1, 3, 2}, {4, 2, 3}}},
      {"...ij,jk", {{2, 3, 2}, {2, 4}}},
      {"ij,jk,kl->il", {{2, 3}, {3, 4}, {4, 2}}},
      {"bn,anm,bm->ba", {{2, 3}, {4, 3, 2}, {2, 2}}},
      {"i,i,i->i", {{3}, {3}, {3}}},
      {"ij,jk->ik", {{0, 3}, {3, 4}}},
      {"ij,jk->ik", {{2, 0}, {0, 4}}},
  };
  for (const auto& [equation, shapes] : equations) {
    Tensors inputs;
    std::string form = equation;
    for (const Shape& sizes : shapes) {
      inputs.push_back(uniform(sizes, 0.3, 1.5, true));
      form += fmt::format(" {}", sizes);
    }
    Row one = row(
        "einsum", form, [](X a) { return a; }, inputs);
    one.f = [equation = equation](const Tensors& x) { return einsum(equation, x); };
    rows.push_back(std::move(one));
  }
  rows.push_back(row("einsum", "of itself",
                     [](X a) {
                       return einsum("ij,kj->ik", {a, a});
                     },
                     {nonzero(2, 3)})
                     .smooth());
}

inline void add_prod_and_sort(Rows& rows) {
  for (const int64_t dim : {0, 1, -1})
    for (const bool keepdim : {false, true})
      rows.push_back(row("prod", fmt::format("over {}{}", dim, keepdim ? " keepdim" : ""),
                         [=](X a) { return prod(a, dim, keepdim); }, {nonzero(2, 3, 4)})
                         .fused());
  const Tensor zeros_in_rows = doubles({{0., 2., 3.}, {0., 0., -2.}, {1.5, 2., 3.}});
  const auto values = [](int64_t dim, bool descending) {
    return [=](X a) { return std::get<0>(sort(a, dim, descending)); };
  };
  rows.insert(
      rows.end(),
      {
          row("prod", "of all", [](X a) { return prod(a); }, {nonzero(2, 3)}).fused(),
          row("prod", "of a row", [](X a) { return prod(a, 0); }, {nonzero(5)}).smooth(),
          row("prod", "of a number", [](X a) { return prod(a, -1); }, {nonzero()}),
          row("prod", "of one", [](X a) { return prod(a, 0) * a; }, {nonzero(1, 2)}),
          row("prod", "without elements", [](X a) { return prod(a, 0); }, {nonzero(0, 3)}),
          row("prod", "with zeros", [](X a) { return prod(a, 1); }, {zeros_in_rows}),
          row("prod", "of columns with zeros", [](X a) { return prod(a, 0); }, {zeros_in_rows}),
          row("prod", "of all, a zero", [](X a) { return prod(a); }, {doubles({0., 2., 3.})}),
          row("sort", "", values(-1, false), {nonzero(3, 4)}),
          row("sort", "descending", values(1, true), {nonzero(2, 4, 3)}),
          row("sort", "stable", [](X a) { return std::get<0>(sort(a, optional<bool>(true), 0)); },
              {nonzero(4, 2)}),
          row("sort", "of a number", values(0, false), {nonzero()}),
          row("sort", "without elements", values(0, false), {nonzero(0, 3)}),
          row("sort", "indices", [](X a) { return std::get<1>(sort(a, 0)); }, {nonzero(3, 2)}),
          row("sort", "of equals", values(0, true), {doubles({1., 2., 1., 2.})})
              .gradients({ones({4}, kFloat64)}),
          row("argsort", "", [](X a) { return argsort(a); }, {nonzero(3, 4)}),
          row("argsort", "stable", [](X a) { return argsort(a, true, 0, true); }, {nonzero(3, 4)}),
      });
}

}  // namespace gradus::tests
