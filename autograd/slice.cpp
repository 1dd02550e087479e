// Parts of a tensor along one dimension, and tensors made of parts.
//
// A slice y = x[start:end:step] is a view. Its gradient is
//
//   dx = zeros of x's shape;  dx[start:end:step] = dy          (slice_backward)
//
// and the gradient of that is a slice again. When other gradients have reached x already, dy is
// added to the slice of dx in place: reading all of x in n slices then costs one pass over dx
// instead of n.
#include <fmt/ranges.h>

#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

/// What split, chunk and unbind return at most: a view takes memory, even if it is empty.
constexpr int64_t kMostViews = 1 << 20;

/// Throws if parts of this size are too many.
void check_parts(const char* op, const Tensor& x, int64_t total, int64_t size, int64_t dim) {
  const int64_t parts = total / size + (total % size != 0);
  check(parts <= kMostViews,
        "{}: {} has {} parts of size {} along dimension {}, at most {} views are made", op,
        x.sizes(), parts, size, dim, kMostViews);
}

/// The part [start, end) of a dimension, every step-th entry; the bounds fit the tensor.
struct Range {
  int64_t dim;
  int64_t start;
  int64_t end;
  int64_t step = 1;

  Tensor of(const Tensor& x) const { return slice(x, dim, start, end, step); }
};

/// dx of a slice: zeros of the given sizes with dy in the range.
Tensor slice_backward(const Tensor& dy, const Shape& sizes, const Range& range) {
  const Tensor dx = zeros(sizes, dy.dtype());
  copy_elements(range.of(dx), dy);
  return record("slice_backward", dx, {dy, [range](const Tensor& ddx) { return range.of(ddx); }});
}

/// The view of x with this range. With keeps_dim false the range is one entry and its dimension is
/// removed.
Tensor slice_impl(OpName op, const Tensor& x, const Range& range, bool keeps_dim) {
  const auto d = static_cast<size_t>(range.dim);
  const int64_t offset = x.impl().offset + range.start * x.strides()[d];
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  const int64_t length = range.end - range.start;
  sizes[d] = length / range.step + (length % range.step != 0);
  // A single entry needs no stride, and stride * step could overflow.
  if (sizes[d] > 1) strides[d] *= range.step;
  if (!keeps_dim) {
    sizes.erase(d);
    strides.erase(d);
  }
  const auto with_dim = [keeps_dim, dim = range.dim](const Tensor& dy) {
    return keeps_dim ? dy : unsqueeze(dy, dim);
  };
  return record(op, x.as_view(sizes, strides, offset),
                {x,
                 {[=, x_sizes = x.sizes()](const Tensor& dy) {
                    return slice_backward(with_dim(dy), x_sizes, range);
                  },
                  [=](const Tensor& dx, const Tensor& dy, const Tensor&) {
                    range.of(dx).add_(with_dim(dy));
                  }}});
}

/// The size of x along dim, for an op that divides this dimension into parts.
int64_t size_along(const char* op, const Tensor& x, int64_t dim) {
  check(x.dim() > 0, "{}: a tensor without dimensions has no parts", op);
  return x.sizes()[wrap_dim(op, dim, x.sizes().size())];
}

/// The tensors that contribute to cat: an empty vector goes with any shape, as in PyTorch.
std::vector<Tensor> non_empty_parts(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> parts;
  for (const Tensor& x : tensors) {
    check(x.dim() > 0, "cat: a tensor without dimensions cannot be concatenated; use stack");
    check_same_dtype("cat", tensors[0], x);
    if (x.sizes() != Shape{0}) parts.push_back(x);
  }
  return parts;
}

/// The sizes of the parts one after the other along dimension d.
Shape cat_sizes(const std::vector<Tensor>& parts, size_t d) {
  Shape sizes = parts[0].sizes();
  sizes[d] = 0;
  for (const Tensor& x : parts) {
    Shape expected = sizes;
    const bool same_dims = x.sizes().size() == sizes.size();
    if (same_dims) expected[d] = x.sizes()[d];
    check(same_dims && x.sizes() == expected,
          "cat: {} and {} cannot be concatenated along dimension {}; their other sizes must agree",
          parts[0].sizes(), x.sizes(), d);
    check(!__builtin_add_overflow(sizes[d], x.sizes()[d], &sizes[d]),
          "cat: the sizes are more than can be counted");
  }
  return sizes;
}

}  // namespace

Tensor select(const Tensor& x, int64_t dim, int64_t index) {
  check(x.dim() > 0, "select: a tensor without dimensions has nothing to select from");
  const size_t d = wrap_dim("select", dim, x.sizes().size());
  const int64_t size = x.sizes()[d];
  check(-size <= index && index < size,
        "select: index {} is outside the {} entries of dimension {} of {}", index, size, d,
        x.sizes());
  const int64_t start = index < 0 ? index + size : index;
  const Range range{.dim = static_cast<int64_t>(d), .start = start, .end = start + 1};
  return slice_impl("select", x, range, /*keeps_dim=*/false);
}

