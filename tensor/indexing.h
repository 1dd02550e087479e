// The indices of x.index({...}) and x.index_put_({...}, value). Names and meaning are those of
// torch::indexing: https://pytorch.org/cppdocs/notes/tensor_indexing.html
//
//   Python                   here
//   x[1:3, ..., 0]           x.index({Slice(1, 3), Ellipsis, 0})
//   x[:, None, ids]          x.index({Slice(), None, ids})
//   x[mask] = 0              x.index_put_({mask}, 0)
#pragma once
#include <iosfwd>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::indexing {

/// As an index, a new dimension of size 1. In a Slice, a bound that is not given.
inline constexpr std::nullopt_t None = std::nullopt;

/// The type of Ellipsis.
struct EllipsisIndexType {};
/// All dimensions that the other indices leave. The text "..." is the same.
inline constexpr EllipsisIndexType Ellipsis{};

/// start:stop:step along a dimension. Bounds may be negative or too large, as in Python; the step
/// must be positive.
class Slice {
 public:
  Slice(std::optional<int64_t> start = {}, std::optional<int64_t> stop = {},
        std::optional<int64_t> step = {})
      : start_(start.value_or(0)),
        stop_(stop.value_or(std::numeric_limits<int64_t>::max())),
        step_(step.value_or(1)) {}

  int64_t start() const { return start_; }
  int64_t stop() const { return stop_; }
  int64_t step() const { return step_; }
  /// "1:5:2"
  friend std::ostream& operator<<(std::ostream& out, const Slice& slice);

 private:
  int64_t start_;
  int64_t stop_;
  int64_t step_;
};

/// One index: None, Ellipsis, an integer, a bool, a Slice, or a tensor of int64 or bool.
class TensorIndex {
 public:
  // NOLINTBEGIN: implicit, so that the braces of index({...}) may hold any of them.
  TensorIndex(std::nullopt_t) : kind_(Kind::none) {}
  TensorIndex(EllipsisIndexType) : kind_(Kind::ellipsis) {}
  TensorIndex(const char* text) : kind_(Kind::ellipsis) {
    check(text != nullptr && std::string_view(text) == "...",
          "index: the only text that is an index is \"...\", got \"{}\"", text ? text : "");
  }
  template <std::integral I>
  TensorIndex(I value)
      : kind_(std::is_same_v<I, bool> ? Kind::boolean : Kind::integer),
        integer_(static_cast<int64_t>(value)) {
    check(fits<int64_t>(value), "index: {} does not fit into int64", value);
  }
  TensorIndex(const Slice& slice) : kind_(Kind::slice), slice_(slice) {}
  TensorIndex(Tensor tensor) : kind_(Kind::tensor), tensor_(std::move(tensor)) {}
  // NOLINTEND

  bool is_none() const { return kind_ == Kind::none; }
  bool is_ellipsis() const { return kind_ == Kind::ellipsis; }
  bool is_integer() const { return kind_ == Kind::integer; }
  bool is_boolean() const { return kind_ == Kind::boolean; }
  bool is_slice() const { return kind_ == Kind::slice; }
  bool is_tensor() const { return kind_ == Kind::tensor; }
  int64_t integer() const { return integer_; }
  bool boolean() const { return integer_ != 0; }
  const Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return tensor_; }
  /// "None", "...", "3", "true", "1:5:2", or the tensor.
  friend std::ostream& operator<<(std::ostream& out, const TensorIndex& index);
  /// "(..., 3, 1:5:2)"
  friend std::ostream& operator<<(std::ostream& out, const std::vector<TensorIndex>& indices);

 private:
  enum class Kind : uint8_t { none, ellipsis, integer, boolean, slice, tensor };
  Kind kind_;
  int64_t integer_ = 0;  // or the bool
  Slice slice_;
  Tensor tensor_;
};

}  // namespace gradus::indexing
