#include "tensor/shape.h"

#include <fmt/ranges.h>

#include <ostream>

namespace gradus {

Shape Shape::filled(size_t size, int64_t value) {
  const std::array<int64_t, kMaxDims> none{};
  Shape shape;
  shape.assign(none.data(), size);
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
  for (const int64_t size :
       sizes) {  // sizes beside a 0 are counted too: strides are their products
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
    __builtin_mul_overflow(step, std::max<int64_t>(sizes[d], 1),
                           &step);  // numel() refuses sizes for which it wraps
  }
  return strides;
}

Shape index_of(int64_t i, const Shape& sizes) {
  Shape index = sizes;
  for (size_t d = sizes.size(); d-- > 0; i /= sizes[d])
    index[d] = i % sizes[d];
  return index;
}

std::array<int64_t, 3> around(const Shape& sizes, size_t d) {
  std::array<int64_t, 3> ARC{1, 1, 1};
  for (size_t i = 0; i < sizes.size(); ++i)
    ARC[i < d ? 0 : i == d ? 1 : 2] *= sizes[i];
  return ARC;
}

size_t wrap_dim(const char* op, int64_t dim, size_t dims) {
  const int64_t count =
      std::max<int64_t>(static_cast<int64_t>(dims), 1);  // a number takes 0 and -1, as in PyTorch
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
          "{}: {} and {} do not broadcast - size {} meets {} at dimension -{}", op, a, b, p, q, i);
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
