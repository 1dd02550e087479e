#include "tensor/kernels/reduce.h"

#include <cmath>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/kernels/index.h"
#include "tensor/kernels/softmax.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

/// x laid out as (A, R, C), the dimensions to reduce in the middle.
struct Reduction3 {
  Tensor x;
  int64_t A = 1, R = 1, C = 1;
  Shape kept, dropped;  // x's sizes with the reduced dimensions as 1, or without them
  const Shape& sizes(bool keepdim) const { return keepdim ? kept : dropped; }
};

Reduction3 arrange(const char* op, const Tensor& x, const Shape& dim) {
  const size_t n = x.sizes().size();
  Reduction3 to{x, 1, 1, 1, x.sizes(), {}};
  std::array<bool, Shape::kMaxDims> reduced{};
  for (const int64_t d : dim) {
    const size_t at = wrap_dim(op, d, n);
    check(!reduced[at], "{}: dimension {} is named twice in {}", op, at, dim);
    reduced[at] = true;
  }
  if (dim.empty()) reduced.fill(true);
  Shape order;
  for (const bool wanted : {false, true})
    for (size_t d = 0; d < n; ++d)
      if (reduced[d] == wanted) order.push_back(static_cast<int64_t>(d));
  int groups = 0;  // of neighbouring reduced dimensions
  for (size_t d = 0; d < n; ++d) {
    groups += reduced[d] && (d == 0 || !reduced[d - 1]);
    (reduced[d] ? to.R : groups == 0 ? to.A : to.C) *= x.sizes()[d];
    if (reduced[d])
      to.kept[d] = 1;
    else
      to.dropped.push_back(x.sizes()[d]);
  }
  const NoGradGuard no_grad;
  if (groups > 1) to.A *= std::exchange(to.C, 1);
  to.x = as_contiguous(groups > 1 ? permute(x, order) : x);
  return to;
}

enum class Pick { max, min };

/// The largest or smallest over dim, and where it is if indices are asked for.
std::pair<Tensor, Tensor> pick(const char* op, Pick which, const Reduction3& in, bool indices,
                               bool keepdim = true) {
  check(in.R > 0 || in.A * in.C == 0,
        "{}: there is no element to choose from in a tensor with sizes {} left", op, in.kept);
  const Tensor y = empty(in.sizes(keepdim), in.x.dtype());
  const Tensor index = indices ? empty(in.kept, kInt64) : Tensor();
  if (y.numel() == 0) return {y, index};
  dispatch(y.dtype(), [&]<class T>() {
    kernels::extreme(y.data<T>(), indices ? index.data<int64_t>() : nullptr, in.x.data<T>(), in.A,
                     in.R, in.C, which == Pick::max);
  });
  return {y, index};
}

Tensor extreme(const char* op, Pick which, const Tensor& x, const Shape& dim, bool keepdim) {
  const Reduction3 in = arrange(op, x, dim);
  return record(op, pick(op, which, in, false, keepdim).first,
                {x, [x = saved(x), dim, kept = in.kept](const Tensor& dy, const Tensor& y) {
                   const Tensor ties = to(x() == reshape(y, kept), dy.dtype());
                   return reshape(dy, kept) * (ties / sum(ties, dim, true));
                 }});
}

Tensor arg_extreme(const char* op, Pick which, const Tensor& x, std::optional<int64_t> dim,
                   bool keepdim) {
  const Reduction3 in = arrange(op, x, dim ? Shape{*dim} : Shape{});
  const NoGradGuard no_grad;
  return reshape(pick(op, which, in, true).second, in.sizes(keepdim));
}

std::tuple<Tensor, Tensor> extreme_along(const char* op, Pick which, const Tensor& x, int64_t dim,
                                         bool keepdim) {
  const Tensor index = arg_extreme(op, which, x, dim, /*keepdim=*/true);
  if (x.dim() == 0) return {alias(x), index};
  const Tensor values = gather(x, dim, index);
  return keepdim ? std::tuple(values, index)
                 : std::tuple(squeeze(values, dim), squeeze(index, dim));
}

/// x^(1/p) of x >= 0, with gradient 0 at 0.
Tensor root(const char* op, const Tensor& x, double p) {
  const auto rooted = [p]<class T>(T v) {
    return p == 2 ? std::sqrt(v) : std::pow(v, static_cast<T>(1 / p));
  };
  return record(op, map_float(op, x, rooted),
                {x, [x = saved(x), p](const Tensor& dy, const Tensor& y) {
                   return where(y == 0, zeros_like(dy), dy * y / (x() * p));
                 }});
}

/// x backwards along dim.
Tensor flip(const Tensor& x, int64_t dim) {
  return x.dim() == 0 ? x : index_select(x, dim, arange(x.size(dim) - 1, -1, -1));
}

/// sum, for the op that is named in errors.
Tensor total(const char* op, const Tensor& x, const Shape& dim, bool keepdim) {
  const Reduction3 in = arrange(op, x, dim);
  const Tensor y = empty(in.sizes(keepdim), x.is_floating_point() ? x.dtype() : kInt64);
  dispatch(x.dtype(), [&]<class T>() {
    using S = std::conditional_t<std::is_same_v<T, bool>, int64_t, T>;
    kernels::sum(y.data<S>(), in.x.data<T>(), in.A, in.R, in.C);
  });
  return record("sum", y, {x, [kept = in.kept, sizes = x.sizes()](const Tensor& dy) {
                             return expand(reshape(dy, kept), sizes);
                           }});
}

/// var, for the op that is named in errors.
Tensor variance(const char* op, const Tensor& x, const Shape& dim, bool unbiased, bool keepdim) {
  const Reduction3 in = arrange(op, x, dim);
  const Tensor y = empty(in.sizes(keepdim), x.dtype());
  const double n = static_cast<double>(std::max<int64_t>(in.R - (unbiased ? 1 : 0), 0));
  dispatch_float(op, x.dtype(), [&]<class T>() {
    std::vector<T> means(static_cast<size_t>(y.numel()));
    kernels::mean_and_m2(means.data(), y.data<T>(), in.x.data<T>(), in.A, in.R, in.C);
    map_into<T, T>(y, y, [n](T m2) { return m2 / static_cast<T>(n); });
  });
  return record("var", y, {x, [x = saved(x), dim, n, kept = in.kept](const Tensor& dy) {
                             return reshape(dy, kept) * (x() - mean(x(), dim, true)) * (2 / n);
                           }});
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& dim, bool keepdim, std::optional<DType> dtype) {
  return total("sum", dtype ? to(x, *dtype) : x, dim, keepdim);
}

Tensor mean(const Tensor& x, const Shape& dim, bool keepdim, std::optional<DType> dtype) {
  if (dtype) return mean(to(x, *dtype), dim, keepdim);
  check_floating_point("mean", x.dtype());
  const Tensor y = total("mean", x, dim, keepdim);
  return y / (static_cast<double>(x.numel()) / static_cast<double>(y.numel()));
}

Tensor var(const Tensor& x, const Shape& dim, bool unbiased, bool keepdim) {
  return variance("var", x, dim, unbiased, keepdim);
}

Tensor std(const Tensor& x, const Shape& dim, bool unbiased, bool keepdim) {
  return root("std", variance("std", x, dim, unbiased, keepdim), 2);
}

