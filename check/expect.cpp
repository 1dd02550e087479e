#include "check/expect.h"

#include <cmath>
#include <numeric>

#include "check/diagnosis.h"
#include "check/numeric_gradient.h"
#include "tensor/random.h"

namespace gradus {
namespace {

/// The largest |a - b|; infinite if only one of the two is nan.
double largest_difference(const Tensor& a, const Tensor& b) {
  return compare(a, b, {.rtol = 0, .atol = 0}).worst;
}

int64_t count_steps(const char* op, const Tensor& x, int64_t dim, int64_t at_least) {
  check(x.defined() && x.is_floating_point(), "{}: x must hold floating-point numbers", op);
  const int64_t T = x.size(dim);
  check(T >= at_least, "{}: x is {}, dimension {} needs {} steps or more", op, x.sizes(), dim,
        at_least);
  return T;
}

void check_same_steps(const char* op, const Tensor& y, int64_t T, int64_t dim) {
  check(y.dim() > 0 && y.size(dim) == T, "{}: x has {} steps, but the result is {}", op, T,
        y.sizes());
}

/// Changes element i of x (in row-major order), calls f, and restores x.
Tensor result_after_change(const std::function<Tensor()>& f, const Tensor& x, int64_t i) {
  const RestoreTensor moved(x);
  const Tensor changed = moved.original().contiguous().clone();
  dispatch("expect_depends_on", x.dtype(), [&]<class T>() {
    T& element = changed.data<T>()[i];
    element = static_cast<T>(element * T(1.25) + T(0.5));
  });
  x.copy_(changed);
  return f().detach().clone();
}

}  // namespace

void expect_causal(const LayerFunction& f, const Tensor& x, int64_t dim) {
  const NoGradGuard no_grad;
  const int64_t T = count_steps("expect_causal", x, dim, 2);
  const Tensor y = f(x.detach().clone());
  check_same_steps("expect_causal", y, T, dim);
  for (int64_t t = 0; t + 1 < T; ++t) {
    const Tensor changed = x.detach().clone();
    const Tensor later_steps = changed.narrow(dim, t + 1, T - t - 1);
    later_steps.copy_(later_steps * -2 + 1);
    const Tensor changed_y = f(changed);
    for (int64_t s = 0; s <= t; ++s) {
      const double difference = largest_difference(changed_y.select(dim, s), y.select(dim, s));
      check(difference == 0,
            "expect_causal: step {} sees the future: changing the steps after {} changes it by "
            "{:.3g}",
            s, t, difference);
    }
  }
}

void expect_rows_sum_to_one(const Tensor& weights, double tolerance) {
  const NoGradGuard no_grad;
  check(weights.defined() && weights.is_floating_point() && weights.dim() > 0,
        "expect_rows_sum_to_one: the weights must be rows of floating-point numbers");
  const Tensor w = weights.detach().to(kFloat64).contiguous();
  const Tensor sums = w.sum(-1).contiguous();
  for (int64_t i = 0; i < w.numel(); ++i)
    check(w.data<double>()[i] >= 0,
          "expect_rows_sum_to_one: the weight {:.6g} at {} is not 0 or more", w.data<double>()[i],
          index_of(i, w.sizes()));
  for (int64_t i = 0; i < sums.numel(); ++i)
    check(std::abs(sums.data<double>()[i] - 1) <= tolerance,
          "expect_rows_sum_to_one: row {} of {} sums to {:.8g}", index_of(i, sums.sizes()),
          w.sizes(), sums.data<double>()[i]);
}

void expect_permutation_equivariant(const LayerFunction& f, const Tensor& x, int64_t dim,
                                    double tolerance) {
  const NoGradGuard no_grad;
  const int64_t T = count_steps("expect_permutation_equivariant", x, dim, 2);
  const Tensor y = f(x.detach().clone());
  check_same_steps("expect_permutation_equivariant", y, T, dim);
  // 1, 2, ..., T - 1, 0 with the first two exchanged: not its own inverse for T > 2.
  std::vector<int64_t> order(static_cast<size_t>(T));
  std::iota(order.begin(), order.end(), 1);
  order.back() = 0;
  if (T > 2) std::swap(order[0], order[1]);
  const Tensor index = tensor(order, kInt64);
  const Tensor expected = index_select(y, dim, index);
  const Tensor permuted = f(index_select(x.detach(), dim, index));
  for (int64_t t = 0; t < T; ++t) {
    const double difference = largest_difference(permuted.select(dim, t), expected.select(dim, t));
    check(difference <= tolerance,
          "expect_permutation_equivariant: with the steps in another order, the result of step {} "
          "changes by {:.3g}",
          order[static_cast<size_t>(t)], difference);
  }
}

void expect_depends_on(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs) {
  const NoGradGuard no_grad;
  const Tensor y = f().detach().clone();
  for (const auto& [name, x] : inputs) {
    check(x.defined() && x.is_floating_point(),
          "expect_depends_on: {} must hold floating-point numbers", name);
    for (int64_t i = 0; i < x.numel(); ++i)
      check(largest_difference(result_after_change(f, x, i), y) != 0,
            "expect_depends_on: the result does not depend on {} at {}", name,
            index_of(i, x.sizes()));
  }
}

void expect_cache_equal(const LayerFunction& without_cache, const LayerFunction& with_cache,
                        const Tensor& x, int64_t dim, std::vector<int64_t> pieces,
                        double tolerance) {
  const NoGradGuard no_grad;
  const int64_t T = count_steps("expect_cache_equal", x, dim, 1);
  if (pieces.empty()) pieces.assign(static_cast<size_t>(T), 1);
  check(std::accumulate(pieces.begin(), pieces.end(), int64_t{0}) == T,
        "expect_cache_equal: the pieces {} do not add up to the {} steps of x",
        fmt::format("{}", fmt::join(pieces, " + ")), T);
  const Tensor y = without_cache(x.detach().clone());
  check_same_steps("expect_cache_equal", y, T, dim);
  int64_t start = 0;
  for (const int64_t n : pieces) {
    const Tensor part = with_cache(x.detach().narrow(dim, start, n).clone());
    check_same_steps("expect_cache_equal", part, n, dim);
    for (int64_t t = 0; t < n; ++t) {
      const double difference = largest_difference(part.select(dim, t), y.select(dim, start + t));
      check(difference <= tolerance,
            "expect_cache_equal: with the cache, step {} differs by {:.3g}", start + t, difference);
    }
    start += n;
  }
}

}  // namespace gradus
