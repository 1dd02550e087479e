#include <fmt/ranges.h>

#include "autograd/ops.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

/// `sizes` with a -1 replaced by what is left for it.
Shape complete_sizes(const char* op, const Tensor& x, Shape sizes) {
  int64_t known = 1;
  std::optional<size_t> missing;
  for (size_t d = 0; d < sizes.size(); ++d) {
    check(sizes[d] >= -1 && !(sizes[d] == -1 && missing),
          "{}: {} is no shape; sizes are at least 0, and one may be -1", op, sizes);
    if (sizes[d] == -1)
      missing = d;
    else
      check(!__builtin_mul_overflow(known, sizes[d], &known), "{}: {} is more than can be counted",
            op, sizes);
  }
  numel(op, missing ? Shape{known} : sizes);  // for its error
  const bool fits = missing ? known != 0 && x.numel() % known == 0 : known == x.numel();
  check(fits, "{}: {} has {} elements, they do not fill {}", op, x.sizes(), x.numel(), sizes);
  if (missing) sizes[*missing] = x.numel() / known;
  return sizes;
}

/// The strides under which x's memory shows `sizes`, if there are such.
std::optional<Shape> strides_for(const Tensor& x, const Shape& sizes) {
  if (x.numel() == 0 || x.is_contiguous()) return contiguous_strides(sizes);
  Shape strides = Shape::filled(sizes.size(), 0);
  size_t to = sizes.size();  // from the last dimension: each run of x that steps evenly is divided
                             // into new sizes
  for (size_t from = x.sizes().size(); from-- > 0;) {
    if (x.sizes()[from] == 1) continue;
    int64_t step = x.strides()[from];
    int64_t run = x.sizes()[from];
    while (from > 0 && (x.sizes()[from - 1] == 1 || x.strides()[from - 1] == run * step))
      run *= x.sizes()[--from];
    while (to > 0 && (run > 1 || sizes[to - 1] == 1)) {
      if (run % sizes[to - 1] != 0) return {};
      strides[--to] = step;
      step *= sizes[to];
      run /= sizes[to];
    }
    if (run != 1) return {};
  }
  return strides;
}

/// The entries of x along dim, for an op that cuts it into pieces.
int64_t size_along(const char* op, const Tensor& x, int64_t dim) {
  check(x.dim() > 0, "{}: a tensor without dimensions has no pieces", op);
  return x.sizes()[wrap_dim(op, dim, x.sizes().size())];
}

Tensor viewed(const char* op, const Tensor& x, const Shape& sizes, const Shape& strides) {
  return record(op, x.as_view(sizes, strides, x.impl().offset),
                {x, [from = x.sizes()](const Tensor& dy) { return reshape(dy, from); }});
}

/// Zeros of the given sizes, with dy at start, start + step, ... below end along dim: the gradient
/// of a slice.
Tensor unslice(const Tensor& dy, const Shape& sizes, int64_t dim, int64_t start, int64_t end,
               int64_t step) {
  const Tensor y = zeros(sizes, dy.dtype());
  copy_elements(slice(y, dim, start, end, step), dy);
  return record("unslice", y,
                {dy, [=](const Tensor& dz) { return slice(dz, dim, start, end, step); }});
}

/// x[start:end:step] along dim, for bounds that fit x; a dimension that is not kept has one entry
/// and goes away.
Tensor cut(const char* op, const Tensor& x, size_t at, int64_t start, int64_t end, int64_t step,
           bool keeps_dim) {
  const int64_t dim = static_cast<int64_t>(at);
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  sizes[at] = (end - start) / step + ((end - start) % step != 0);
  if (sizes[at] > 1)
    strides[at] *=
        step;  // with one entry the step is never taken, and may be too large to multiply
  if (!keeps_dim) sizes.erase(at), strides.erase(at);
  const auto whole = [=](const Tensor& dy) { return keeps_dim ? dy : unsqueeze(dy, dim); };
  return record(op, x.as_view(sizes, strides, x.impl().offset + start * x.strides()[at]),
                {x,
                 {[=, from = x.sizes()](const Tensor& dy) {
                    return unslice(whole(dy), from, dim, start, end, step);
                  },
                  [=](const Tensor& dx, const Tensor& dy, const Tensor&) {
                    slice(dx, dim, start, end, step).add_(whole(dy));
                  }}});
}

}  // namespace

Tensor view(const Tensor& x, const Shape& sizes) {
  const Shape full = complete_sizes("view", x, sizes);
  const auto strides = strides_for(x, full);
  check(strides.has_value(),
        "view: the strides {} of {} do not allow {} without a copy; use reshape", x.strides(),
        x.sizes(), full);
  return viewed("view", x, full, *strides);
}

Tensor reshape(const Tensor& x, const Shape& sizes) {
  const Shape full = complete_sizes("reshape", x, sizes);
  const auto strides = strides_for(x, full);
  return strides ? viewed("reshape", x, full, *strides) : view(contiguous(x), full);
}

Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1) {
  const size_t i = wrap_dim("transpose", dim0, x.sizes().size());
  const size_t j = wrap_dim("transpose", dim1, x.sizes().size());
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  if (i != j) std::swap(sizes[i], sizes[j]), std::swap(strides[i], strides[j]);
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
    sizes[d] = x.sizes()[from], strides[d] = x.strides()[from];
  }
  return record("permute", x.as_view(sizes, strides, x.impl().offset),
                {x, [inverse](const Tensor& dy) { return permute(dy, inverse); }});
}

Tensor unsqueeze(const Tensor& x, int64_t dim) {
  const size_t at = wrap_dim("unsqueeze", dim, x.sizes().size() + 1);
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  strides.insert(at, at < sizes.size() ? sizes[at] * strides[at] : 1);
  sizes.insert(at, 1);
  return viewed("unsqueeze", x, sizes, strides);
}

Tensor squeeze(const Tensor& x) {
  Shape sizes;
  Shape strides;
  for (size_t d = 0; d < x.sizes().size(); ++d)
    if (x.sizes()[d] != 1) sizes.push_back(x.sizes()[d]), strides.push_back(x.strides()[d]);
  return viewed("squeeze", x, sizes, strides);
}

Tensor squeeze(const Tensor& x, int64_t dim) {
  const size_t at = wrap_dim("squeeze", dim, x.sizes().size());
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  if (at < sizes.size() && sizes[at] == 1) sizes.erase(at), strides.erase(at);
  return viewed("squeeze", x, sizes, strides);
}

Tensor expand(const Tensor& x, const Shape& sizes) {
  check(sizes.size() >= x.sizes().size(), "expand: {} has more dimensions than {}", x.sizes(),
        sizes);
  const size_t added = sizes.size() - x.sizes().size();
  Shape full = sizes;
  Shape strides = Shape::filled(sizes.size(), 0);
  for (size_t d = 0; d < sizes.size(); ++d) {
    const int64_t own = d < added ? 1 : x.sizes()[d - added];
    if (sizes[d] == -1 && d >= added) full[d] = own;
    check(full[d] >= 0 && (full[d] == own || own == 1), "expand: {} does not broadcast to {}",
          x.sizes(), sizes);
    if (d >= added && full[d] == own) strides[d] = x.strides()[d - added];
  }
  numel("expand", full);
  // The engine sums dy over what was repeated.
  return record("expand", x.as_view(full, strides, x.impl().offset),
                {x, [](const Tensor& dy) { return dy; }});
}

Tensor select(const Tensor& x, int64_t dim, int64_t index) {
  check(x.dim() > 0, "select: a tensor without dimensions has nothing to select from");
  const size_t at = wrap_dim("select", dim, x.sizes().size());
  const int64_t size = x.sizes()[at];
  check(-size <= index && index < size,
        "select: index {} is outside the {} entries of dimension {} of {}", index, size, at,
        x.sizes());
  const int64_t start = index < 0 ? index + size : index;
  return cut("select", x, at, start, start + 1, 1, /*keeps_dim=*/false);
}

Tensor slice(const Tensor& x, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
             int64_t step) {
  check(x.dim() > 0, "slice: a tensor without dimensions has nothing to slice");
  check(step > 0, "slice: the step must be positive, got {}", step);
  const size_t at = wrap_dim("slice", dim, x.sizes().size());
  const int64_t size = x.sizes()[at];
  const auto bound = [size](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size);
  };
  const int64_t first = bound(start.value_or(0));
  const int64_t last = std::max(first, bound(end.value_or(size)));
  return cut("slice", x, at, first, last, step, /*keeps_dim=*/true);
}

Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
  check(x.dim() > 0, "narrow: a tensor without dimensions has nothing to narrow");
  const size_t at = wrap_dim("narrow", dim, x.sizes().size());
  const int64_t size = x.sizes()[at];
  check(-size <= start && start <= size,
        "narrow: start {} is outside the {} entries of dimension {} of {}", start, size, at,
        x.sizes());
  const int64_t first = start < 0 ? start + size : start;
  check(length >= 0 && length <= size - first,
        "narrow: {} entries from {} are outside the {} of dimension {} of {}", length, start, size,
        at, x.sizes());
  return slice(x, dim, first, first + length);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t dim) {
  int64_t left = size_along("split", x, dim);  // counted down, which cannot overflow
  for (const int64_t size : sizes) {
    check(size >= 0, "split: sizes are at least 0, got {}", size);
    left = left < size ? -1 : left - size;
  }
  if (left != 0)
    fail("split: the sizes {} do not add up to dimension {} of {}",
         fmt::format("[{}]", fmt::join(sizes, ", ")), dim, x.sizes());
  std::vector<Tensor> pieces;
  int64_t start = 0;
  for (const int64_t size : sizes)
    pieces.push_back(narrow(x, dim, std::exchange(start, start + size), size));
  return pieces;
}

std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim) {
  const int64_t total = size_along("split", x, dim);
  check(size > 0 || (size == 0 && total == 0), "split: the size must be positive, got {}", size);
  std::vector<int64_t> sizes{std::min(size, total)};
  for (int64_t left = total - sizes[0]; left > 0; left -= size)
    sizes.push_back(std::min(size, left));
  return split(x, sizes, dim);
}

std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim) {
  check(chunks > 0, "chunk: the number of chunks must be positive, got {}", chunks);
  const int64_t total = size_along("chunk", x, dim);
  const int64_t size = total / chunks + (total % chunks != 0);
  return split(x, size, dim);
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

Tensor cat(const std::vector<Tensor>& tensors, int64_t dim) {
  check(!tensors.empty(), "cat: there is nothing to put together");
  std::vector<Tensor> parts;  // an empty vector joins anything, as in PyTorch
  for (const Tensor& x : tensors) {
    check(x.dim() > 0, "cat: a tensor without dimensions cannot be put behind another; use stack");
    check_same_dtype("cat", tensors[0], x);
    if (x.sizes() != Shape{0}) parts.push_back(x);
  }
  if (parts.empty()) return clone(tensors[0]);
  Shape sizes = parts[0].sizes();
  const size_t at = wrap_dim("cat", dim, sizes.size());
  sizes[at] = 0;
  for (const Tensor& x : parts) {
    Shape other = x.sizes();
    const bool same_dims = other.size() == sizes.size();
    if (same_dims) other[at] = sizes[at];
    check(same_dims && other == sizes, "cat: {} does not go behind {} along dimension {}",
          x.sizes(), parts[0].sizes(), at);
    check(!__builtin_add_overflow(sizes[at], x.sizes()[at], &sizes[at]),
          "cat: the sizes are more than can be counted");
  }
  const Tensor y = empty(sizes, parts[0].dtype());
  std::vector<Input> inputs;
  int64_t start = 0;
  for (const Tensor& x : parts) {
    const int64_t d = static_cast<int64_t>(at);
    const int64_t length = x.sizes()[at];
    copy_elements(y.as_view(x.sizes(), y.strides(), start * y.strides()[at]), x);
    inputs.push_back({x, [=](const Tensor& dy) { return narrow(dy, d, start, length); }});
    start += length;
  }
  return record("cat", y, inputs);
}

Tensor stack(const std::vector<Tensor>& tensors, int64_t dim) {
  check(!tensors.empty(), "stack: there is nothing to put together");
  const auto at = static_cast<int64_t>(wrap_dim("stack", dim, tensors[0].sizes().size() + 1));
  std::vector<Tensor> rows;
  for (const Tensor& x : tensors) {
    check(x.sizes() == tensors[0].sizes(), "stack: the shapes differ, {} and {}",
          tensors[0].sizes(), x.sizes());
    check_same_dtype("stack", tensors[0], x);
    rows.push_back(unsqueeze(x, at));
  }
  return cat(rows, at);
}

}  // namespace gradus
