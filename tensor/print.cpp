// Tensors as PyTorch prints them. Source: torch/_tensor_str.py of PyTorch. Its rules:
//   - A tensor of more than 1000 elements is summarised: of each dimension larger than 6, only the
//     first and last 3 entries are printed, with dots between them.
//   - All printed numbers have one format. Integers: "2", or "2." if the dtype is floating. Else 4
//     digits after the point, "2.0000"; scientific, "2.0000e+00", if the absolute values differ by
//     more than a factor 1000, or one is above 1e8 or below 1e-4. Zeros, infinities and NaNs are
//     not counted.
//   - All columns have the width of the widest number, again without zeros, infinities and NaNs.
//   - A line has at most 80 characters. The last dimension is broken where it is full; other
//     dimensions are separated by line breaks, one more for each dimension further out.
#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "tensor/tensor.h"

namespace gradus {
namespace {

constexpr int64_t kSummaryThreshold = 1000;
constexpr int64_t kEdgeItems = 3;
constexpr size_t kLineWidth = 80;

constexpr const char* kInteger = "{:.0f}.";
constexpr const char* kFixed = "{:.4f}";
constexpr const char* kScientific = "{:.4e}";

/// Whether this number affects the format and width of all numbers.
template <class T>
bool decides_format(T value) {
  return std::is_same_v<T, bool> || (std::isfinite(static_cast<double>(value)) && value != T{0});
}

/// The format of all numbers of a tensor.
template <class T>
const char* choose_format(const std::vector<T>& values) {
  double smallest = std::numeric_limits<double>::infinity();
  double largest = 0;
  bool all_integers = true;
  for (const T value : values) {
    if (!decides_format(value)) continue;
    const double magnitude = std::abs(static_cast<double>(value));
    smallest = std::min(smallest, magnitude);
    largest = std::max(largest, magnitude);
    all_integers = all_integers && magnitude == std::floor(magnitude);
  }
  if (largest == 0) return kInteger;
  if (largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4) return kScientific;
  return all_integers ? kInteger : kFixed;
}

/// `format` is for floating-point numbers.
template <class T>
std::string number_text(T value, const char* format) {
  if constexpr (std::is_same_v<T, bool>) return value ? "True" : "False";
  if constexpr (std::is_same_v<T, int64_t>) return fmt::format("{}", value);
  const auto number = static_cast<double>(value);
  if (std::isnan(number)) return "nan";  // fmt would print its sign
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  return fmt::format(fmt::runtime(format), number);
}

/// Puts the numbers of a tensor into nested brackets.
class Printer {
 public:
  explicit Printer(const Tensor& x)
      : sizes_(x.sizes()), summarised_(x.numel() > kSummaryThreshold) {
    dispatch_stored(x.dtype(), [&]<class T>() {
      std::vector<NumberOf<T>> values;
      collect(x.data<T>(), x.strides(), 0, values);
      const char* format = choose_format(values);
      for (const NumberOf<T> value : values) {
        texts_.push_back(number_text<NumberOf<T>>(value, format));
        if (decides_format<NumberOf<T>>(value)) width_ = std::max(width_, texts_.back().size());
      }
    });
  }

  /// The text of dimension d and all later ones; its bracket is in column `indent`. It consumes
  /// texts_, so it can be called only once.
  std::string brackets(size_t d, size_t indent) {
    if (d == sizes_.size()) return fmt::format("{:>{}}", texts_[next_++], width_);
    const bool last_dimension = d + 1 == sizes_.size();
    const size_t separator_width = 2;  // ", "
    const size_t in_a_line = (kLineWidth - indent) / (width_ + separator_width);
    const size_t per_line = last_dimension ? std::max<size_t>(1, in_a_line) : 1;
    const size_t line_breaks = last_dimension ? 1 : sizes_.size() - d - 1;
    const std::string new_line =
        "," + std::string(line_breaks, '\n') + std::string(indent + 1, ' ');
    std::string out = "[";
    size_t count = 0;
    for (const int64_t i : printed_indices(d)) {
      if (count > 0) out += count % per_line == 0 ? new_line : ", ";
      if (i == kDots)
        out += last_dimension ? " ..." : "...";
      else
        out += brackets(d + 1, indent + 1);
      ++count;
    }
    return out + "]";
  }

 private:
  static constexpr int64_t kDots = -1;

  /// The indices of dimension d that are printed, and kDots where some are left out.
  std::vector<int64_t> printed_indices(size_t d) const {
    const int64_t size = sizes_[d];
    const bool with_dots = summarised_ && size > 2 * kEdgeItems;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < (with_dots ? kEdgeItems : size); ++i)
      indices.push_back(i);
    if (!with_dots) return indices;
    indices.push_back(kDots);
    for (int64_t i = size - kEdgeItems; i < size; ++i)
      indices.push_back(i);
    return indices;
  }

  /// Appends the numbers that are printed.
  template <class T>
  void collect(const T* data, const Shape& strides, size_t d,
               std::vector<NumberOf<T>>& values) const {
    if (d == sizes_.size()) return values.push_back(*data);
    for (const int64_t i : printed_indices(d))
      if (i != kDots) collect(data + i * strides[d], strides, d + 1, values);
  }

  const Shape sizes_;
  const bool summarised_;
  std::vector<std::string> texts_;
  size_t width_ = 1;
  size_t next_ = 0;
};

}  // namespace

std::string to_string(const Tensor& x) {
  if (!x.defined()) return "tensor(undefined)";
  const std::string opening = "tensor(";
  const bool empty = x.numel() == 0;
  std::string out = opening + (empty ? "[]" : Printer(x).brackets(0, opening.size()));
  const std::string sizes = to_string(x.sizes());

  // The size and dtype follow, if the numbers do not show them: on a new line if they do not fit.
  size_t line = out.size() - (out.rfind('\n') + 1) + 2;
  const auto add = [&](const std::string& suffix) {
    const bool fits = line + suffix.size() + 2 <= kLineWidth;
    out += (fits ? ", " : ",\n" + std::string(opening.size(), ' ')) + suffix;
    line = (fits ? line + 2 : opening.size()) + suffix.size();
  };
  if (empty && x.dim() != 1) add("size=(" + sizes.substr(1, sizes.size() - 2) + ")");
  const bool shows_its_dtype = !empty && !x.is_floating_point();
  if (x.dtype() != get_default_dtype() && !shows_its_dtype)
    add(fmt::format("dtype=torch.{}", x.dtype()));
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) { return out << to_string(x); }

std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

std::ostream& operator<<(std::ostream& out, const Scalar& value) {
  if (value.isBoolean()) return out << (value.toBool() ? "true" : "false");
  if (value.isFloatingPoint()) return out << value.toDouble();
  return value.to_double() < 0 ? out << value.toLong() : out << value.to<uint64_t>();
}

}  // namespace gradus
