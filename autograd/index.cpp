#include "tensor/kernels/index.h"

#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/random.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

// index_select_impl and index_add are each other's gradients:
//
//   y = index_select_impl(x):  y[..., i, ...] = x[..., ids[i], ...]
//   dx = index_add(dy):        dx[..., ids[i], ...] += dy[..., i, ...]

Tensor index_add(const Tensor& dy, const Shape& sizes, int64_t dim, const Tensor& ids);

/// dx[..., ids[i], ...] += dy[..., i, ...]
void add_at(const Tensor& dx, const Tensor& dy, size_t dim, const Tensor& ids) {
  const OuterSizeInner shape = outer_size_inner(dx.sizes(), dim);
  const Tensor target = as_contiguous(dx);
  const Tensor rows = as_contiguous(dy);
  dispatch_float("index_select", dx.dtype(), [&]<class T>() {
    if (rows.numel() == 0) return;
    kernels::scatter_add_rows(target.data<T>(), rows.data<T>(), ids.data<int64_t>(), shape.outer,
                              shape.size, ids.numel(), shape.inner);
  });
  if (!dx.is_contiguous()) copy_elements(dx, target);
}

/// y[..., i, ...] = x[..., ids[i], ...]
Tensor index_select_impl(OpName op, const Tensor& x, int64_t dim, const Tensor& ids) {
  const size_t d = wrap_dim(op, dim, x.sizes().size());
  const OuterSizeInner shape = outer_size_inner(x.sizes(), d);
  Shape sizes = x.sizes();
  sizes[d] = ids.numel();
  const Tensor y = empty(sizes, x.dtype());
  const Tensor source = as_contiguous(x);
  dispatch(op, x.dtype(), [&]<class T>() {
    if (y.numel() == 0) return;
    kernels::gather_rows(y.data<T>(), source.data<T>(), ids.data<int64_t>(), shape.outer,
                         shape.size, ids.numel(), shape.inner);
  });
  return record(op, y,
                {x,
                 {[from = x.sizes(), dim, ids = saved(ids)](const Tensor& dy) {
                    return index_add(dy, from, dim, ids());
                  },
                  [d, ids = saved(ids)](const Tensor& dx, const Tensor& dy, const Tensor&) {
                    add_at(dx, dy, d, ids());
                  }}});
}

/// Zeros of the given sizes, to which dy is added: y[..., ids[i], ...] += dy[..., i, ...].
Tensor index_add(const Tensor& dy, const Shape& sizes, int64_t dim, const Tensor& ids) {
  const Tensor y = zeros(sizes, dy.dtype());
  add_at(y, dy, wrap_dim("index_select", dim, sizes.size()), ids);
  return record("index_add", y, {dy, [dim, ids = saved(ids)](const Tensor& dz) {
                                   return index_select_impl("index_select", dz, dim, ids());
                                 }});
}

/// The loop over the elements of index, together with the elements of `other` and x at the same
/// position. The stride of x along dim is 0: the kernel itself adds the index times the real
/// stride.
kernels::StridedLoop<3> index_loop(const Tensor& index, const Tensor& other, const Tensor& x,
                                   size_t dim) {
  Shape strides = x.strides();
  if (!strides.empty()) strides[dim] = 0;
  return strided_loop(index.sizes(), index,
                      other.as_view(index.sizes(), other.strides(), other.impl().offset),
                      x.as_view(index.sizes(), strides, x.impl().offset));
}

/// index as contiguous ids for gather and scatter_add, each within x's dimension dim.
Tensor ids_along(const char* op, const Tensor& x, size_t dim, const Tensor& index) {
  const int64_t size = x.dim() == 0 ? 1 : x.sizes()[dim];
  return checked_ids(op, "index", index, size, "entries along the dimension");
}

void check_gather(const char* op, const Tensor& x, const Tensor& index, size_t dim) {
  check(index.dim() == x.dim(),
        "{}: x is {} and the index {} - they need the same number of dimensions", op, x.sizes(),
        index.sizes());
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    check(d == dim || index.sizes()[d] <= x.sizes()[d],
          "{}: the index of shape {} is larger than x of shape {} at dimension {}", op,
          index.sizes(), x.sizes(), d);
  }
}

void check_source(const Tensor& source, const Tensor& index) {
  check(source.dim() == index.dim(),
        "scatter_add: the index is {} and the source {} - they need the same number of dimensions",
        index.sizes(), source.sizes());
  for (size_t d = 0; d < index.sizes().size(); ++d) {
    check(
        index.sizes()[d] <= source.sizes()[d],
        "scatter_add: the index of shape {} is larger than the source of shape {} at dimension {}",
        index.sizes(), source.sizes(), d);
  }
}

/// x, padded with zeros to larger sizes.
Tensor padded_with_zeros(const Tensor& x, const Shape& sizes) {
  Tensor y = x;
  for (size_t d = 0; d < sizes.size(); ++d) {
    Shape missing = y.sizes();
    missing[d] = sizes[d] - y.sizes()[d];
    if (missing[d] > 0) y = cat({y, zeros(missing, x.dtype())}, static_cast<int64_t>(d));
  }
  return y;
}

