#include "check/mistakes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "autograd/ops.h"

namespace gradus {

bool ComparedElements::same(double a, double b) const {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  if (std::isinf(b)) return false;  // a tolerance relative to infinity would accept every number
  return std::abs(a - b) <= tolerance.atol + tolerance.rtol * std::abs(b);
}

std::vector<double> elements_as_double(const Tensor& x) {
  const Tensor y = x.detach().to(kFloat64).contiguous();
  return {y.data<double>(), y.data<double>() + y.numel()};
}

namespace {

/// A mistake in words, if it explains all differences.
using Guess = std::optional<std::string>;

bool any_element(size_t /*i*/) { return true; }

Guess not_finite(const ComparedElements& e) {
  const int64_t n =
      e.count([&](size_t i) { return !std::isfinite(e.yours[i]) && std::isfinite(e.right[i]); });
  if (n == 0) return {};
  return fmt::format(
      "{} of {} elements are nan or infinite (a division by zero, a log of zero, or an overflow)",
      n, e.count(any_element));
}

Guess zero(const ComparedElements& e) {
  if (e.count(any_element) < 2) return {};
  if (!e.all([&](size_t i) { return e.yours[i] == 0; })) return {};
  return "zero everywhere";
}

/// Every element agrees in its first digits.
Guess lost_precision(const ComparedElements& e) {
  double largest = 0;
  double worst = 0;
  for (size_t i = 0; i < e.size(); ++i) {
    if (!e.known[i]) continue;
    largest = std::max(largest, std::abs(e.right[i]));
    worst = std::max(worst, std::abs(e.yours[i] - e.right[i]));
  }
  const bool agrees = e.all([&](size_t i) {
    return std::abs(e.yours[i] - e.right[i]) <= 1e-4 * std::abs(e.right[i]) + 1e-6 * largest;
  });
  if (!agrees || worst == 0 || !std::isfinite(worst) || !std::isfinite(largest)) return {};
  const int digits = static_cast<int>(-std::log10(worst / largest));
  return fmt::format(
      "right to about {} digits only: precision is lost (float32 in between, or a difference of "
      "nearly equal numbers), or a small term such as eps is wrong",
      digits);
}

/// The mistake that gives a factor c that depends on a size n.
Guess factor_of_size(double c, int64_t n) {
  const auto is = [&](double factor) { return std::abs(c - factor) <= 1e-4 * factor; };
  const auto size = static_cast<double>(n);
  if (is(size))
    return fmt::format(
        "a factor n = {} too many (a sum where the mean is meant, or added {} times)", n, n);
  if (is(1 / size))
    return fmt::format("a factor 1/n = 1/{} too many (divided by {} once too often)", n, n);
  if (is(std::sqrt(size)))
    return fmt::format("a factor sqrt({}) too many (the division by it is missing)", n);
  if (is(1 / std::sqrt(size)))
    return fmt::format("a factor 1/sqrt({}) too many (divided by it once too often)", n);
  return {};
}

/// The mistake that gives a factor c, if c is one of those that known mistakes give.
Guess factor_in_words(double c, const std::set<int64_t>& sizes) {
  const auto is = [&](double factor) { return std::abs(c - factor) <= 1e-4 * std::abs(factor); };
  if (is(2)) return "a factor 2 too many";
  if (is(0.5)) return "a factor 1/2 too many";
  if (is(-1)) return "the sign is wrong";
  for (const int64_t n : sizes) {
    if (n < 2) continue;
    if (Guess found = factor_of_size(c, n)) return found;
  }
  return {};
}

/// The sizes of the shape, the products of the last ones, and `more`.
std::set<int64_t> possible_sizes(const Shape& shape, const std::vector<int64_t>& more) {
  std::set<int64_t> sizes(shape.begin(), shape.end());
  int64_t product = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    product *= shape[d];
    sizes.insert(product);
  }
  sizes.insert(more.begin(), more.end());
  return sizes;
}

Guess constant_factor(const ComparedElements& e, const std::set<int64_t>& sizes) {
  if (e.count(any_element) < 2) return {};  // two numbers always have a ratio
  double largest = 0;
  double ratio = 0;  // of the largest right element, where it is most exact
  for (size_t i = 0; i < e.size(); ++i) {
    if (!e.known[i] || std::abs(e.right[i]) <= largest) continue;
    largest = std::abs(e.right[i]);
    ratio = e.yours[i] / e.right[i];
  }
  if (largest == 0 || ratio == 0 || !std::isfinite(ratio)) return {};
  const double tolerance = 1e-5 * std::abs(ratio) * largest;
  const bool everywhere =
      e.all([&](size_t i) { return std::abs(e.yours[i] - ratio * e.right[i]) <= tolerance; });
  if (!everywhere) return {};

  const std::string measured = fmt::format("yours / right = {:.4g} everywhere: ", ratio);
  if (const Guess words = factor_in_words(ratio, sizes)) return measured + *words;
  const Guess of_opposite = ratio < 0 ? factor_in_words(-ratio, sizes) : std::nullopt;
  if (of_opposite) return measured + "the sign is wrong, and " + *of_opposite;
  return measured + "one factor too many or missing";
}

/// Is `yours` the right tensor with two dimensions exchanged, or its elements in that order?
Guess transposed(const ComparedElements& e, const Tensor& right) {
  const auto is_yours = [&](const Tensor& x) {
    const std::vector<double> elements = elements_as_double(x);
    return e.all([&](size_t i) { return e.same(e.yours[i], elements[i]); });
  };
  for (int64_t i = 0; i < right.dim(); ++i) {
    for (int64_t j = i + 1; j < right.dim(); ++j) {
      if (right.size(i) < 2 || right.size(j) < 2) continue;
      const Tensor exchanged = right.detach().transpose(i, j);
      if (!is_yours(exchanged)) continue;
      if (exchanged.sizes() == e.sizes)
        return fmt::format("transposed: dimensions {} and {} are exchanged", i, j);
      return fmt::format(
          "the elements are in the order of a tensor with dimensions {} and {} exchanged: view or "
          "reshape was used where transpose is meant",
          i, j);
    }
  }
  return {};
}

/// Is one step of dimension d the only one that is right, or the only one that is wrong?
Guess only_step(const ComparedElements& e, size_t d, int64_t step, const char* name) {
  const auto inside = [&](size_t i) {
    return index_of(static_cast<int64_t>(i), e.sizes)[d] == step;
  };
  const auto outside = [&](size_t i) { return !inside(i); };
  const auto wrong = [&](size_t i) { return !e.is_right(i); };
  const int64_t all_inside = e.count(inside);
  const int64_t all_outside = e.count(outside);
  if (all_inside < 2 || all_outside == 0) return {};  // one element says too little
  const int64_t wrong_inside = e.count([&](size_t i) { return inside(i) && wrong(i); });
  const int64_t wrong_outside = e.count([&](size_t i) { return outside(i) && wrong(i); });
  const bool zero_outside = e.all([&](size_t i) { return inside(i) || e.yours[i] == 0; });
  const bool mostly_wrong_inside = 4 * wrong_inside >= 3 * all_inside;
  const bool mostly_wrong_outside = 4 * wrong_outside >= 3 * all_outside;
  if (wrong_inside == 0 && zero_outside)
    return fmt::format("only the {} step of dimension {} has a value, the others are zero", name,
                       d);
  if (wrong_inside == 0 && mostly_wrong_outside && e.sizes[d] > 2)
    return fmt::format("only the {} step of dimension {} is right", name, d);
  if (wrong_outside == 0 && mostly_wrong_inside)
    return fmt::format("only the {} step of dimension {} is wrong", name, d);
  return {};
}

Guess only_first_or_last_step(const ComparedElements& e) {
  for (size_t d = 0; d < e.sizes.size(); ++d) {
    const int64_t last = e.sizes[d] - 1;
    if (last < 1) continue;
    if (Guess found = only_step(e, d, 0, "first")) return found;
    if (Guess found = only_step(e, d, last, "last")) return found;
  }
  return {};
}

Guess wrong_at_zeros(const ComparedElements& e) {
  const auto wrong = [&](size_t i) { return !e.is_right(i); };
  const auto masked = [&](size_t i) { return e.right[i] == 0; };
  const int64_t all_wrong = e.count(wrong);
  const int64_t wrong_masked = e.count([&](size_t i) { return wrong(i) && masked(i); });
  if (wrong_masked == all_wrong && e.count(masked) < e.count(any_element))
    return fmt::format("only the masked entries are wrong: {} that must be 0 are not", all_wrong);
  const int64_t wrong_zeros = e.count([&](size_t i) { return wrong(i) && e.yours[i] == 0; });
  if (wrong_zeros == all_wrong)
    return fmt::format("{} entries are 0 that must not be, the others are right (masked too much?)",
                       all_wrong);
  return {};
}

Guess shifted(const ComparedElements& e) {
  for (size_t d = 0; d < e.sizes.size(); ++d) {
    const auto [outer, size, inner] = outer_size_inner(e.sizes, d);
    if (size < 3) continue;
    for (const int64_t by : {1, -1}) {
      bool fits = true;
      for (int64_t i = 0; fits && i < outer * size * inner; ++i) {
        const int64_t from = i / inner % size + by;
        if (from < 0 || from >= size) continue;
        fits =
            e.same(e.yours[static_cast<size_t>(i)], e.right[static_cast<size_t>(i + by * inner)]);
      }
      if (fits) return fmt::format("shifted by one step along dimension {}", d);
    }
  }
  return {};
}

Guess wrong_signs(const ComparedElements& e) {
  const auto same_size = [&](size_t i) {
    return e.same(std::abs(e.yours[i]), std::abs(e.right[i]));
  };
  if (!e.all(same_size)) return {};
  if (e.count(any_element) < 2) return "the sign is wrong";
  return "the sign of some elements is wrong, their absolute value is right";
}

/// Whether `number(i)` is the same for all elements that differ in their index of dimension d only.
template <class Number>
bool constant_along(const ComparedElements& e, size_t d, const Number& number) {
  const auto [outer, size, inner] = outer_size_inner(e.sizes, d);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const double first = number(static_cast<size_t>(o * size * inner + i));
      const double tolerance = 1e-6 * (std::abs(first) + 1e-3);
      for (int64_t s = 1; s < size; ++s) {
        const double other = number(static_cast<size_t>((o * size + s) * inner + i));
        if (!(std::abs(other - first) <= tolerance)) return false;
      }
    }
  }
  return true;
}

