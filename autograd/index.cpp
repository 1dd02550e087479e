#include "tensor/kernels/index.h"

#include "autograd/ops.h"
#include "tensor/loops.h"
#include "tensor/random.h"

namespace gradus {
namespace {

/// Packed int64 indices, each in 0 ... size-1.
Tensor checked_indices(const char* op, const Tensor& index, int64_t size, const char* what) {
  check(index.dtype() == kInt64, "{}: indices must be int64, got {}", op, index.dtype());
  const Tensor ids = packed(index);
  for (int64_t i = 0; i < ids.numel(); ++i) {
    const int64_t id = ids.data<int64_t>()[i];
    if (id < 0 || id >= size) [[unlikely]]
      fail("{}: index {} at {} is outside the {} {}", op, id, index_of(i, ids.sizes()), size, what);
  }
  return ids;
}

/// Zeros of the given sizes, with the entries of dy added along dim at the places that ids name.
Tensor index_add(const Tensor& dy, const Shape& sizes, int64_t dim, const Tensor& ids);

/// dx[..., ids[i], ...] += dy[..., i, ...]
void add_at(const Tensor& dx, const Tensor& dy, size_t dim, const Tensor& ids) {
  const auto [A, R, C] = around(dx.sizes(), dim);
  const Tensor rows = packed(dy);
  dispatch_float("index_select", dx.dtype(), [&, A = A, R = R, C = C]<class T>() {
    kernels::add_rows(dx.data<T>(), rows.data<T>(), ids.data<int64_t>(), A, R, ids.numel(), C);
  });
}

Tensor take(const char* op, const Tensor& x, int64_t dim, const Tensor& ids) {
  const size_t at = wrap_dim(op, dim, x.sizes().size());
  const auto [A, R, C] = around(x.sizes(), at);
  Shape sizes = x.sizes();
  sizes[at] = ids.numel();
  const Tensor y = empty(sizes, x.dtype()), source = packed(x);
  dispatch(x.dtype(), [&, A = A, R = R, C = C]<class T>() {
    kernels::gather_rows(y.data<T>(), source.data<T>(), ids.data<int64_t>(), A, R, ids.numel(), C);
  });
  return record(
      op, y,
      {x,
       {[from = x.sizes(), dim, ids = saved(ids)](const Tensor& dy) { return index_add(dy, from, dim, ids()); },
        [at, ids = saved(ids)](const Tensor& dx, const Tensor& dy, const Tensor&) {
          if (dx.is_contiguous()) add_at(dx, dy, at, ids());
          else dx.add_(index_add(dy, dx.sizes(), static_cast<int64_t>(at), ids()));
        }}});
}

Tensor index_add(const Tensor& dy, const Shape& sizes, int64_t dim, const Tensor& ids) {
  const Tensor y = zeros(sizes, dy.dtype());
  add_at(y, dy, wrap_dim("index_select", dim, sizes.size()), ids);
  return record("index_add", y,
                {dy, [dim, ids = saved(ids)](const Tensor& dz) { return take("index_select", dz, dim, ids()); }});
}

/// The walk over index's elements that pairs them with those of x at the same place, dim left out, and of `other`.
kernels::Walk<3> walk_beside(const Tensor& index, const Tensor& other, const Tensor& x, size_t dim) {
  Shape steps = x.strides();
  if (!steps.empty()) steps[dim] = 0;
  return walk_over(index.sizes(), index, other.as_view(index.sizes(), other.strides(), other.impl().offset),
                   x.as_view(index.sizes(), steps, x.impl().offset));
}

void check_gather(const char* op, const Tensor& x, const Tensor& index, size_t dim) {
  check(index.dim() == x.dim(), "{}: x is {} and the index {} - they need the same number of dimensions", op, x.sizes(),
        index.sizes());
  for (size_t d = 0; d < x.sizes().size(); ++d)
    check(d == dim || index.sizes()[d] <= x.sizes()[d],
          "{}: the index of shape {} is larger than x of shape {} at dimension {}", op, index.sizes(), x.sizes(), d);
}

}  // namespace

Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  check(x.dim() > 0, "index_select: a tensor without dimensions has nothing to select from");
  check(index.dim() <= 1, "index_select: the index must have one dimension, got {}", index.sizes());
  const Tensor ids = checked_indices("index_select", index, x.size(dim), "entries");
  return take("index_select", x, dim, ids);
}

Tensor embedding(const Tensor& weight, const Tensor& indices) {
  check(weight.dim() == 2, "embedding: weight must be (V, C), got {}", weight.sizes());
  const Tensor ids = checked_indices("embedding", indices, weight.size(0), "rows of weight");
  Shape sizes = indices.sizes();
  sizes.push_back(weight.size(1));
  return reshape(take("embedding", weight, 0, ids), sizes);
}