/// Rows ids[i] of a bfloat16 matrix, as float32.
Tensor widened_rows(const Tensor& weight, const Tensor& ids) {
  const Tensor y = empty({ids.numel(), weight.size(1)}, kFloat32);
  for (int64_t i = 0; i < ids.numel(); ++i)
    copy_elements(y.select(0, i), weight.select(0, ids.data<int64_t>()[i]));
  return y;
}

}  // namespace

Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  check(x.dim() > 0, "index_select: a tensor without dimensions has nothing to select from");
  const size_t d = wrap_dim("index_select", dim, x.sizes().size());
  check(index.dim() <= 1, "index_select: the index must have one dimension, got {}", index.sizes());
  const Tensor ids = checked_ids("index_select", "index", index, x.sizes()[d], "entries");
  return index_select_impl("index_select", x, dim, ids);
}

Tensor embedding(const Tensor& weight, const Tensor& indices) {
  check(weight.dim() == 2, "embedding: weight must be (V, C), got {}", weight.sizes());
  const Tensor ids = checked_ids("embedding", "index", indices, weight.size(0), "rows of weight");
  Shape sizes = indices.sizes();
  sizes.push_back(weight.size(1));
  if (weight.dtype() == kBFloat16) return reshape(widened_rows(weight, ids), sizes);
  return reshape(index_select_impl("embedding", weight, 0, ids), sizes);
}

// y[i, j, ...] = x[index[i, j, ...], j, ...] for dim 0, and so on. The gradient is a scatter_add to
// zeros.
Tensor gather(const Tensor& x, int64_t dim, const Tensor& index) {
  const size_t d = wrap_dim("gather", dim, x.sizes().size());
  check_gather("gather", x, index, d);
  const Tensor ids = ids_along("gather", x, d, index);
  const Tensor y = empty(index.sizes(), x.dtype());
  dispatch("gather", x.dtype(), [&]<class T>() {
    kernels::gather(y.data<T>(), x.data<T>(), ids.data<int64_t>(), x.dim() ? x.strides()[d] : 0,
                    index_loop(ids, y, x, d));
  });
  return record("gather", y, {x, [dim, ids = saved(ids), from = x.sizes()](const Tensor& dy) {
                                return scatter_add(zeros(from, dy.dtype()), dim, ids(), dy);
                              }});
}

// y = x, then y[index[i, j, ...], j, ...] += source[i, j, ...] for dim 0, and so on. x's gradient
// is dy; that of source is gathered from dy, with zeros where source is larger than index.
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  const size_t d = wrap_dim("scatter_add", dim, x.sizes().size());
  check_same_dtype("scatter_add", x, source);
  check_gather("scatter_add", x, index, d);
  check_source(source, index);
  const Tensor ids = ids_along("scatter_add", x, d, index);
  const Tensor y = empty(x.sizes(), x.dtype());
  copy_elements(y, x);
  dispatch_number("scatter_add", x.dtype(), [&]<class T>() {
    kernels::scatter_add(y.data<T>(), source.data<T>(), ids.data<int64_t>(),
                         y.dim() ? y.strides()[d] : 0, index_loop(ids, source, y, d));
  });
  return record("scatter_add", y, {x, [](const Tensor& dy) { return dy; }},
                {source, [dim, ids = saved(ids), sizes = source.sizes()](const Tensor& dy) {
                   return padded_with_zeros(gather(dy, dim, ids()), sizes);
                 }});
}

Tensor one_hot(const Tensor& indices, int64_t num_classes) {
  check(num_classes >= -1 && num_classes != 0,
        "one_hot: the number of classes must be positive, got {}", num_classes);
  check(num_classes > 0 || indices.numel() > 0,
        "one_hot: without indices the number of classes must be given");
  check(indices.dtype() == kInt64, "one_hot: indices must be int64, got {}", indices.dtype());
  const int64_t largest =
      num_classes > 0 ? num_classes - 1 : std::max<int64_t>(max(indices).item<int64_t>(), -1);
  check(largest < std::numeric_limits<int64_t>::max(),
        "one_hot: index {} is too large, its number of classes cannot be counted", largest);
  const int64_t V = largest + 1;
  checked_ids("one_hot", "index", indices, V, "classes");
  Shape sizes = indices.sizes();
  sizes.push_back(V);
  numel("one_hot", sizes);  // throws if there are too many elements
  return scatter_add(zeros(sizes, kInt64), -1, unsqueeze(indices, -1),
                     ones({}, kInt64).expand(sizes));
}

Tensor multinomial(const Tensor& p, int64_t num_samples, bool replacement) try {
  check(p.dim() == 1 || p.dim() == 2,
        "multinomial: expected one row of probabilities or a matrix of them, got {}", p.sizes());
  const int64_t V = p.size(-1);
  const int64_t rows = p.dim() == 2 ? p.size(0) : 1;
  check(num_samples > 0, "multinomial: {} samples - at least one must be drawn", num_samples);
  Shape sizes = p.sizes();
  sizes[sizes.size() - 1] = num_samples;
  numel("multinomial", sizes);  // throws if there are too many
  const Tensor y = empty(sizes, kInt64);
  const Tensor weights = as_contiguous(p);
  const LockedGenerator generator;
  dispatch_float("multinomial", p.dtype(), [&]<class T>() {
    for (int64_t row = 0; row < rows; ++row) {
      multinomial(*generator, weights.data<T>() + row * V, V, num_samples, replacement,
                  y.data<int64_t>() + row * num_samples);
    }
  });
  return y;
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus
