// Views: tensors that share memory with x and see it with other sizes and strides. The gradient of
// a view is the view that leads back: the transpose of dy for a transpose, dy in x's sizes for
// reshape.
#include "autograd/ops.h"

namespace gradus {
namespace {

/// `sizes` with a -1 replaced by the size that makes the number of elements x's.
Shape complete_sizes(const char* op, const Tensor& x, Shape sizes) {
  int64_t known = 1;
  std::optional<size_t> missing;
  for (size_t d = 0; d < sizes.size(); ++d) {
    check(sizes[d] >= -1 && !(sizes[d] == -1 && missing),
          "{}: {} is not a shape; sizes are at least 0, and one may be -1", op, sizes);
    if (sizes[d] == -1)
      missing = d;
    else
      check(!__builtin_mul_overflow(known, sizes[d], &known),
            "{}: a tensor of shape {} has more elements than can be counted", op, sizes);
  }
  numel(op, missing ? Shape{known} : sizes);  // throws if there are too many elements
  check(!missing || known != 0,
        "{}: the -1 of {} may be any size, because the other sizes already give 0 elements", op,
        sizes);
  const bool fits = missing ? x.numel() % known == 0 : known == x.numel();
  check(fits, "{}: {} has {} elements, they do not fill {}", op, x.sizes(), x.numel(), sizes);
  if (missing) sizes[*missing] = x.numel() / known;
  return sizes;
}

/// The strides with which a view of x has `sizes`, or nothing if only a copy can have them.
///
/// Both shapes are taken apart from the last dimension on. Neighbouring dimensions of x form a run
/// if one stride steps evenly through all their elements: stride[d - 1] == size[d] * stride[d].
/// Each run must be the product of some of the new sizes, which then get its stride.
std::optional<Shape> strides_for(const Tensor& x, const Shape& sizes) {
  if (x.numel() == 0 || x.is_contiguous()) return contiguous_strides(sizes);
  Shape strides = Shape::filled(sizes.size(), 0);
  size_t to = sizes.size();  // the new dimensions from here on have their strides
  for (size_t from = x.sizes().size(); from-- > 0;) {
    if (x.sizes()[from] == 1) continue;
    int64_t stride = x.strides()[from];
    int64_t run = x.sizes()[from];
    while (from > 0 && (x.sizes()[from - 1] == 1 || x.strides()[from - 1] == run * stride))
      run *= x.sizes()[--from];
    while (to > 0 && (run > 1 || sizes[to - 1] == 1)) {
      if (run % sizes[to - 1] != 0) return {};
      strides[--to] = stride;
      stride *= sizes[to];
      run /= sizes[to];
    }
    if (run != 1) return {};
  }
  return strides;
}

/// x's elements in the same order with other sizes: dy goes back to x's sizes.
Tensor record_reshape(OpName op, const Tensor& x, const Shape& sizes, const Shape& strides) {
  return record(op, x.as_view(sizes, strides, x.impl().offset),
                {x, [x_sizes = x.sizes()](const Tensor& dy) { return reshape(dy, x_sizes); }});
}

// The ops view, reshape and expand; errors name `op`.

Tensor view_of(const char* op, const Tensor& x, const Shape& sizes) {
  const Shape full = complete_sizes(op, x, sizes);
  const auto strides = strides_for(x, full);
  check(strides.has_value(), "{}: the strides {} of {} do not allow {} without a copy; use reshape",
        op, x.strides(), x.sizes(), full);
  return record_reshape("view", x, full, *strides);
}

Tensor reshaped(const char* op, const Tensor& x, const Shape& sizes) {
  const Shape full = complete_sizes(op, x, sizes);
  const auto strides = strides_for(x, full);
  return strides ? record_reshape("reshape", x, full, *strides) : view(contiguous(x), full);
}

Tensor expanded(const char* op, const Tensor& x, const Shape& sizes) {
  check(sizes.size() >= x.sizes().size(), "{}: {} has more dimensions than {}", op, x.sizes(),
        sizes);
  const size_t added = sizes.size() - x.sizes().size();
  Shape full = sizes;
  Shape strides = Shape::filled(sizes.size(), 0);
  for (size_t d = 0; d < sizes.size(); ++d) {
    const int64_t x_size = d < added ? 1 : x.sizes()[d - added];
    if (sizes[d] == -1 && d >= added) full[d] = x_size;
    check(full[d] >= 0 && (full[d] == x_size || x_size == 1), "{}: {} does not broadcast to {}", op,
          x.sizes(), sizes);
    if (d >= added && full[d] == x_size) strides[d] = x.strides()[d - added];
  }
  numel(op, full);  // throws if there are too many elements
  // The engine sums dy over the repeated dimensions.
  return record("expand", x.as_view(full, strides, x.impl().offset),
                {x, [](const Tensor& dy) { return dy; }});
}

}  // namespace

Tensor view(const Tensor& x, const Shape& sizes) { return view_of("view", x, sizes); }
Tensor reshape(const Tensor& x, const Shape& sizes) { return reshaped("reshape", x, sizes); }
Tensor expand(const Tensor& x, const Shape& sizes) { return expanded("expand", x, sizes); }

Tensor Tensor::view_as(const Tensor& y) const { return view_of("view_as", *this, y.sizes()); }
Tensor Tensor::reshape_as(const Tensor& y) const {
  return reshaped("reshape_as", *this, y.sizes());
}
Tensor Tensor::expand_as(const Tensor& y) const { return expanded("expand_as", *this, y.sizes()); }

Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1) {
  const size_t i = wrap_dim("transpose", dim0, x.sizes().size());
  const size_t j = wrap_dim("transpose", dim1, x.sizes().size());
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  if (i != j) {
    std::swap(sizes[i], sizes[j]);
    std::swap(strides[i], strides[j]);
  }
  return record("transpose", x.as_view(sizes, strides, x.impl().offset),
                {x, [dim0, dim1](const Tensor& dy) { return transpose(dy, dim0, dim1); }});
}