Tensor gather(const Tensor& x, int64_t dim, const Tensor& index) {
  const size_t at = wrap_dim("gather", dim, x.sizes().size());
  check_gather("gather", x, index, at);
  const Tensor ids = checked_indices("gather", index, x.dim() ? x.sizes()[at] : 1, "entries along the dimension"),
               y = empty(index.sizes(), x.dtype());
  const int64_t step = x.dim() ? x.strides()[at] : 0;
  dispatch(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>();
    const auto walk = walk_beside(ids, y, x, at);
    const size_t last = static_cast<size_t>(walk.dims - 1);
    kernels::for_each_row(walk, [&](int64_t n, const std::array<int64_t, 3>& start) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t id = ids.data<int64_t>()[start[0] + i * walk.steps[0][last]];
        y.data<T>()[start[1] + i * walk.steps[1][last]] = from[start[2] + i * walk.steps[2][last] + id * step];
      }
    });
  });
  return record("gather", y, {x, [dim, ids = saved(ids), from = x.sizes()](const Tensor& dy) {
                                return scatter_add(zeros(from, dy.dtype()), dim, ids(), dy);
                              }});
}

Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  const size_t at = wrap_dim("scatter_add", dim, x.sizes().size());
  check_same_dtype("scatter_add", x, source);
  check_gather("scatter_add", x, index, at);
  check(source.dim() == index.dim(),
        "scatter_add: the index is {} and the source {} - they need the same number of dimensions", index.sizes(),
        source.sizes());
  for (size_t d = 0; d < index.sizes().size(); ++d)
    check(index.sizes()[d] <= source.sizes()[d],
          "scatter_add: the index of shape {} is larger than the source of shape {} at dimension {}", index.sizes(),
          source.sizes(), d);
  const Tensor ids = checked_indices("scatter_add", index, x.dim() ? x.sizes()[at] : 1, "entries along the dimension");
  const Tensor y = empty(x.sizes(), x.dtype());
  copy_elements(y, x);
  const int64_t step = y.dim() ? y.strides()[at] : 0;
  dispatch_number("scatter_add", x.dtype(), [&]<class T>() {
    // One after the other: several entries may land on one place, and their order decides the last digit.
    for (int64_t i = 0; i < ids.numel(); ++i) {
      int64_t rest = i, to = 0, from = 0;
      for (size_t d = ids.sizes().size(); d-- > 0; rest /= ids.sizes()[d]) {
        const int64_t place = rest % ids.sizes()[d];
        from += place * source.strides()[d];
        if (d != at) to += place * y.strides()[d];
      }
      y.data<T>()[to + ids.data<int64_t>()[i] * step] += source.data<T>()[from];
    }
  });
  return record("scatter_add", y, {x, [](const Tensor& dy) { return dy; }},
                {source, [dim, ids = saved(ids), sizes = source.sizes()](const Tensor& dy) {
                   Tensor dx = gather(dy, dim, ids());
                   for (size_t d = 0; d < sizes.size();
                        ++d) {  // the part of the source that the index does not cover has none
                     Shape missing = dx.sizes();
                     missing[d] = sizes[d] - dx.sizes()[d];
                     if (missing[d] > 0) dx = cat({dx, zeros(missing, dy.dtype())}, static_cast<int64_t>(d));
                   }
                   return dx;
                 }});
}

Tensor one_hot(const Tensor& indices, int64_t num_classes) {
  check(num_classes >= -1 && num_classes != 0, "one_hot: the number of classes must be positive, got {}", num_classes);
  check(num_classes > 0 || indices.numel() > 0, "one_hot: without indices the number of classes must be given");
  const int64_t V = num_classes > 0 ? num_classes : max(indices).item<int64_t>() + 1;
  const Tensor ids = checked_indices("one_hot", indices, V, "classes");
  Shape sizes = indices.sizes();
  sizes.push_back(V);
  const Tensor y = zeros(sizes, kInt64);
  for (int64_t i = 0; i < ids.numel(); ++i) y.data<int64_t>()[i * V + ids.data<int64_t>()[i]] = 1;
  return y;
}

Tensor multinomial(const Tensor& p, int64_t num_samples, bool replacement) {
  check(p.dim() == 1 || p.dim() == 2, "multinomial: expected one row of probabilities or a matrix of them, got {}",
        p.sizes());
  const int64_t V = p.size(-1), rows = p.dim() == 2 ? p.size(0) : 1;
  Shape sizes = p.sizes();
  sizes[sizes.size() - 1] = num_samples;
  const Tensor y = empty(sizes, kInt64), weights = packed(p);
  const std::lock_guard lock(generator_mutex());
  dispatch_float("multinomial", p.dtype(), [&]<class T>() {
    for (int64_t row = 0; row < rows; ++row)
      multinomial(default_generator(), weights.data<T>() + row * V, V, num_samples, replacement,
                  y.data<int64_t>() + row * num_samples);
  });
  return y;
}

}  // namespace gradus
