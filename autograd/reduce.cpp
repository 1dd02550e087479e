#include "autograd/reduce.h"

#include "tensor/elementwise.h"
#include "tensor/kernels/index.h"
#include "tensor/kernels/reduce.h"
#include "tensor/kernels/softmax.h"
#include "tensor/strided.h"

namespace gradus {
namespace reduction {
namespace {

using DimFlags = std::array<bool, Shape::kMaxDims>;

/// Which of x's dimensions are reduced: those in dim, or all if it is empty.
DimFlags reduced_dims(const char* op, const Tensor& x, const Shape& dim) {
  DimFlags reduced{};
  if (dim.empty()) reduced.fill(true);
  for (const int64_t given : dim) {
    const size_t d = wrap_dim(op, given, x.sizes().size());
    check(!reduced[d], "{}: dimension {} is named twice in {}", op, d, dim);
    reduced[d] = true;
  }
  return reduced;
}

/// x with the reduced dimensions after all others.
Tensor reduced_last(const Tensor& x, const DimFlags& reduced) {
  Shape order;
  for (const bool wanted : {false, true}) {
    for (size_t d = 0; d < x.sizes().size(); ++d) {
      if (reduced[d] == wanted) order.push_back(static_cast<int64_t>(d));
    }
  }
  return permute(x, order);
}

}  // namespace

Arranged arrange(const char* op, const Tensor& x, const Shape& dim) {
  const DimFlags reduced = reduced_dims(op, x, dim);
  Arranged arranged;
  arranged.given = x.sizes();
  arranged.kept = x.sizes();
  int groups = 0;  // of neighbouring reduced dimensions
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    const int64_t size = x.sizes()[d];
    if (!reduced[d]) {
      arranged.dropped.push_back(size);
      (groups == 0 ? arranged.outer : arranged.inner) *= size;
      continue;
    }
    if (d == 0 || !reduced[d - 1]) ++groups;
    arranged.kept[d] = 1;
    arranged.size *= size;
  }
  const NoGradGuard no_grad;
  if (groups > 1) {
    arranged.outer *= arranged.inner;
    arranged.inner = 1;
  }
  arranged.x = as_contiguous(groups > 1 ? reduced_last(x, reduced) : x);
  return arranged;
}

void check_not_empty(const char* op, const Arranged& in) {
  check(in.size > 0 || in.outer * in.inner == 0,
        "{}: a reduced dimension of x has size 0, so there is no element to choose from; x is {}",
        op, in.given);
}

namespace {

/// The largest or smallest element over the reduced dimensions, and its index if `indices` is true.
std::pair<Tensor, Tensor> find_extreme(const char* op, Extremum which, const Arranged& in,
                                       bool indices, bool keepdim = true) {
  check_not_empty(op, in);
  const Tensor y = empty(in.sizes(keepdim), in.x.dtype());
  const Tensor index = indices ? empty(in.kept, kInt64) : Tensor();
  if (y.numel() == 0) return {y, index};
  dispatch(op, y.dtype(), [&]<class T>() {
    kernels::extreme(y.data<T>(), indices ? index.data<int64_t>() : nullptr, in.x.data<T>(),
                     in.outer, in.size, in.inner, which == Extremum::max);
  });
  return {y, index};
}

}  // namespace

// y = max_i x_i or min_i x_i, whose gradient is shared by the elements that are equal to y, or
// that are NaN if y is:
//
//   dx_i = dy [x_i = y] / (number of j with x_j = y)
Tensor extreme(OpName op, Extremum which, const Tensor& x, const Shape& dim, bool keepdim) {
  const Arranged in = arrange(op, x, dim);
  return record(op, find_extreme(op, which, in, false, keepdim).first,
                {x, [x = saved(x), dim, kept = in.kept](const Tensor& dy, const Tensor& y) {
                   const Tensor chosen = reshape(y.detach(), kept);
                   const Tensor both_nan = logical_and(x() != x(), chosen != chosen);
                   const Tensor ties = logical_or(x() == chosen, both_nan);
                   const Tensor count = to(sum(ties, dim, true), dy.dtype());
                   return where(ties, reshape(dy, kept) / count, 0);
                 }});
}

Tensor total(const char* op, const Tensor& x, const Shape& dim, bool keepdim) {
  const Arranged in = arrange(op, x, dim);
  Tensor y = empty(in.sizes(keepdim), x.is_floating_point() ? x.dtype() : kInt64);
  dispatch(op, x.dtype(), [&]<class T>() {
    using S = std::conditional_t<std::is_same_v<T, bool>, int64_t, T>;
    kernels::sum(y.data<S>(), in.x.data<T>(), in.outer, in.size, in.inner);
  });
  return record("sum", std::move(y), {x, [kept = in.kept, sizes = x.sizes()](const Tensor& dy) {
                                        return expand(reshape(dy, kept), sizes);
                                      }});
}

}  // namespace reduction