Tensor max(const Tensor& x) { return extreme("max", Pick::max, x, {}, false); }
Tensor min(const Tensor& x) { return extreme("min", Pick::min, x, {}, false); }
Tensor amax(const Tensor& x, const Shape& dim, bool keepdim) {
  return extreme("amax", Pick::max, x, dim, keepdim);
}
Tensor amin(const Tensor& x, const Shape& dim, bool keepdim) {
  return extreme("amin", Pick::min, x, dim, keepdim);
}
std::tuple<Tensor, Tensor> max(const Tensor& x, int64_t dim, bool keepdim) {
  return extreme_along("max", Pick::max, x, dim, keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& x, int64_t dim, bool keepdim) {
  return extreme_along("min", Pick::min, x, dim, keepdim);
}
Tensor argmax(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  return arg_extreme("argmax", Pick::max, x, dim, keepdim);
}
Tensor argmin(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  return arg_extreme("argmin", Pick::min, x, dim, keepdim);
}

Tensor logsumexp(const Tensor& x, const Shape& dim, bool keepdim) {
  const Reduction3 in = arrange("logsumexp", x, dim);
  const Tensor total = empty(in.sizes(keepdim), x.dtype());
  dispatch_float("logsumexp", x.dtype(), [&]<class T>() {
    kernels::logsumexp(total.data<T>(), in.x.data<T>(), in.A, in.R, in.C);
  });
  return record("logsumexp", total,
                {x, [x = saved(x), kept = in.kept](const Tensor& dy, const Tensor& y) {
                   return reshape(dy, kept) * exp(x() - reshape(y, kept));
                 }});
}

Tensor norm(const Tensor& x, Scalar p) { return norm(x, p, Shape{}); }
Tensor norm(const Tensor& x, std::optional<Scalar> p, const Shape& dim, bool keepdim) {
  check_floating_point("norm", x.dtype());
  const double order = p.value_or(2).to_double();
  if (order == 2) return root("norm", total("norm", x * x, dim, keepdim), 2);
  if (order == 1) return total("norm", abs(x), dim, keepdim);
  if (order == 0) return total("norm", to(x != 0, x.dtype()), dim, keepdim);
  if (std::isinf(order))
    return extreme("norm", order > 0 ? Pick::max : Pick::min, abs(x), dim, keepdim);
  const Tensor zero = x == 0;  // kept out of pow, whose slope there may be infinite
  const Tensor powers =
      masked_fill(pow(masked_fill(abs(x), zero, 1), order), zero, std::pow(0.0, order));
  return root("norm", total("norm", powers, dim, keepdim), order);
}

Tensor cumsum(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
  if (dtype) return cumsum(to(x, *dtype), dim);
  if (x.dtype() == kBool) return cumsum(to(x, kInt64), dim);
  const Reduction3 in = arrange("cumsum", x, {dim});
  const Tensor y = empty(x.sizes(), x.dtype());
  dispatch_number("cumsum", x.dtype(), [&]<class T>() {
    if (y.numel() > 0) kernels::cumsum(y.data<T>(), in.x.data<T>(), in.A, in.R, in.C);
  });
  return record("cumsum", y,
                {x, [dim](const Tensor& dy) { return flip(cumsum(flip(dy, dim), dim), dim); }});
}

std::tuple<Tensor, Tensor> topk(const Tensor& x, int64_t k, int64_t dim, bool largest,
                                bool /*sorted*/) {
  const Reduction3 in = arrange("topk", x, {dim});
  check(0 <= k && k <= in.R, "topk: k is {}, dimension {} of {} has {}", k, dim, x.sizes(), in.R);
  Shape sizes = x.sizes();
  if (!sizes.empty()) sizes[wrap_dim("topk", dim, sizes.size())] = k;
  const Tensor values = empty(sizes, x.dtype());
  const Tensor index = empty(sizes, kInt64);
  dispatch_number("topk", x.dtype(), [&]<class T>() {
    if (values.numel() > 0)
      kernels::topk(values.data<T>(), index.data<int64_t>(), in.x.data<T>(), in.A, in.R, in.C, k,
                    largest);
  });
  return {x.dim() == 0 ? alias(x) : gather(x, dim, index), index};
}

Tensor sum_to(const Tensor& x, const Shape& sizes) {
  if (x.sizes() == sizes) return x;
  check(broadcasts_to(sizes, x.sizes()), "sum_to: {} was not broadcast from {}", x.sizes(), sizes);
  const size_t added = x.sizes().size() - sizes.size();
  Shape dims;
  for (size_t d = 0; d < x.sizes().size(); ++d)
    if (d < added || (sizes[d - added] == 1 && x.sizes()[d] != 1))
      dims.push_back(static_cast<int64_t>(d));
  return reshape(dims.empty() ? x : sum(x, dims, true), sizes);
}

}  // namespace gradus
