#include "lessons/kit/golden.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "autograd/ops.h"

namespace gradus::lessons::golden {
namespace {

constexpr double kTolerance = 2e-6;

const nlohmann::json& entry_or_null(const std::string& name) {
  static const nlohmann::json lessons = [] {
    const std::string path = GRADUS_GOLDEN_DIR "/lessons.json";
    std::ifstream file(path);
    check(file.good(), "golden: {} cannot be read", path);
    try {
      return nlohmann::json::parse(file).at("lessons");
    } catch (const nlohmann::json::exception& e) {
      fail("golden: {} - {}", path, e.what());
    }
  }();
  static const nlohmann::json none;
  const size_t slash = name.find('/');
  if (slash == name.npos) return none;
  const auto lesson = lessons.find(name.substr(0, slash));
  if (lesson == lessons.end()) return none;
  const auto found = lesson->find(name.substr(slash + 1));
  return found == lesson->end() ? none : *found;
}

const nlohmann::json& entry(const std::string& name) {
  const nlohmann::json& found = entry_or_null(name);
  check(!found.is_null(), "golden: there is no '{}'", name);
  return found;
}

double number(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  const auto text = value.get<std::string>();
  return text == "-inf" ? -INFINITY : text == "inf" ? INFINITY : NAN;
}

}  // namespace

bool has(const std::string& name) { return !entry_or_null(name).is_null(); }

Tensor get(const std::string& name) {
  const nlohmann::json& found = entry(name);
  const bool whole = found.contains("data");
  std::vector<double> values;
  if (!found.contains("shape")) {
    values.push_back(number(found.at("value")));
    return tensor(values, kFloat64).view(Shape{});
  }
  for (const auto& value : found.at(whole ? "data" : "head"))
    values.push_back(number(value));
  const bool whole_numbers = found.at("dtype") == "i64";
  const Tensor list = tensor(values, kFloat64).to(whole_numbers ? kInt64 : kFloat32);
  return whole ? list.view(found.at("shape").get<std::vector<int64_t>>()) : list;
}

Comparison compare(const Tensor& x, const std::string& name) {
  Tensor actual = x.detach();
  Tensor expected = get(name);
  const nlohmann::json& found = entry(name);
  if (found.contains("head")) {
    const auto shape = Shape(found.at("shape").get<std::vector<int64_t>>());
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
