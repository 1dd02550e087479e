#include "tensor/shape.h"

#include <fmt/ranges.h>

#include <ostream>

namespace gradus {

Shape Shape::filled(size_t size, int64_t value) {
  const std::array<int64_t, kMaxDims> zeros{};
  Shape shape;
  shape.assign(zeros.data(), size);
  std::fill(shape.begin(), shape.end(), value);
  return shape;
}

void Shape::insert(size_t at, int64_t value) {
  check(size_ < kMaxDims, "shape: a tensor has at most {} dimensions, got {}", kMaxDims, size_ + 1);
  std::copy_backward(begin() + at, end(), end() + 1);
  values_[at] = value;
  ++size_;
}

void Shape::erase(size_t at) {
  std::copy(begin() + at + 1, end(), begin() + at);
  --size_;
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }

int64_t numel(const char* op, const Shape& sizes) {
  int64_t count = 1;
  bool fits = true;
  bool empty = false;
  // A 0 counts as 1 here: the strides, which are products of sizes, must be in range as well.
  for (const int64_t size : sizes) {
    check(size >= 0, "{}: a shape has no negative sizes, got {}", op, sizes);
    empty |= size == 0;
    fits &= !__builtin_mul_overflow(count, std::max<int64_t>(size, 1), &count);
  }
  check(fits, "{}: a tensor of shape {} has more elements than can be counted", op, sizes);
  check(count < int64_t{1} << 58, "{}: a tensor of shape {} has more elements than memory can hold",
        op, sizes);
  return empty ? 0 : count;
}

Shape contiguous_strides(const Shape& sizes) {
  Shape strides = sizes;
  int64_t step = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides[d] = step;
    // Sizes for which this overflows are an error of numel().
    __builtin_mul_overflow(step, std::max<int64_t>(sizes[d], 1), &step);
  }
  return strides;
}

Shape index_of(int64_t i, const Shape& sizes) {
  Shape index = sizes;
  for (size_t d = sizes.size(); d-- > 0; i /= sizes[d])
    index[d] = i % sizes[d];
  return index;
}

OuterSizeInner outer_size_inner(const Shape& sizes, size_t d) {
  OuterSizeInner result;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i < d)
      result.outer *= sizes[i];
    else if (i == d)
      result.size *= sizes[i];
    else
      result.inner *= sizes[i];
  }
  return result;
}

size_t wrap_dim(const char* op, int64_t dim, size_t dims) {
  // A tensor without dimensions accepts 0 and -1.
  const int64_t count = std::max<int64_t>(static_cast<int64_t>(dims), 1);
  check(-count <= dim && dim < count,
        "{}: dimension {} is out of range for a tensor of {} dimensions", op, dim, dims);
  return static_cast<size_t>(dim < 0 ? dim + count : dim);
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape out = Shape::filled(std::max(a.size(), b.size()), 1);
  for (size_t i = 1; i <= out.size(); ++i) {  // from the last dimension
    const int64_t p = i <= a.size() ? a[a.size() - i] : 1;
    const int64_t q = i <= b.size() ? b[b.size() - i] : 1;
    check(p == q || p == 1 || q == 1,
          "{}: {} and {} do not broadcast - sizes {} and {} differ at dimension -{}", op, a, b, p,
          q, i);
    out[out.size() - i] = p == 1 ? q : p;
  }
  return out;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  for (size_t i = 1; i <= from.size(); ++i) {
    if (from[from.size() - i] != 1 && from[from.size() - i] != to[to.size() - i]) return false;
  }
  return true;
}

}  // namespace gradus
