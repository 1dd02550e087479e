// Rows of the table of ops: rearranged copies, padding.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_copies(Rows& rows) {
  const Tensor x = nonzero(2, 3, 4);
  const auto form = [&](const std::string& op, const std::string& name,
                        const std::function<Tensor(X)>& f) {
    rows.push_back(row(op, name, f, {x}));
  };
  const auto entry = [](X a, int64_t dim, size_t i) {
    const Tensors entries = unbind(a, dim);
    return i < entries.size() ? entries[i] : a;
  };
  form("unbind", "", [=](X a) { return entry(a, 0, 1); });
  form("unbind", "last", [=](X a) { return entry(a, -1, 0) * entry(a, -1, 3); });
  form("unbind", "stacked again", [](X a) { return stack(unbind(a, 1), 2); });
  form("tile", "", [](X a) { return tile(a, {2, 3}); });
  form("tile", "with new dimensions", [](X a) { return tile(a, {2, 1, 1, 2}); });
  form("tile", "zero times", [](X a) { return tile(a, {0, 2}); });
  form("roll", "", [](X a) { return roll(a, 5); });
  form("roll", "one dimension", [](X a) { return roll(a, -1, 2); });
  form("roll", "two dimensions", [](X a) { return roll(a, {1, -5}, {0, -1}); });
  form("roll", "twice the same", [](X a) { return roll(a, {1, 2, 1}, {1, 2, 1}); });
  form("roll", "all around", [](X a) { return roll(a, 3, 1) * a; });
  form("roll", "of a transpose", [](X a) { return roll(transpose(a, 0, 2), {1, 1}, {0, 1}); });
  form("repeat_interleave", "", [](X a) { return repeat_interleave(a, 2); });
  form("repeat_interleave", "along", [](X a) { return repeat_interleave(a, 3, 1, 9); });
  form("repeat_interleave", "once", [](X a) { return repeat_interleave(a, 1, 0) * a; });
  form("repeat_interleave", "zero times", [](X a) { return repeat_interleave(a, 0, -1); });
  form("pad", "", [](X a) { return pad(a, {1, 2}); });
  form("pad", "two dimensions", [](X a) { return pad(a, {0, 1, 2, 0}, "constant", 3); });
  form("pad", "three dimensions, negative", [](X a) { return pad(a, {-1, 2, 1, -1, 1, 1}); });
  form("pad", "that removes", [](X a) { return pad(a, {-1, -1}); });
  form("pad", "nothing", [](X a) { return pad(a, {}) * a; });
  form("pad", "reflect", [](X a) { return pad(a, {3, 2}, "reflect"); });
  form("pad", "reflect, two dimensions", [](X a) { return pad(a, {3, 2, 1, 2}, "reflect"); });
  form("pad", "reflect, negative", [](X a) { return pad(a, {-1, 1, 2, -1}, "reflect"); });
  form("pad", "replicate", [](X a) { return pad(a, {6, 2}, "replicate"); });
  form("pad", "replicate, two dimensions", [](X a) { return pad(a, {-2, 2, 1, 2}, "replicate"); });
  form("pad", "circular", [](X a) { return pad(a, {4, 1}, "circular"); });
  form("pad", "circular, two dimensions", [](X a) { return pad(a, {-1, 2, 3, 0}, "circular"); });
  const auto repeated = [](std::optional<int64_t> dim) {
    return [dim](X a, X n) { return repeat_interleave(a, n, dim); };
  };
  rows.insert(
      rows.end(),
      {
          row("tile", "of a number",
              [](X a) {
                return tile(a, {2, 3});
              },
              {nonzero()}),
          row("roll", "of a number", [](X a) { return roll(a, 1); }, {nonzero()}),
          row("roll", "without elements", [](X a) { return roll(a, 1, 0); }, {nonzero(0, 3)}),
          row("pad", "of nothing",
              [](X a) {
                return pad(a, {1, 1, 2, 0}, "constant", 0.5);
              },
              {nonzero(0, 3)}),
          row("pad", "of a number", [](X a) { return pad(a, {}); }, {nonzero()}),
          row("pad", "circular, three dimensions",
              [](X a) {
                return pad(a, {1, 1, 1, 0, 0, 1}, "circular");
              },
              {nonzero(1, 2, 3, 2)}),
          row("repeat_interleave", "of a number", [](X a) { return repeat_interleave(a, 3); },
              {nonzero()}),
          row("repeat_interleave", "each", repeated(1), {nonzero(2, 3), indices({2, 0, 1})}),
          row("repeat_interleave", "each, flattened", repeated({}),
              {nonzero(2, 2), indices({2, 0, 1, 3})}),
          row("repeat_interleave", "by one number", repeated(0), {nonzero(2, 3), indices(2)}),
          row("repeat_interleave", "by a list of one", repeated(-1), {nonzero(2, 3), indices({2})}),
          row("repeat_interleave", "of indices", [](X n) { return repeat_interleave(n, nullopt); },
              {indices({1, 0, 3})}),
      });
}

}  // namespace gradus::tests
