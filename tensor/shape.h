// Shape: the sizes or strides of a tensor, and functions of them.
#pragma once
#include <algorithm>
#include <array>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/kernels/max_dims.h"

namespace gradus {

/// Sizes, strides, or a list of dimensions: up to kMaxDims integers, stored in the object itself. A
/// function that takes one can be called with braces, a vector or one integer: zeros({2, 3}),
/// zeros(3).
class Shape {
 public:
  static constexpr size_t kMaxDims = kernels::kMaxDims;

  Shape() = default;
  // NOLINTBEGIN: implicit, so that a call may give braces, a vector or an integer.
  Shape(std::initializer_list<int64_t> list) { assign(list.begin(), list.size()); }
  Shape(const std::vector<int64_t>& list) { assign(list.data(), list.size()); }
  template <std::integral I>
  Shape(I value) : size_(1) {
    values_[0] = static_cast<int64_t>(value);
  }
  // NOLINTEND
  Shape(const int64_t* first, const int64_t* last) {
    assign(first, static_cast<size_t>(last - first));
  }
  static Shape filled(size_t size, int64_t value);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* begin() { return values_.data(); }
  int64_t* end() { return values_.data() + size_; }
  const int64_t* begin() const { return values_.data(); }
  const int64_t* end() const { return values_.data() + size_; }
  const int64_t* data() const { return values_.data(); }
  int64_t& operator[](size_t i) { return values_[in_range(i)]; }
  int64_t operator[](size_t i) const { return values_[in_range(i)]; }
  int64_t front() const { return (*this)[0]; }
  int64_t back() const { return (*this)[size_ - 1]; }
  std::vector<int64_t> vec() const { return {begin(), end()}; }

  void push_back(int64_t value) { insert(size_, value); }
  void insert(size_t at, int64_t value);
  void erase(size_t at);

  friend bool operator==(const Shape& a, const Shape& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void assign(const int64_t* values, size_t size) {
    check(size <= kMaxDims, "shape: a tensor has at most {} dimensions, got {}", kMaxDims, size);
    size_ = static_cast<uint8_t>(size);
    std::copy_n(values, size, values_.begin());
  }
  size_t in_range(size_t i) const {
    if (i >= size_) [[unlikely]]
      fail("shape: index {} of a list of {}", i, size_);
    return i;
  }
  uint8_t size_ = 0;
  std::array<int64_t, kMaxDims> values_;
};
/// PyTorch's name of a list of sizes.
using IntArrayRef = Shape;
static_assert(std::is_trivially_destructible_v<Shape>);

/// "[2, 3]"
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// The number of elements: the product of the sizes. Throws if a size is negative or the number is
/// too large; the message begins with the op.
int64_t numel(const char* op, const Shape& sizes);
/// The strides of a contiguous tensor in row-major order.
Shape contiguous_strides(const Shape& sizes);
/// The index of the i-th element in row-major order.
Shape index_of(int64_t i, const Shape& sizes);
/// A contiguous tensor as `outer` blocks of `size` rows of `inner` elements: `size` is the size of
/// one dimension, `outer` the product of the sizes to its left and `inner` that to its right.
struct OuterSizeInner {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};
OuterSizeInner outer_size_inner(const Shape& sizes, size_t d);
/// The dimension of a tensor of `dims` dimensions that `dim` means: -1 is the last one. Throws if
/// it is out of range; the message begins with the op.
size_t wrap_dim(const char* op, int64_t dim, size_t dims);
/// The shape that a and b broadcast to.
Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);
/// Whether `from` can be broadcast to `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::Shape> : gradus::ToStringFormatter {};