Tensor t(const Tensor& x) {
  check(x.dim() <= 2, "t: expected a matrix, got {}; use transpose(-2, -1) for a batch of them",
        x.sizes());
  return x.dim() < 2 ? x : transpose(x, 0, 1);
}

Tensor permute(const Tensor& x, const Shape& dims) {
  const size_t n = x.sizes().size();
  check(dims.size() == n, "permute: {} names {} dimensions, x is {}", dims, dims.size(), x.sizes());
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  Shape inverse = Shape::filled(n, -1);
  for (size_t d = 0; d < n; ++d) {
    const size_t from = wrap_dim("permute", dims[d], n);
    check(inverse[from] == -1, "permute: {} names dimension {} twice", dims, from);
    inverse[from] = static_cast<int64_t>(d);
    sizes[d] = x.sizes()[from];
    strides[d] = x.strides()[from];
  }
  return record("permute", x.as_view(sizes, strides, x.impl().offset),
                {x, [inverse](const Tensor& dy) { return permute(dy, inverse); }});
}

Tensor unsqueeze(const Tensor& x, int64_t dim) {
  const size_t d = wrap_dim("unsqueeze", dim, x.sizes().size() + 1);
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  strides.insert(d, d < sizes.size() ? sizes[d] * strides[d] : 1);
  sizes.insert(d, 1);
  return record_reshape("unsqueeze", x, sizes, strides);
}

Tensor squeeze(const Tensor& x) {
  Shape sizes;
  Shape strides;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    if (x.sizes()[d] == 1) continue;
    sizes.push_back(x.sizes()[d]);
    strides.push_back(x.strides()[d]);
  }
  return record_reshape("squeeze", x, sizes, strides);
}

Tensor squeeze(const Tensor& x, int64_t dim) {
  const size_t d = wrap_dim("squeeze", dim, x.sizes().size());
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  if (d < sizes.size() && sizes[d] == 1) {
    sizes.erase(d);
    strides.erase(d);
  }
  return record_reshape("squeeze", x, sizes, strides);
}

Tensor flatten(const Tensor& x, int64_t start_dim, int64_t end_dim) {
  const size_t first = wrap_dim("flatten", start_dim, x.sizes().size());
  const size_t last = wrap_dim("flatten", end_dim, x.sizes().size());
  check(first <= last, "flatten: start_dim {} comes after end_dim {} in {}", start_dim, end_dim,
        x.sizes());
  if (x.dim() == 0) return reshape(x, {1});
  Shape sizes;
  int64_t merged = 1;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    if (d < first || d > last)
      sizes.push_back(x.sizes()[d]);
    else
      merged *= x.sizes()[d];
    if (d == last) sizes.push_back(merged);
  }
  return reshape(x, sizes);
}

}  // namespace gradus
