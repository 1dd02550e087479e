#include "check/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/ops.h"
#include "check/mistakes.h"

namespace gradus {
namespace {

std::vector<bool> known_elements(const Tensor& unknown, const Shape& sizes, size_t count) {
  std::vector<bool> known(count, true);
  if (!unknown.defined()) return known;
  check(unknown.dtype() == kBool && unknown.sizes() == sizes,
        "compare: unknown must be bool and {}, it is {} and {}", sizes, unknown.dtype(),
        unknown.sizes());
  const std::vector<double> left_out = elements_as_double(unknown);
  for (size_t i = 0; i < count; ++i)
    known[i] = left_out[i] == 0;
  return known;
}

/// |a - b|; 0 for two NaNs or two equal infinities, infinite for one NaN.
double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double difference = std::abs(a - b);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

/// The sign of a nan means nothing.
double without_sign_of_nan(double x) {
  return std::isnan(x) ? std::numeric_limits<double>::quiet_NaN() : x;
}

}  // namespace

Difference compare(const Tensor& yours, const Tensor& right, const Tolerance& tolerance,
                   const Tensor& unknown, const std::vector<int64_t>& sizes) {
  check(yours.sizes() == right.sizes(), "compare: yours is {}, the right one is {}", yours.sizes(),
        right.sizes());
  ComparedElements elements{.sizes = right.sizes(),
                            .yours = elements_as_double(yours),
                            .right = elements_as_double(right),
                            .known = {},
                            .tolerance = tolerance};
  elements.known = known_elements(unknown, right.sizes(), elements.size());
  Difference result;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (!elements.known[i]) continue;
    ++result.of;
    result.wrong += !elements.is_right(i);
    const double off = distance(elements.yours[i], elements.right[i]);
    const bool first = result.of == 1;
    if (off <= result.worst && !first) continue;
    result.worst = off;
    result.at = index_of(static_cast<int64_t>(i), elements.sizes);
    result.yours = without_sign_of_nan(elements.yours[i]);
    result.right = without_sign_of_nan(elements.right[i]);
  }
  if (result.wrong > 0) result.guess = guess_mistake(elements, right, sizes);
  return result;
}

std::string to_string(const Difference& d, const char* yours, const char* right) {
  if (d.of == 1) return fmt::format("{} {:.6g}, {} {:.6g}", yours, d.yours, right, d.right);
  return fmt::format("{} {:.6g}, {} {:.6g} at {} ({} of {} elements differ)", yours, d.yours, right,
                     d.right, d.at, d.wrong, d.of);
}

std::string rows_to_string(const Difference& d, const Tensor& yours, const Tensor& right) {
  constexpr int64_t kMostElements = 8;
  if (d.at.empty() || d.of == 1) return "";
  const int64_t C = right.size(-1);
  const int64_t count = std::min(C, kMostElements);
  const int64_t start = std::clamp<int64_t>(d.at.back() - count / 2, 0, C - count);
  const auto row = [&](const Tensor& x) {
    Tensor part = x.detach();
    for (size_t i = 0; i + 1 < d.at.size(); ++i)
      part = part[d.at[i]];
    std::vector<double> elements = elements_as_double(part.narrow(0, start, count));
    for (double& element : elements)
      element = without_sign_of_nan(element);
    return fmt::format("[{}{:.4g}{}]", start > 0 ? "..., " : "", fmt::join(elements, ", "),
                       start + count < C ? ", ..." : "");
  };
  return fmt::format("\n  yours {}\n  right {}", row(yours), row(right));
}

}  // namespace gradus