Tensor slice(const Tensor& x, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
             int64_t step) {
  check(x.dim() > 0, "slice: a tensor without dimensions has nothing to slice");
  check(step > 0, "slice: the step must be positive, got {}", step);
  const size_t d = wrap_dim("slice", dim, x.sizes().size());
  const int64_t size = x.sizes()[d];
  const auto bound = [size](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size);
  };
  const int64_t first = bound(start.value_or(0));
  const int64_t last = std::max(first, bound(end.value_or(size)));
  const Range range{.dim = static_cast<int64_t>(d), .start = first, .end = last, .step = step};
  return slice_impl("slice", x, range, /*keeps_dim=*/true);
}

Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
  check(x.dim() > 0, "narrow: a tensor without dimensions has nothing to narrow");
  const size_t d = wrap_dim("narrow", dim, x.sizes().size());
  const int64_t size = x.sizes()[d];
  check(-size <= start && start <= size,
        "narrow: start {} is outside the {} entries of dimension {} of {}", start, size, d,
        x.sizes());
  const int64_t first = start < 0 ? start + size : start;
  check(length >= 0 && length <= size - first,
        "narrow: {} entries from {} are outside the {} of dimension {} of {}", length, start, size,
        d, x.sizes());
  return slice(x, dim, first, first + length);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t dim) try {
  int64_t left = size_along("split", x, dim);  // counted down: a sum of the sizes could overflow
  for (const int64_t size : sizes) {
    check(size >= 0, "split: sizes are at least 0, got {}", size);
    left = left < size ? -1 : left - size;
  }
  if (left != 0)
    fail("split: the sizes {} do not add up to dimension {} of {}",
         fmt::format("[{}]", fmt::join(sizes, ", ")), dim, x.sizes());
  std::vector<Tensor> parts;
  int64_t start = 0;
  for (const int64_t size : sizes) {
    parts.push_back(narrow(x, dim, start, size));
    start += size;
  }
  return parts;
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim) try {
  const int64_t total = size_along("split", x, dim);
  check(size > 0 || (size == 0 && total == 0), "split: the size must be positive, got {}", size);
  if (size > 0) check_parts("split", x, total, size, dim);
  std::vector<int64_t> sizes{std::min(size, total)};
  for (int64_t left = total - sizes[0]; left > 0; left -= size)
    sizes.push_back(std::min(size, left));
  return split(x, sizes, dim);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim) try {
  check(chunks > 0, "chunk: the number of chunks must be positive, got {}", chunks);
  const int64_t total = size_along("chunk", x, dim);
  if (total == 0) {
    check(chunks <= kMostViews, "chunk: {} empty chunks of {} are too many; at most {} are made",
          chunks, x.sizes(), kMostViews);
    return split(x, std::vector<int64_t>(static_cast<size_t>(chunks)), dim);
  }
  const int64_t size = total / chunks + (total % chunks != 0);
  check_parts("chunk", x, total, size, dim);
  return split(x, size, dim);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

std::vector<Tensor> unbind(const Tensor& x, int64_t dim) try {
  const int64_t size = size_along("unbind", x, dim);
  check(size <= kMostViews,
        "unbind: {} has {} entries along dimension {}, at most {} views are made", x.sizes(), size,
        dim, kMostViews);
  std::vector<Tensor> entries;
  for (int64_t i = 0; i < size; ++i)
    entries.push_back(select(x, dim, i));
  return entries;
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor cat(const std::vector<Tensor>& tensors, int64_t dim) try {
  check(!tensors.empty(), "cat: there is no tensor to concatenate");
  const std::vector<Tensor> parts = non_empty_parts(tensors);
  if (parts.empty()) return clone(tensors[0]);
  const size_t d = wrap_dim("cat", dim, parts[0].sizes().size());
  const Tensor y = empty(cat_sizes(parts, d), parts[0].dtype());
  std::vector<Input> inputs;
  int64_t start = 0;
  for (const Tensor& x : parts) {
    const int64_t length = x.sizes()[d];
    copy_elements(y.as_view(x.sizes(), y.strides(), start * y.strides()[d]), x);
    inputs.push_back({x, [dim = static_cast<int64_t>(d), start, length](const Tensor& dy) {
                        return narrow(dy, dim, start, length);
                      }});
    start += length;
  }
  return record("cat", y, inputs);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor stack(const std::vector<Tensor>& tensors, int64_t dim) try {
  check(!tensors.empty(), "stack: there is no tensor to stack");
  const Shape& sizes = tensors[0].sizes();
  const auto new_dim = static_cast<int64_t>(wrap_dim("stack", dim, sizes.size() + 1));
  std::vector<Tensor> parts;
  for (const Tensor& x : tensors) {
    check(x.sizes() == sizes, "stack: the shapes differ, {} and {}", sizes, x.sizes());
    check_same_dtype("stack", tensors[0], x);
    parts.push_back(unsqueeze(x, new_dim));
  }
  return cat(parts, new_dim);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus
