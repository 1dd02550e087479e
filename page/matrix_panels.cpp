// Heat maps and alignments.
#include <algorithm>
#include <cmath>

#include "page/panels.h"

namespace gradus::page {
namespace {

void check_matrix(const char* op, const Tensor& matrix) {
  check(matrix.dim() == 2, "{}: expected a matrix, got a tensor of shape {}", op, matrix.sizes());
}

/// The ends of the colour scale: 0 and the largest absolute value, or its negative if there are
/// negative elements.
std::pair<double, double> colour_scale(const std::vector<double>& values,
                                       const HeatmapOptions& options) {
  double largest = 0;
  bool has_negative = false;
  for (const double x : values) {
    if (!std::isfinite(x)) continue;
    largest = std::max(largest, std::abs(x));
    has_negative = has_negative || x < 0;
  }
  if (largest == 0) largest = 1;
  return {options.low.value_or(has_negative ? -largest : 0), options.high.value_or(largest)};
}

}  // namespace

void check_labels(const char* op, const char* what, const Words& labels, int64_t size) {
  check(labels.empty() || std::ssize(labels) == size, "{}: {} has {} labels, expected {}", op, what,
        labels.size(), size);
}

Words labels_or_numbers(const Words& labels, int64_t size) {
  if (!labels.empty()) return labels;
  Words numbers;
  for (int64_t i = 0; i < size; ++i)
    numbers.push_back(std::to_string(i));
  return numbers;
}

Json heatmap_panel(const std::string& title, const Tensor& matrix, const HeatmapOptions& options) {
  check_matrix("heatmap", matrix);
  check_labels("heatmap", "rows", options.rows, matrix.size(0));
  check_labels("heatmap", "columns", options.columns, matrix.size(1));
  const std::vector<double> values = elements(matrix);
  const auto [low, high] = colour_scale(values, options);
  return {{"type", "heatmap"},
          {"title", title},
          {"note", options.note},
          {"rows", labels_or_numbers(options.rows, matrix.size(0))},
          {"columns", labels_or_numbers(options.columns, matrix.size(1))},
          {"row_axis", options.row_axis},
          {"column_axis", options.column_axis},
          {"low", number(low)},
          {"high", number(high)},
          {"digits", options.digits},
          {"masked_because", options.masked_because},
          {"values", tensor_values(matrix.sizes(), values)}};
}

Json alignment_panel(const std::string& title, const Words& source, const Words& target,
                     const Tensor& weights) {
  check_matrix("alignment", weights);
  check(!source.empty() && !target.empty(), "alignment: there are no words");
  check(std::ssize(target) == weights.size(0) && std::ssize(source) == weights.size(1),
        "alignment: {} target and {} source words, and weights of shape {}; expected one row for "
        "each target word, one column for each source word",
        target.size(), source.size(), weights.sizes());
  return {{"type", "alignment"},
          {"title", title},
          {"source", source},
          {"target", target},
          {"weights", tensor_values(weights)}};
}

}  // namespace gradus::page
