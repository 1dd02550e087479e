#include "tensor/kernels/reduce.h"

#include <cmath>

#include "autograd/ops.h"
#include "tensor/elementwise.h"
#include "tensor/kernels/index.h"
#include "tensor/kernels/softmax.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

using DimFlags = std::array<bool, Shape::kMaxDims>;

/// x as a contiguous array (outer, size, inner), with the dimensions to reduce in the middle.
struct Arranged {
  Tensor x;
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
  Shape given;    // x's sizes
  Shape kept;     // x's sizes, with 1 for the reduced dimensions
  Shape dropped;  // x's sizes without the reduced dimensions
  const Shape& sizes(bool keepdim) const { return keepdim ? kept : dropped; }
};

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

/// Throws if there is no element to reduce although there are results.
void check_not_empty(const char* op, const Arranged& in) {
  check(in.size > 0 || in.outer * in.inner == 0,
        "{}: a reduced dimension of x has size 0, so there is no element to choose from; x is {}",
        op, in.given);
}

enum class Extremum { max, min };

/// The largest or smallest element over the reduced dimensions, and its index if `indices` is true.
std::pair<Tensor, Tensor> find_extreme(const char* op, Extremum which, const Arranged& in,
                                       bool indices, bool keepdim = true) {
  check_not_empty(op, in);
  const Tensor y = empty(in.sizes(keepdim), in.x.dtype());
  const Tensor index = indices ? empty(in.kept, kInt64) : Tensor();
  if (y.numel() == 0) return {y, index};
  dispatch(y.dtype(), [&]<class T>() {
    kernels::extreme(y.data<T>(), indices ? index.data<int64_t>() : nullptr, in.x.data<T>(),
                     in.outer, in.size, in.inner, which == Extremum::max);
  });
  return {y, index};
}

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

/// a / b, and 0 where b is 0, also in the derivatives of any order.
Tensor ratio_or_zero(const Tensor& a, const Tensor& b) {
  const Tensor zero = b == 0;
  return masked_fill(a / masked_fill(b, zero, 1), zero, 0);
}

/// dy, and 0 where y is 0: the infinite gradients of a function of y would give inf * 0.
Tensor zero_with(const Tensor& y, const Tensor& dy) { return masked_fill(dy, y.detach() == 0, 0); }

/// x in reverse order along dim.
Tensor flip(const Tensor& x, int64_t dim) {
  return x.dim() == 0 ? x : index_select(x, dim, arange(x.size(dim) - 1, -1, -1));
}

/// The op sum; errors name `op` instead.
Tensor total(const char* op, const Tensor& x, const Shape& dim, bool keepdim) {
  const Arranged in = arrange(op, x, dim);
  const Tensor y = empty(in.sizes(keepdim), x.is_floating_point() ? x.dtype() : kInt64);
  dispatch(x.dtype(), [&]<class T>() {
    using S = std::conditional_t<std::is_same_v<T, bool>, int64_t, T>;
    kernels::sum(y.data<S>(), in.x.data<T>(), in.outer, in.size, in.inner);
  });
  return record("sum", y, {x, [kept = in.kept, sizes = x.sizes()](const Tensor& dy) {
                             return expand(reshape(dy, kept), sizes);
                           }});
}

/// f(sum) as x's dtype, where compute(sums, x, outer, size, inner) makes a sum in double of each
/// group of numbers that is reduced. The sum itself may leave the range of x's dtype.
template <class Compute, class F>
Tensor from_sums(const char* op, const Arranged& in, bool keepdim, const Compute& compute,
                 const F& f) {
  const Tensor y = empty(in.sizes(keepdim), in.x.dtype());
  dispatch_float(op, y.dtype(), [&]<class T>() {
    const Tensor sums = empty(y.sizes(), kFloat64);
    double* const first = sums.data<double>();
    compute(first, in.x.data<T>(), in.outer, in.size, in.inner);
    std::transform(first, first + sums.numel(), y.data<T>(),
                   [&](double sum) { return static_cast<T>(f(sum)); });
  });
  return y;
}

/// f(sum of (x - mean)^2).
template <class F>
Tensor from_deviations(const char* op, const Arranged& in, bool keepdim, const F& f) {
  const auto compute = [](double* sums, const auto* x, int64_t outer, int64_t size, int64_t inner) {
    const Tensor means = empty({outer, inner}, kFloat64);
    kernels::mean_and_m2(means.data<double>(), sums, x, outer, size, inner);
  };
  return from_sums(op, in, keepdim, compute, f);
}

/// The divisor of the variance of n numbers: n - 1 if unbiased (Bessel's correction), else n.
double variance_divisor(int64_t n, bool unbiased) {
  return static_cast<double>(std::max<int64_t>(n - (unbiased ? 1 : 0), 0));
}

/// x - mean(x). The second subtraction removes the rounding error of the first mean, which is large
/// where x is.
Tensor centered(const Tensor& x, const Shape& dim) {
  const Tensor differences = x - mean(x, dim, true);
  const Tensor rest = mean(differences, dim, true);
  return differences - masked_fill(rest, rest != rest, 0);  // NaN: x has an infinity
}