Guess constant_along_a_dimension(const ComparedElements& e) {
  const bool no_zeros = e.all([&](size_t i) { return e.right[i] != 0; });
  for (size_t d = e.sizes.size(); d-- > 0;) {
    if (e.sizes[d] < 3) continue;
    if (constant_along(e, d, [&](size_t i) { return e.yours[i] - e.right[i]; }))
      return fmt::format(
          "yours - right is constant along dimension {}: a sum or mean over it is missing or one "
          "too many",
          d);
    if (no_zeros && constant_along(e, d, [&](size_t i) { return e.yours[i] / e.right[i]; }))
      return fmt::format(
          "yours / right is constant along dimension {} and differs between its rows: the scale of "
          "each row is wrong or missing",
          d);
  }
  return {};
}

}  // namespace

std::string guess_mistake(const ComparedElements& elements, const Tensor& right,
                          const std::vector<int64_t>& more_sizes) {
  const std::function<Guess()> guesses[] = {
      [&] { return not_finite(elements); },
      [&] { return zero(elements); },
      [&] { return lost_precision(elements); },
      [&] { return constant_factor(elements, possible_sizes(elements.sizes, more_sizes)); },
      [&] { return transposed(elements, right); },
      [&] { return only_first_or_last_step(elements); },
      [&] { return wrong_at_zeros(elements); },
      [&] { return shifted(elements); },
      [&] { return wrong_signs(elements); },
      [&] { return constant_along_a_dimension(elements); },
  };
  for (const auto& guess : guesses)
    if (const Guess mistake = guess()) return *mistake;
  return "";
}

}  // namespace gradus
