// Rows of the table of ops: lists of indices.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_indexing(Rows& rows) {
  using indexing::Ellipsis;
  using indexing::None;
  using indexing::Slice;
  const Tensor repeated = indices({2, 0, -1, 2});
  const Tensor some = mask({{1, 0, 1}, {0, 1, 1}});
  rows.insert(
      rows.end(),
      {
          row("index", "by ids", [](X x, X i) { return x[i]; }, {nonzero(3, 4), repeated}),
          row("index", "by ids in a table", [](X x, X i) { return x.index({i}); },
              {nonzero(3, 2), indices({{0, 1, -1}, {2, 2, 0}})}),
          row("index", "by ids of the last dimension",
              [](X x, X i) {
                return x.index({"...", i});
              },
              {nonzero(2, 2, 3), repeated}),
          row("index", "by ids in the middle",
              [](X x, X i) {
                return x.index({Slice(), i, Slice(1, None, 2)});
              },
              {nonzero(2, 3, 4), repeated}),
          row("index", "by pairs of ids",
              [](X x, X i, X j) {
                return x.index({i, j});
              },
              {nonzero(3, 4, 2), repeated, indices({3, 1, 0, 3})}),
          row("index", "by ids that broadcast",
              [](X x, X i, X j) {
                return x.index({i, j});
              },
              {nonzero(3, 3), indices({{1}, {0}}), repeated}),
          row("index", "by ids apart",
              [](X x, X i) {
                return x.index({i, Slice(), i});
              },
              {nonzero(3, 2, 3), repeated}),
          row("index", "by no ids", [](X x, X i) { return x[i]; },
              {nonzero(3, 2), indices({1}).narrow(0, 0, 0)}),
          row("index", "by a number", [](X x, X i) { return x[i]; }, {nonzero(3, 2), indices(-2)}),
          row("index", "by a mask of elements", [](X x, X m) { return x[m]; },
              {nonzero(2, 3), some}),
          row("index", "by a mask of rows", [](X x, X m) { return x[m]; },
              {nonzero(3, 2), mask({1, 0, 1})}),
          row("index", "by a mask of columns",
              [](X x, X m) {
                return x.index({Slice(), m});
              },
              {nonzero(2, 3, 2), mask({1, 0, 1})}),
          row("index", "by an empty mask", [](X x, X m) { return x[m]; },
              {nonzero(2, 2), mask({0, 0})}),
          row("index", "by a mask and a number",
              [](X x, X m) {
                return x.index({m, -1});
              },
              {nonzero(2, 3, 4), some}),
          row("index", "by true and false",
              [](X x) {
                return x.index({true}) + x.index({false, 1}).sum();
              },
              {nonzero(2, 3)}),
          row("index", "views",
              [](X x) {
                return x.index({1, None, Slice(None, -1, 2), Ellipsis});
              },
              {nonzero(2, 3, 4)}),
          row("index", "of all", [](X x) { return x.index({Ellipsis}); }, {nonzero(2, 3)}),
          row("index", "by a list of tensors",
              [](X x, X i) {
                return index(x, {nullopt, i});
              },
              {nonzero(2, 3), repeated}),
          row("index_put", "", [](X x, X i, X v) { return index_put(x, {i}, v); },
              {nonzero(4, 3), indices({2, 0, -1}), nonzero(3, 3)}),
          row("index_put", "of values that broadcast",
              [](X x, X i, X v) {
                return index_put(x, {nullopt, i}, v);
              },
              {nonzero(3, 4), indices({2, -1}), nonzero(3, 1)}),
          row("index_put", "by ids apart",
              [](X x, X i, X v) {
                return index_put(x, {i, nullopt, i}, v);
              },
              {nonzero(3, 2, 3), indices({2, 0}), nonzero(2, 2)}),
          row("index_put", "accumulated", [](X x, X i, X v) { return index_put(x, {i}, v, true); },
              {nonzero(3, 2), repeated, nonzero(4, 2)}),
          row("index_put", "accumulated, broadcast",
              [](X x, X i, X j, X v) {
                return index_put(x, {i, j}, v, true);
              },
              {nonzero(3, 3), indices({{1}, {0}}), repeated, nonzero(4)}),
          row("index_put", "of a number", [](X x, X m, X v) { return index_put(x, {m}, v); },
              {nonzero(2, 3), some, nonzero()}),
          row("index_put_", "", [](X x, X i, X v) { return index_put_(x * 1, {i}, v); },
              {nonzero(4, 3), indices({2, 0, -1}), nonzero(3, 3)}),
          row("index_put_", "accumulated",
              [](X x, X i, X v) { return index_put_(x * 1, {i}, v, true); },
              {nonzero(3, 2), repeated, nonzero(4, 2)}),
          row("index_put_", "to a mask", [](X x, X m) { return (x * 1).index_put_({m}, 0.5); },
              {nonzero(2, 3), some}),
          row("index_put_", "to a view",
              [](X x, X v) {
                return (x * 1).index_put_({Slice(1), None, 0}, v);
              },
              {nonzero(3, 2, 4), nonzero(1, 4)}),
          row("index_put_", "to ids in a view",
              [](X x, X i, X v) {
                return (x * 1).index_put_({1, Slice(None, None, 2), i}, v);
              },
              {nonzero(2, 3, 4), indices({3, 1}), nonzero(1, 1, 2, 2)}),
          row("index_put_", "to a tensor without gradients",
              [](X i, X v) {
                return zeros({4, 3}, v.dtype()).index_put_({i}, v);
              },
              {indices({2, 0, -1}), nonzero(3)}),
          row("nonzero", "", [](X x) { return gradus::nonzero(x); },
              {doubles({{0., 2.}, {-1., 0.}})}),
          row("nonzero", "of a number", [](X x) { return gradus::nonzero(x); }, {doubles(2.)}),
          row("masked_select", "", [](X x, X m) { return masked_select(x, m); },
              {nonzero(2, 3), some}),
          row("masked_select", "that broadcasts", [](X x, X m) { return masked_select(x, m); },
              {nonzero(2, 1), mask({{1, 0, 1}})}),
          row("masked_select", "of a number", [](X x, X m) { return masked_select(x, m); },
              {nonzero(), mask(true)}),
      });
}

}  // namespace gradus::tests
