// Sorted elements. The gradient goes to the places that they come from.
#include "tensor/kernels/sort.h"

#include "autograd/ops.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

struct Sorted {
  Tensor values;
  Tensor indices;
};

/// x sorted along dim; nothing is recorded.
Sorted sorted_along(const char* op, const Tensor& x, int64_t dim, bool descending) try {
  const NoGradGuard no_grad;
  const auto d = static_cast<int64_t>(wrap_dim(op, dim, x.sizes().size()));
  const bool is_last = x.dim() == 0 || d == x.dim() - 1;
  const Tensor rows = as_contiguous(is_last ? x.detach() : transpose(x.detach(), d, -1));
  const Tensor values = empty(rows.sizes(), x.dtype());
  const Tensor indices = empty(rows.sizes(), kInt64);
  const int64_t n = x.dim() == 0 ? 1 : rows.size(-1);
  dispatch(op, x.dtype(), [&]<class T>() {
    if (rows.numel() == 0) return;
    kernels::sort_rows(values.data<T>(), indices.data<int64_t>(), rows.data<T>(), rows.numel() / n,
                       n, descending);
  });
  if (is_last) return {values, indices};
  return {as_contiguous(transpose(values, d, -1)), as_contiguous(transpose(indices, d, -1))};
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace

std::tuple<Tensor, Tensor> sort(const Tensor& x, int64_t dim, bool descending) {
  const Sorted sorted = sorted_along("sort", x, dim, descending);
  const Tensor values =
      record("sort", sorted.values,
             {x, [dim, indices = saved(sorted.indices), sizes = x.sizes()](const Tensor& dy) {
                return scatter_add(zeros(sizes, dy.dtype()), dim, indices(), dy);
              }});
  return {values, sorted.indices};
}
std::tuple<Tensor, Tensor> sort(const Tensor& x, std::optional<bool> /*stable*/, int64_t dim,
                                bool descending) {
  return sort(x, dim, descending);
}

Tensor argsort(const Tensor& x, int64_t dim, bool descending) {
  return sorted_along("argsort", x, dim, descending).indices;
}

}  // namespace gradus
