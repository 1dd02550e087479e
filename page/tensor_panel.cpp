#include <algorithm>
#include <cmath>

#include "page/panels.h"

namespace gradus::page {
namespace {

constexpr int kBins = 24;

/// The numbers of finite elements in bins of equal width from low to high.
Json histogram(const std::vector<double>& values, double low, double high) {
  std::vector<int64_t> counts(low < high ? kBins : 1);
  const double width = (high - low) / static_cast<double>(counts.size());
  for (const double x : values) {
    if (!std::isfinite(x)) continue;
    const double bin = width > 0 ? (x - low) / width : 0;
    ++counts[std::min(counts.size() - 1, static_cast<size_t>(bin))];
  }
  return {{"low", number(low)}, {"high", number(high)}, {"counts", counts}};
}

}  // namespace

Json statistics(const std::vector<double>& values) {
  int64_t nans = 0;
  int64_t infinities = 0;
  int64_t finite = 0;
  double sum = 0;
  double low = INFINITY;
  double high = -INFINITY;
  for (const double x : values) {
    nans += std::isnan(x) ? 1 : 0;
    infinities += std::isinf(x) ? 1 : 0;
    if (!std::isfinite(x)) continue;
    ++finite;
    sum += x;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  Json json = {{"count", values.size()}, {"nan", nans}, {"inf", infinities}};
  if (finite == 0) return json;
  const double mean = sum / static_cast<double>(finite);
  double squares = 0;
  for (const double x : values)
    if (std::isfinite(x)) squares += (x - mean) * (x - mean);
  json["mean"] = number(mean);
  json["std"] = number(std::sqrt(squares / static_cast<double>(finite)));
  json["min"] = number(low);
  json["max"] = number(high);
  json["histogram"] = histogram(values, low, high);
  return json;
}

Json tensor_panel(const std::string& name, const Tensor& x, const TableOptions& options) {
  const int64_t dims = x.dim();
  check_labels("tensor", "axes", options.axes, dims);
  check_labels("tensor", "rows", options.rows, dims < 2 ? 1 : x.size(-2));
  check_labels("tensor", "columns", options.columns, dims < 1 ? 1 : x.size(-1));
  const std::vector<double> values = elements(x);
  Json json = {{"type", "tensor"},
               {"title", name},
               {"note", options.note},
               {"dtype", to_string(x.dtype())},
               {"strides", x.strides().vec()},
               {"offset", x.storage_offset()},
               {"contiguous", x.is_contiguous()},
               {"axes", options.axes},
               {"rows", options.rows},
               {"columns", options.columns},
               {"statistics", statistics(values)}};
  json["values"] = tensor_values(x.sizes(), values);
  return json;
}

}  // namespace gradus::page