namespace {

using namespace reduction;

Tensor arg_extreme(const char* op, Extremum which, const Tensor& x, std::optional<int64_t> dim,
                   bool keepdim) {
  const Arranged in = arrange(op, x, dim ? Shape{*dim} : Shape{});
  const NoGradGuard no_grad;
  return reshape(find_extreme(op, which, in, true).second, in.sizes(keepdim));
}

std::tuple<Tensor, Tensor> extreme_along(const char* op, Extremum which, const Tensor& x,
                                         int64_t dim, bool keepdim) {
  const Tensor index = arg_extreme(op, which, x, dim, /*keepdim=*/true);
  if (x.dim() == 0) return {alias(x), index};
  const Tensor values = gather(x, dim, index);
  if (keepdim) return {values, index};
  return {squeeze(values, dim), squeeze(index, dim)};
}

/// any is the largest element of a bool tensor, all the smallest.
Tensor any_or_all(const char* op, Extremum which, const Tensor& x, const Shape& dim, bool keepdim) {
  check_is_no_bfloat16(op, x.dtype());
  const NoGradGuard no_grad;
  const Arranged in = arrange(op, to(x, kBool), dim);
  const Tensor y = empty(in.sizes(keepdim), kBool);
  const auto reduce = which == Extremum::max ? kernels::any : kernels::all;
  reduce(y.data<bool>(), in.x.data<bool>(), in.outer, in.size, in.inner);
  return y;
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& dim, bool keepdim, std::optional<DType> dtype) {
  return total("sum", dtype ? to(x, *dtype) : x, dim, keepdim);
}

Tensor max(const Tensor& x) { return extreme("max", Extremum::max, x, {}, false); }
Tensor min(const Tensor& x) { return extreme("min", Extremum::min, x, {}, false); }
Tensor amax(const Tensor& x, const Shape& dim, bool keepdim) {
  return extreme("amax", Extremum::max, x, dim, keepdim);
}
Tensor amin(const Tensor& x, const Shape& dim, bool keepdim) {
  return extreme("amin", Extremum::min, x, dim, keepdim);
}
std::tuple<Tensor, Tensor> max(const Tensor& x, int64_t dim, bool keepdim) {
  return extreme_along("max", Extremum::max, x, dim, keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& x, int64_t dim, bool keepdim) {
  return extreme_along("min", Extremum::min, x, dim, keepdim);
}
Tensor any(const Tensor& x) { return any_or_all("any", Extremum::max, x, {}, false); }
Tensor any(const Tensor& x, const Shape& dim, bool keepdim) {
  check_is_no_bfloat16("any", x.dtype());
  return dim.empty() ? x != 0 : any_or_all("any", Extremum::max, x, dim, keepdim);
}
Tensor all(const Tensor& x) { return any_or_all("all", Extremum::min, x, {}, false); }
Tensor all(const Tensor& x, const Shape& dim, bool keepdim) {
  check_is_no_bfloat16("all", x.dtype());
  return dim.empty() ? x != 0 : any_or_all("all", Extremum::min, x, dim, keepdim);
}
Tensor argmax(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  return arg_extreme("argmax", Extremum::max, x, dim, keepdim);
}
Tensor argmin(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  return arg_extreme("argmin", Extremum::min, x, dim, keepdim);
}

// The logarithm of a sum of exponentials (Blanchard, Higham and Higham 2021):
//
//   y    = m + log sum_j exp(x_j - m)
//   dx_i = dy exp(x_i - y) / sum_j exp(x_j - y)
//
//   m    max_j x_j, which keeps exp from overflowing
//
// The sum is 1, except for the rounding error of y, which is large where x is.
Tensor logsumexp(const Tensor& x, const Shape& dim, bool keepdim) try {
  const Arranged in = arrange("logsumexp", x, dim);
  const Tensor result = empty(in.sizes(keepdim), x.dtype());
  dispatch_float("logsumexp", x.dtype(), [&]<class T>() {
    kernels::logsumexp(result.data<T>(), in.x.data<T>(), in.outer, in.size, in.inner);
  });
  return record("logsumexp", result,
                {x, [x = saved(x), dim, kept = in.kept](const Tensor& dy, const Tensor& y) {
                   const Tensor lse = reshape(y.detach(), kept);
                   const Tensor shares = exp(x() - lse);
                   const Tensor infinite = abs(lse) == std::numeric_limits<double>::infinity();
                   const Tensor total = masked_fill(sum(shares, dim, true), infinite, 1);
                   return reshape(dy, kept) * (shares / total);
                 }});
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

// The running sum, whose gradient is a running sum from the other end:
//
//   y_i  = sum of x_j over j <= i
//   dx_j = sum of dy_i over i >= j
Tensor cumsum(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
  if (dtype) return cumsum(to(x, *dtype), dim);
  if (x.dtype() == kBool) return cumsum(to(x, kInt64), dim);
  const Arranged in = arrange("cumsum", x, {dim});
  const Tensor y = empty(x.sizes(), x.dtype());
  dispatch_number("cumsum", x.dtype(), [&]<class T>() {
    if (y.numel() == 0) return;
    kernels::cumsum(y.data<T>(), in.x.data<T>(), in.outer, in.size, in.inner);
  });
  return record("cumsum", y,
                {x, [dim](const Tensor& dy) { return flip(cumsum(flip(dy, dim), dim), dim); }});
}

std::tuple<Tensor, Tensor> topk(const Tensor& x, int64_t k, int64_t dim, bool largest,
                                bool /*sorted*/) try {
  const Arranged in = arrange("topk", x, {dim});
  check(0 <= k && k <= in.size, "topk: k is {}, dimension {} of {} has {}", k, dim, x.sizes(),
        in.size);
  Shape sizes = x.sizes();
  if (!sizes.empty()) sizes[wrap_dim("topk", dim, sizes.size())] = k;
  const Tensor values = empty(sizes, x.dtype());
  const Tensor index = empty(sizes, kInt64);
  dispatch_number("topk", x.dtype(), [&]<class T>() {
    if (values.numel() == 0) return;
    kernels::topk(values.data<T>(), index.data<int64_t>(), in.x.data<T>(), in.outer, in.size,
                  in.inner, k, largest);
  });
  return {x.dim() == 0 ? alias(x) : gather(x, dim, index), index};
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor sum_to(const Tensor& x, const Shape& sizes) {
  if (x.sizes() == sizes) return x;
  check(broadcasts_to(sizes, x.sizes()), "sum_to: {} was not broadcast from {}", x.sizes(), sizes);
  const size_t added = x.sizes().size() - sizes.size();
  Shape dims;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    const bool stretched = d >= added && sizes[d - added] == 1 && x.sizes()[d] != 1;
    if (d < added || stretched) dims.push_back(static_cast<int64_t>(d));
  }
  return reshape(dims.empty() ? x : sum(x, dims, true), sizes);
}

}  // namespace gradus
