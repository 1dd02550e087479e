#include "lessons/kit/golden.h"

#include <cmath>

#include "lessons/kit/golden_entries.h"
#include "lessons/kit/golden_tensors.h"

namespace gradus::lessons::golden {
namespace {

constexpr double kTolerance = 2e-6;

/// The shape of the tensor of which the entry has a summary.
Shape summarised_shape(const nlohmann::ordered_json& summary) {
  return summary.at("shape").get<std::vector<int64_t>>();
}

}  // namespace

bool has(const std::string& name) {
  if (tensors().contains(name)) return true;
  const nlohmann::ordered_json& found = entry_or_null(name);
  return found.contains("head") || found.contains("value");
}

Tensor get(const std::string& name) {
  const auto found = tensors().find(name);
  if (found != tensors().end()) return found->second;
  check(has(name), "golden: there is no '{}'", name);
  const nlohmann::ordered_json& facts = entry(name);
  if (facts.contains("value")) return tensor(facts.at("value").get<double>(), kFloat64);
  return tensor(facts.at("head").get<std::vector<double>>(), kFloat32);
}

Comparison compare(const Tensor& x, const std::string& name) {
  Tensor actual = x.detach();
  Tensor expected = get(name);
  const nlohmann::ordered_json& summary = entry_or_null(name);
  if (summary.contains("head")) {
    const Shape shape = summarised_shape(summary);
    if (!(actual.sizes() == shape))
      return {false, INFINITY, fmt::format("shape {} instead of {}", actual.sizes(), shape)};
    actual = actual.flatten().narrow(0, 0, expected.numel());
  }
  return compare(actual, expected, kTolerance);
}

Comparison compare(const Tensor& a, const Tensor& b, double tolerance) {
  if (!(a.sizes() == b.sizes()))
    return {false, INFINITY, fmt::format("shape {} instead of {}", a.sizes(), b.sizes())};
  const Tensor p = a.detach().to(kFloat64).contiguous();
  const Tensor q = b.detach().to(kFloat64).contiguous();
  Comparison result{true, 0, ""};
  for (int64_t i = 0; i < p.numel(); ++i) {
    const double x = p.data_ptr<double>()[i];
    const double y = q.data_ptr<double>()[i];
    const bool both_nan = std::isnan(x) && std::isnan(y);
    const double difference = x == y || both_nan     ? 0
                              : std::isfinite(x - y) ? std::abs(x - y)
                                                     : INFINITY;
    if (difference > result.largest_difference) {
      result.largest_difference = difference;
      if (difference > tolerance) {
        result.same = false;
        result.where = fmt::format("{:.9g} instead of {:.9g}", x, y);
      }
    }
  }
  return result;
}

}  // namespace gradus::lessons::golden