/// sqrt(sum of x^2)
Tensor euclidean_norm(const Arranged& in, bool keepdim) {
  const auto squares = [](double* sums, const auto* x, int64_t outer, int64_t size, int64_t inner) {
    const Tensor center = zeros({inner}, kFloat64);
    kernels::sum_of_squared_differences(sums, x, center.data<double>(), outer, size, inner);
  };
  return from_sums("norm", in, keepdim, squares, [](double sum) { return std::sqrt(sum); });
}

/// (sum of |x|^p)^(1/p), in double, because the powers of a float may be infinite.
Tensor power_norm(const Tensor& x, double p, const Shape& dim, bool keepdim) {
  const NoGradGuard no_grad;
  const Tensor powers = pow(abs(to(x, kFloat64)), p);
  return to(pow(total("norm", powers, dim, keepdim), 1 / p), x.dtype());
}

/// sign(r) |r|^p, and 0 where r is 0.
Tensor signed_power(const Tensor& r, double p) {
  if (p == 1) return r;
  const Tensor zero = r == 0;
  const Tensor sign = to(r > 0, r.dtype()) - to(r < 0, r.dtype());
  return masked_fill(sign * pow(masked_fill(abs(r), zero, 1), p), zero, 0);
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& dim, bool keepdim, std::optional<DType> dtype) {
  return total("sum", dtype ? to(x, *dtype) : x, dim, keepdim);
}

Tensor mean(const Tensor& x, const Shape& dim, bool keepdim, std::optional<DType> dtype) {
  if (dtype) return mean(to(x, *dtype), dim, keepdim);
  check_floating_point("mean", x.dtype());
  const Arranged in = arrange("mean", x, dim);
  const double n = static_cast<double>(in.size);
  const auto sums = [](auto... arguments) { kernels::sum(arguments...); };
  const Tensor y = from_sums("mean", in, keepdim, sums, [n](double sum) { return sum / n; });
  return record("mean", y, {x, [kept = in.kept, sizes = x.sizes(), n](const Tensor& dy) {
                              return expand(reshape(dy, kept) / std::max(n, 1.0), sizes);
                            }});
}

// The variance of n numbers:
//
//   y    = sum_i (x_i - mean)^2 / d
//   dx_i = dy 2 (x_i - mean) / d
//
//   d    n - 1 for the unbiased estimate, else n
//
// The gradient through the mean is 0, since the sum of x_i - mean is.
Tensor var(const Tensor& x, const Shape& dim, bool unbiased, bool keepdim) {
  const Arranged in = arrange("var", x, dim);
  const double d = variance_divisor(in.size, unbiased);
  return record("var", from_deviations("var", in, keepdim, [d](double sum) { return sum / d; }),
                {x, [x = saved(x), dim, d, kept = in.kept](const Tensor& dy) {
                   return reshape(dy, kept) * centered(x(), dim) * (2 / d);
                 }});
}

// y = sqrt(var):
//
//   dx_i = dy (x_i - mean) / (d y), and 0 where y = 0
Tensor std(const Tensor& x, const Shape& dim, bool unbiased, bool keepdim) {
  const Arranged in = arrange("std", x, dim);
  const double d = variance_divisor(in.size, unbiased);
  return record("std",
                from_deviations("std", in, keepdim, [d](double sum) { return std::sqrt(sum / d); }),
                {x, [x = saved(x), dim, d, kept = in.kept](const Tensor& dy, const Tensor& y) {
                   const Tensor r = ratio_or_zero(centered(x(), dim), reshape(y, kept));
                   return reshape(zero_with(y, dy), kept) / d * r;
                 }});
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
Tensor logsumexp(const Tensor& x, const Shape& dim, bool keepdim) {
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
}

// The p-norm:
//
//   y    = (sum_i |x_i|^p)^(1/p)
//   dx_i = dy sign(r_i) |r_i|^(p - 1) with r_i = x_i / y, and 0 where x_i = 0 or y = 0
//
// p = 0 counts the elements that are not 0, and p = +-infinity is max |x_i| or min |x_i|.
Tensor norm(const Tensor& x, Scalar p) { return norm(x, p, Shape{}); }
Tensor norm(const Tensor& x, std::optional<Scalar> p, const Shape& dim, bool keepdim) {
  check_floating_point("norm", x.dtype());
  const double order = p.value_or(2).to_double();
  if (order == 1) return total("norm", abs(x), dim, keepdim);
  if (order == 0) return total("norm", to(x != 0, x.dtype()), dim, keepdim);
  if (std::isinf(order))
    return extreme("norm", order > 0 ? Extremum::max : Extremum::min, abs(x), dim, keepdim);
  const Arranged in = arrange("norm", x, dim);
  if (order < 0) check_not_empty("norm", in);
  const Tensor result =
      order == 2 ? euclidean_norm(in, keepdim) : power_norm(x, order, dim, keepdim);
  return record("norm", result,
                {x, [x = saved(x), order, kept = in.kept](const Tensor& dy, const Tensor& y) {
                   const Tensor r = ratio_or_zero(x(), reshape(y, kept));
                   const Tensor dnorm = reshape(zero_with(y, dy), kept);
                   return dnorm * signed_power(r, order - 1);
                 }});
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
                                bool /*sorted*/) {
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
