// Tensors as PyTorch prints them: one form and one width for all numbers, large tensors cut to
// their corners.
#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "tensor/tensor.h"

namespace gradus {
namespace {

constexpr int64_t kShowAll = 1000;  // more elements than these are cut
constexpr int64_t kEnd = 3;         // to so many at either end of a dimension
constexpr size_t kLine = 80;

constexpr const char *kWhole = "{:.0f}.", *kFixed = "{:.4f}", *kExponent = "{:.4e}";

/// Whether a column is at least as wide as this value. Zeros, infinities and NaNs have no say.
template <class T>
bool sets_width(T value) {
  return std::is_same_v<T, bool> || (std::isfinite(static_cast<double>(value)) && value != T{0});
}

/// One form for all values of a tensor, chosen by those that set the width.
template <class T>
const char* form_of(const std::vector<T>& values) {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  bool whole = true;
  for (const T value : values) {
    if (!sets_width(value)) continue;
    const double size = std::abs(static_cast<double>(value));
    least = std::min(least, size);
    most = std::max(most, size);
    whole = whole && size == std::floor(size);
  }
  if (most == 0) return kWhole;
  if (most / least > 1000 || most > 1e8 || least < 1e-4) return kExponent;
  return whole ? kWhole : kFixed;
}

template <class T>
std::string text(T value, const char* form) {
  if constexpr (std::is_same_v<T, bool>) return value ? "True" : "False";
  if constexpr (std::is_same_v<T, int64_t>) return fmt::format("{}", value);
  const auto x = static_cast<double>(value);
  if (!std::isfinite(x))
    return std::isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";  // fmt shows the sign of a NaN
  return fmt::format(fmt::runtime(form), x);
}

/// The elements of a tensor as texts, put into nested brackets.
class Layout {
 public:
  explicit Layout(const Tensor& x) : sizes_(x.sizes()), cuts_(x.numel() > kShowAll) {
    dispatch(x.dtype(), [&]<class T>() {
      std::vector<T> values;
      collect(x.data<T>(), x.strides(), 0, values);
      const char* form = form_of(values);
      for (const T value : values) {
        texts_.push_back(text<T>(value, form));
        if (sets_width<T>(value)) width_ = std::max(width_, texts_.back().size());
      }
    });
  }

  /// Dimension d and those behind it, the bracket `indent` columns from the left. Takes the texts
  /// in order: call it once.
  std::string brackets(size_t d, size_t indent) {
    if (d == sizes_.size()) return fmt::format("{:>{}}", texts_[next_++], width_);
    const size_t behind = sizes_.size() - d - 1;
    const size_t in_line = behind > 0 ? 1 : std::max<size_t>(1, (kLine - indent) / (width_ + 2));
    const std::string new_line =
        "," + std::string(std::max<size_t>(1, behind), '\n') + std::string(indent + 1, ' ');
    std::vector<std::string> parts;
    for (int64_t i = 0; i < sizes_[d]; ++i) {
      if (cut_at(d, i)) {
        parts.push_back(behind > 0 ? "..." : " ...");
        i = sizes_[d] - kEnd;
      }
      parts.push_back(brackets(d + 1, indent + 1));
    }
    std::string out = "[" + parts[0];
    for (size_t i = 1; i < parts.size(); ++i)
      out += (i % in_line == 0 ? new_line : ", ") + parts[i];
    return out + "]";
  }

 private:
  /// Whether the dots stand in the place of element i.
  bool cut_at(size_t d, int64_t i) const { return cuts_ && i == kEnd && sizes_[d] > 2 * kEnd; }

  template <class T>
  void collect(const T* from, const Shape& strides, size_t d, std::vector<T>& values) const {
    if (d == sizes_.size()) return values.push_back(*from);
    for (int64_t i = 0; i < sizes_[d]; ++i) {
      if (cut_at(d, i)) i = sizes_[d] - kEnd;
      collect(from + i * strides[d], strides, d + 1, values);
    }
  }

  const Shape sizes_;
  const bool cuts_;
  std::vector<std::string> texts_;
  size_t width_ = 1, next_ = 0;
};

}  // namespace

std::string to_string(const Tensor& x) {
  if (!x.defined()) return "tensor(undefined)";
  const std::string opening = "tensor(";
  const bool empty = x.numel() == 0;
  std::string out = opening + (empty ? "[]" : Layout(x).brackets(0, opening.size()));
  const std::string sizes = to_string(x.sizes());

  // What the numbers do not show, on a line of its own where the last one is full.
  size_t line = out.size() - (out.rfind('\n') + 1) + 2;
  const auto add = [&](const std::string& suffix) {
    const bool fits = line + suffix.size() + 2 <= kLine;
    out += (fits ? ", " : ",\n" + std::string(opening.size(), ' ')) + suffix;
    line = (fits ? line + 2 : opening.size()) + suffix.size();
  };
  if (empty && x.dim() != 1) add("size=(" + sizes.substr(1, sizes.size() - 2) + ")");
  if (x.dtype() == kFloat64 || (empty && x.dtype() != kFloat32))
    add(fmt::format("dtype=torch.{}", x.dtype()));
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) { return out << to_string(x); }

}  // namespace gradus
