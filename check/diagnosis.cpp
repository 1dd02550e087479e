#include "check/diagnosis.h"

#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "autograd/ops.h"

namespace gradus {
namespace {

/// Both tensors as plain numbers, with the elements that count.
struct Pair {
  Shape sizes;
  std::vector<double> yours, right;
  std::vector<bool> known;
  Tolerance tolerance;

  size_t size() const { return yours.size(); }
  bool same(double a, double b) const {
    return a == b || std::abs(a - b) <= tolerance.atol + tolerance.rtol * std::abs(b) ||
           (std::isnan(a) && std::isnan(b));
  }
  bool is_right(size_t i) const { return !known[i] || same(yours[i], right[i]); }
  template <class Holds>
  bool all(const Holds& holds) const {
    for (size_t i = 0; i < size(); ++i)
      if (known[i] && !holds(i)) return false;
    return true;
  }
  template <class Holds>
  int64_t count(const Holds& holds) const {
    int64_t n = 0;
    for (size_t i = 0; i < size(); ++i)
      n += known[i] && holds(i);
    return n;
  }
  /// Whether yours is everywhere what `other` has there.
  bool yours_is(const std::vector<double>& other) const {
    return other.size() == size() && all([&](size_t i) { return same(yours[i], other[i]); });
  }
};

std::vector<double> numbers(const Tensor& x) {
  const Tensor y = x.detach().to(kFloat64).contiguous();
  return {y.data<double>(), y.data<double>() + y.numel()};
}

using Guess = std::optional<std::string>;

/// A factor in words, if it is one of those that come from a known mistake.
Guess factor_by_name(double c, const std::set<int64_t>& sizes) {
  const auto is = [&](double named) { return std::abs(c - named) <= 1e-4 * std::abs(named); };
  if (is(2)) return "a factor 2 too many";
  if (is(0.5)) return "a factor 1/2 too many";
  if (is(-1)) return "the sign is wrong";
  for (const int64_t n : sizes) {
    if (n < 2) continue;
    const auto d = static_cast<double>(n);
    if (is(d))
      return fmt::format(
          "a factor n = {} too many (a sum where the mean is meant, or added {} times)", n, n);
    if (is(1 / d))
      return fmt::format("a factor 1/n = 1/{} too many (divided by {} once too often)", n, n);
    if (is(std::sqrt(d)))
      return fmt::format("a factor sqrt({}) too many (the division by it is missing)", n);
    if (is(1 / std::sqrt(d)))
      return fmt::format("a factor 1/sqrt({}) too many (divided by it once too often)", n);
  }
  return {};
}

Guess constant_factor(const Pair& p, const std::set<int64_t>& sizes) {
  double top = 0;
  double ratio = 0;
  for (size_t i = 0; i < p.size(); ++i)
    if (p.known[i] && std::abs(p.right[i]) > top)
      top = std::abs(p.right[i]), ratio = p.yours[i] / p.right[i];
  if (top == 0 || ratio == 0 || !std::isfinite(ratio)) return {};
  if (!p.all([&](size_t i) {
        return std::abs(p.yours[i] - ratio * p.right[i]) <= 1e-5 * std::abs(ratio) * top;
      }))
    return {};
  const std::string measured = fmt::format("yours / right = {:.4g} everywhere", ratio);
  if (const Guess name = factor_by_name(ratio, sizes)) return measured + ": " + *name;
  if (const Guess name = ratio < 0 ? factor_by_name(-ratio, sizes) : std::nullopt)
    return measured + ": the sign is wrong, and " + *name;
  return measured + ": one factor too many or missing";
}

Guess not_finite(const Pair& p) {
  const auto bad = [&](size_t i) {
    return !std::isfinite(p.yours[i]) && std::isfinite(p.right[i]);
  };
  const int64_t n = p.count(bad);
  if (n == 0) return {};
  return fmt::format(
      "{} of {} elements are nan or infinite (a division by zero, a log of zero, or an overflow)",
      n, p.count([](size_t) { return true; }));
}

Guess zero(const Pair& p) {
  if (!p.all([&](size_t i) { return p.yours[i] == 0; })) return {};
  return "zero everywhere: nothing arrives here";
}

/// The right numbers with two dimensions exchanged, or packed as if they were.
Guess transposed(const Pair& p, const Tensor& right) {
  const int64_t dims = right.dim();
  for (int64_t i = 0; i < dims; ++i)
    for (int64_t j = i + 1; j < dims; ++j) {
      if (right.size(i) < 2 || right.size(j) < 2) continue;
      const Tensor turned = right.detach().transpose(i, j);
      if (turned.sizes() == p.sizes && p.yours_is(numbers(turned)))
        return fmt::format("transposed: dimensions {} and {} are exchanged", i, j);
      if (turned.sizes() != p.sizes && p.yours_is(numbers(turned)))
        return fmt::format(
            "the numbers of dimensions {} and {} lie in each other's order: view or reshape was "
            "used "
            "where transpose is meant",
            i, j);
    }
  return {};
}

/// For every dimension: are exactly its first or last index right, or wrong?
Guess one_step(const Pair& p) {
  for (size_t d = 0; d < p.sizes.size(); ++d) {
    const int64_t n = p.sizes[d];
    if (n < 2) continue;
    for (const auto& [step, name] :
         {std::pair<int64_t, const char*>{0, "first"}, {n - 1, "last"}}) {
      const auto here = [&, step = step](size_t i) {
        return index_of(static_cast<int64_t>(i), p.sizes)[d] == step;
      };
      const int64_t inside = p.count(here);
      const int64_t outside = p.count([&](size_t i) { return !here(i); });
      const int64_t wrong_inside = p.count([&](size_t i) { return here(i) && !p.is_right(i); });
      const int64_t wrong_outside = p.count([&](size_t i) { return !here(i) && !p.is_right(i); });
      if (inside == 0 || outside == 0) continue;
      const bool zeros = p.all([&](size_t i) { return here(i) || p.yours[i] == 0; });
      if (wrong_inside == 0 && zeros)
        return fmt::format("only the {} step of dimension {} is there, the others are zero", name,
                           d);
      if (wrong_inside == 0 && 4 * wrong_outside >= 3 * outside && n > 2)
        return fmt::format("only the {} step of dimension {} is right", name, d);
      if (wrong_outside == 0 && 4 * wrong_inside >= 3 * inside)
        return fmt::format("only the {} step of dimension {} is wrong", name, d);
    }
  }
  return {};
}

Guess shifted(const Pair& p) {
  for (size_t d = 0; d < p.sizes.size(); ++d) {
    const auto [A, R, C] = around(p.sizes, d);
    if (R < 3) continue;
    for (const int64_t by : {1, -1}) {
      bool fits = true;
      for (int64_t i = 0; fits && i < A * R * C; ++i) {
        const int64_t from = i / C % R + by;
        if (from < 0 || from >= R) continue;
        fits = p.same(p.yours[static_cast<size_t>(i)], p.right[static_cast<size_t>(i + by * C)]);
      }
      if (fits) return fmt::format("shifted by one step along dimension {}", d);
    }
  }
  return {};
}

Guess at_zeros(const Pair& p) {
  const auto masked = [&](size_t i) { return p.right[i] == 0; };
  const auto wrong = [&](size_t i) { return !p.is_right(i); };
  const int64_t all = p.count(wrong);
  if (p.count([&](size_t i) { return wrong(i) && masked(i); }) == all &&
      p.count(masked) < p.count([](size_t) { return true; }))
    return fmt::format("only the masked entries are wrong: {} that must be 0 are not", all);
  if (p.count([&](size_t i) { return wrong(i) && p.yours[i] == 0; }) == all)
    return fmt::format("{} entries are 0 that must not be, the others are right (masked too much?)",
                       all);
  return {};
}

Guess signs(const Pair& p) {
  if (!p.all([&](size_t i) { return p.same(std::abs(p.yours[i]), std::abs(p.right[i])); }))
    return {};
  return "the sign of some elements is wrong, their size is right";
}

/// Whether `number(i)` is the same all along dimension d.
template <class Number>
bool constant_along(const Pair& p, size_t d, const Number& number) {
  const auto [A, R, C] = around(p.sizes, d);
  for (int64_t a = 0; a < A; ++a)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t r = 1; r < R; ++r) {
        const double here = number(static_cast<size_t>((a * R + r) * C + c));
        const double first = number(static_cast<size_t>(a * R * C + c));
        if (!(std::abs(here - first) <= 1e-6 * (std::abs(first) + 1e-3))) return false;
      }
  return true;
}

Guess along_a_dimension(const Pair& p) {
  for (size_t d = p.sizes.size(); d-- > 0;) {
    if (p.sizes[d] < 3 || !p.all([](size_t) { return true; })) continue;
    if (constant_along(p, d, [&](size_t i) { return p.yours[i] - p.right[i]; }))
      return fmt::format(
          "yours - right is the same all along dimension {}: a sum or mean over it is missing or "
          "too many",
          d);
    if (p.all([&](size_t i) { return p.right[i] != 0; }) &&
        constant_along(p, d, [&](size_t i) { return p.yours[i] / p.right[i]; }))
      return fmt::format(
          "yours / right is the same all along dimension {}, and differs between its rows: their "
          "own scale "
          "is wrong or missing",
          d);
  }
  return {};
}

std::set<int64_t> factors(const Shape& shape, const std::vector<int64_t>& more) {
  std::set<int64_t> sizes(shape.begin(), shape.end());
  int64_t product = 1;
  for (size_t d = shape.size(); d-- > 0;)
    sizes.insert(product *= shape[d]);
  sizes.insert(more.begin(), more.end());
  return sizes;
}

std::string guess(const Pair& p, const Tensor& right, const std::vector<int64_t>& more) {
  const std::function<Guess()> in_turn[] = {
      [&] { return not_finite(p); },
      [&] { return zero(p); },
      [&] { return constant_factor(p, factors(p.sizes, more)); },
      [&] { return transposed(p, right); },
      [&] { return one_step(p); },
      [&] { return at_zeros(p); },
      [&] { return shifted(p); },
      [&] { return signs(p); },
      [&] { return along_a_dimension(p); },
  };
  for (const auto& next : in_turn)
    if (const Guess found = next()) return *found;
  return "";
}

}  // namespace

