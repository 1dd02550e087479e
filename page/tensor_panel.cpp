// A tensor of any shape.
#include <algorithm>
#include <cmath>

#include "page/panels.h"

namespace gradus::page {
namespace {

constexpr int kBins = 24;
constexpr int64_t kFewest = 16;  // elements for a histogram
// A tensor with more elements is shown as a picture of means and a table of its first rows.
constexpr int64_t kMostElements = 32768;
constexpr int64_t kThumbnail = 64;
constexpr int64_t kWindow = 32;

/// The numbers of finite elements in bins of equal width from low to high.
Json histogram(const std::vector<double>& values, double low, double high) {
  std::vector<int64_t> counts(low < high ? kBins : 1);
  const double part = std::isfinite(high - low) ? 1 : 0.5;  // of all numbers: 2e308 is none
  const double width = (part * high - part * low) / static_cast<double>(counts.size());
  for (const double x : values) {
    if (!std::isfinite(x)) continue;
    const double bin = width > 0 ? (part * x - part * low) / width : 0;
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
  if (finite >= kFewest) json["histogram"] = histogram(values, low, high);
  return json;
}

namespace {

/// The digits after the decimal point that tell the elements apart; null if they need exponents.
/// The page has the elements as number() rounds them: row sums of 1 and 0.99999994 need no digits.
Json digits_of(const std::vector<double>& values) {
  double largest = 0;
  bool has_fractions = false;
  for (const double x : values) {
    if (!std::isfinite(x)) continue;
    largest = std::max(largest, std::abs(x));
    if (has_fractions || x == std::trunc(x)) continue;
    const auto rounded = number(x).get<double>();
    has_fractions = rounded != std::trunc(rounded);
  }
  largest = number(largest).get<double>();
  if (largest >= 1e6 || (has_fractions && largest < 1e-2)) return nullptr;
  if (!has_fractions) return 0;
  return largest >= 1000 ? 1 : largest >= 100 ? 2 : largest >= 10 ? 3 : 4;
}

/// The index of the first element that is not finite; empty if there is none.
std::vector<int64_t> first_bad(const std::vector<double>& values, const Shape& sizes) {
  const auto found =
      std::find_if(values.begin(), values.end(), [](double x) { return !std::isfinite(x); });
  if (found == values.end()) return {};
  return index_of(found - values.begin(), sizes).vec();
}

/// Means of the finite elements in blocks of the first matrix, which make at most 64 x 64 cells.
Json thumbnail(const std::vector<double>& values, int64_t rows, int64_t columns) {
  const auto block_size = [](int64_t size) { return (size + kThumbnail - 1) / kThumbnail; };
  const int64_t block_rows = block_size(rows);
  const int64_t block_columns = block_size(columns);
  const int64_t height = (rows + block_rows - 1) / block_rows;
  const int64_t width = (columns + block_columns - 1) / block_columns;
  const auto cells = static_cast<size_t>(height * width);
  std::vector<double> sums(cells);
  std::vector<int64_t> counts(cells);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      const double x = values[static_cast<size_t>(i * columns + j)];
      if (!std::isfinite(x)) continue;
      const auto cell = static_cast<size_t>(i / block_rows * width + j / block_columns);
      sums[cell] += x;
      ++counts[cell];
    }
  for (size_t cell = 0; cell < cells; ++cell)
    sums[cell] = counts[cell] ? sums[cell] / static_cast<double>(counts[cell]) : NAN;
  Json json = tensor_values({height, width}, sums);
  json["note"] =
      fmt::format("each cell is the mean of {} x {} elements", block_rows, block_columns);
  return json;
}

/// The first rows and columns of the first matrix.
Json first_window(const std::vector<double>& values, int64_t rows, int64_t columns) {
  const int64_t height = std::min(rows, kWindow);
  const int64_t width = std::min(columns, kWindow);
  std::vector<double> part;
  for (int64_t i = 0; i < height; ++i) {
    const auto row = values.begin() + i * columns;
    part.insert(part.end(), row, row + width);
  }
  return tensor_values({height, width}, part);
}

}  // namespace

Json tensor_panel(const std::string& name, const Tensor& x, const TableOptions& options) {
  check(x.defined(), "tensor: '{}' is undefined, it was never given a value", name);
  const int64_t dims = x.dim();
  const int64_t rows = dims < 2 ? 1 : x.size(-2);
  const int64_t columns = dims < 1 ? 1 : x.size(-1);
  check_labels("tensor", "axes", options.axes, dims);
  check_labels("tensor", "rows", options.rows, rows);
  check_labels("tensor", "columns", options.columns, columns);
  const std::vector<double> values = elements(x);
  Json json = {{"type", "tensor"},
               {"title", name},
               {"note", options.note},
               {"shape", x.sizes().vec()},
               {"dtype", to_string(x.dtype())},
               {"strides", x.strides().vec()},
               {"offset", x.storage_offset()},
               {"contiguous", x.is_contiguous()},
               {"axes", options.axes},
               {"rows", options.rows},
               {"columns", options.columns},
               {"digits", digits_of(values)},
               {"statistics", statistics(values)}};
  json["statistics"]["first_bad"] = first_bad(values, x.sizes());
  if (x.numel() <= kMostElements) {
    json["values"] = tensor_values(x.sizes(), values);
  } else {
    json["thumbnail"] = thumbnail(values, rows, columns);
    json["window"] = first_window(values, rows, columns);
    const auto shorten = [](const Words& labels) {
      return Words(labels.begin(), labels.begin() + std::min<int64_t>(std::ssize(labels), kWindow));
    };
    json["rows"] = shorten(options.rows);
    json["columns"] = shorten(options.columns);
  }
  return json;
}

}  // namespace gradus::page
