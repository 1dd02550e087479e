// Mean, variance, standard deviation and norms.
#include <cmath>

#include "autograd/reduce.h"
#include "tensor/kernels/reduce.h"

namespace gradus {
namespace {

using namespace reduction;

/// a / b, and 0 where b is 0, also in the derivatives of any order.
Tensor ratio_or_zero(const Tensor& a, const Tensor& b) {
  const Tensor zero = b == 0;
  return masked_fill(a / masked_fill(b, zero, 1), zero, 0);
}

/// dy, and 0 where y is 0: the infinite gradients of a function of y would give inf * 0.
Tensor zero_with(const Tensor& y, const Tensor& dy) { return masked_fill(dy, y.detach() == 0, 0); }

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

Tensor count_nonzero(const Tensor& x, const Shape& dim, bool keepdim) {
  return record("norm", total("norm", to(x.detach() != 0, x.dtype()), dim, keepdim),
                {x, [sizes = x.sizes()](const Tensor& dy) { return zeros(sizes, dy.dtype()); }});
}

}  // namespace

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

// The p-norm:
//
//   y    = (sum_i |x_i|^p)^(1/p)
//   dx_i = dy sign(r_i) |r_i|^(p - 1) with r_i = x_i / y, and 0 where x_i = 0 or y = 0
//
// p = 0 counts the elements that are not 0 (its gradient is 0), and p = +-infinity is max |x_i| or
// min |x_i|.
Tensor norm(const Tensor& x, Scalar p) { return norm(x, p, Shape{}); }
Tensor norm(const Tensor& x, std::optional<Scalar> p, const Shape& dim, bool keepdim) {
  check_floating_point("norm", x.dtype());
  const double order = p.value_or(2).to_double();
  if (order == 1) return total("norm", abs(x), dim, keepdim);
  if (order == 0) return count_nonzero(x, dim, keepdim);
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

}  // namespace gradus