Difference compare(const Tensor& yours, const Tensor& right, const Tolerance& tolerance,
                   const Tensor& unknown, const std::vector<int64_t>& sizes) {
  check(yours.sizes() == right.sizes(), "compare: yours is {}, the right one is {}", yours.sizes(),
        right.sizes());
  Pair p{right.sizes(), numbers(yours), numbers(right), {}, tolerance};
  p.known.assign(p.size(), true);
  if (unknown.defined()) {
    check(unknown.dtype() == kBool && unknown.sizes() == right.sizes(),
          "compare: unknown must be bool and {}, it is {} and {}", right.sizes(), unknown.dtype(),
          unknown.sizes());
    const std::vector<double> left_out = numbers(unknown);
    for (size_t i = 0; i < p.size(); ++i)
      p.known[i] = left_out[i] == 0;
  }
  Difference result;
  for (size_t i = 0; i < p.size(); ++i) {
    if (!p.known[i]) continue;
    ++result.of;
    result.wrong += !p.is_right(i);
    double off = std::abs(p.yours[i] - p.right[i]);
    if (p.yours[i] == p.right[i] || (std::isnan(p.yours[i]) && std::isnan(p.right[i]))) off = 0;
    if (std::isnan(off)) off = std::numeric_limits<double>::infinity();
    if (off <= result.worst && result.of > 1) continue;
    result.worst = off, result.at = index_of(static_cast<int64_t>(i), p.sizes);
    result.yours = p.yours[i], result.right = p.right[i];
  }
  if (result.wrong > 0) result.guess = guess(p, right, sizes);
  return result;
}

std::string to_string(const Difference& d, const char* yours, const char* right) {
  return fmt::format("{} {:.6g}, {} {:.6g} at {} ({} of {} elements differ)", yours, d.yours, right,
                     d.right, d.at, d.wrong, d.of);
}

}  // namespace gradus
