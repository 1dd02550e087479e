// Curves, bars and predictions.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "page/panels.h"

namespace gradus::page {

Json curve_panel(const std::string& title, const std::vector<double>& x,
                 const std::vector<Series>& series, const CurveOptions& options) {
  check(!x.empty(), "curve: '{}' has no points", title);
  Json lines = Json::array();
  for (const Series& line : series) {
    check(line.values.size() == x.size(), "curve: '{}' has {} values and x has {}", line.name,
          line.values.size(), x.size());
    lines.push_back({{"name", line.name}, {"values", numbers(line.values)}});
  }
  return {{"type", "curve"},          {"title", title},           {"note", options.note},
          {"x_axis", options.x_axis}, {"y_axis", options.y_axis}, {"log", options.log_scale},
          {"x", numbers(x)},          {"series", lines}};
}

Json bars_panel(const std::string& title, const Words& labels, const Tensor& values) {
  check(values.dim() == 1, "bars: expected one value for each label, got a tensor of shape {}",
        values.sizes());
  check(std::ssize(labels) == values.numel(), "bars: {} labels and {} values", labels.size(),
        values.numel());
  return {{"type", "bars"},
          {"title", title},
          {"labels", labels},
          {"values", numbers(elements(values))}};
}

/// The `top` largest of the softmax of the logits: [{"label", "probability"}].
static Json best(const double* logits, const Words& labels, int top) {
  const size_t count = labels.size();
  const double highest = *std::max_element(logits, logits + count);
  std::vector<double> probabilities(count);
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += probabilities[i] = std::exp(logits[i] - highest);
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  order.resize(std::min(count, static_cast<size_t>(top)));
  Json list = Json::array();
  for (const size_t i : order)
    list.push_back({{"label", labels[i]}, {"probability", number(probabilities[i] / sum)}});
  return list;
}

Json predictions_panel(const std::string& title, const Tensor& logits, const Words& labels,
                       int top) {
  check(logits.dim() >= 1 && logits.size(-1) == std::ssize(labels) && !labels.empty(),
        "predictions: {} labels, and logits of shape {}; expected one logit for each label",
        labels.size(), logits.sizes());
  check(logits.numel() > 0, "predictions: the logits have no rows: {}", logits.sizes());
  check(top > 0, "predictions: top is {}, expected 1 or more", top);
  const std::vector<double> values = elements(logits);
  Json rows = Json::array();
  for (size_t start = 0; start < values.size(); start += labels.size())
    rows.push_back(best(values.data() + start, labels, top));
  return {{"type", "predictions"}, {"title", title}, {"rows", rows}};
}

}  // namespace gradus::page
