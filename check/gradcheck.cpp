#include "check/gradcheck.h"

#include <cmath>
#include <numeric>

#include "autograd/engine.h"
#include "tensor/loops.h"
#include "tensor/random.h"

namespace gradus {
namespace {

double dot(const Tensor& a, const Tensor& b) { return sum(a.detach() * b.detach()).item<double>(); }

/// Numbers between 0.5 and 1.5 of either sign: none is so small that an error could hide behind it.
/// They come from a generator of their own, so that checking a gradient does not change what the
/// program draws.
Tensor random_like(const Tensor& x, Generator& g) {
  const Tensor y = empty(x.sizes(), kFloat64);
  for (int64_t i = 0; i < y.numel(); ++i) {
    const double u = g.uniform<double>() * 2 - 1;
    y.data<double>()[i] = u + (u < 0 ? -0.5 : 0.5);
  }
  return y;
}

struct Check {
  const std::function<Tensor()>& f;
  const std::vector<Checked>& by;
  const GradcheckOptions& options;
  Tensor u;               // the cotangent
  std::vector<Tensor> g;  // backward's gradients

  double value() const {
    const NoGradGuard no_grad;
    return dot(u, f());
  }
  bool agrees_along_a_direction(Generator& random) const;
  void compare_elements(const Checked& checked, const Tensor& gradient) const;
};

/// One pair of forward passes for everything: u . f(x + eps v) - u . f(x - eps v) beside 2 eps g .
/// v.
bool Check::agrees_along_a_direction(Generator& random) const {
  std::vector<Tensor> v;
  std::vector<Tensor> x;
  double analytic = 0;
  double size = 0;
  for (size_t i = 0; i < by.size(); ++i) {
    v.push_back(random_like(by[i].x, random));
    x.push_back(by[i].x.detach().clone());
    analytic += dot(g[i], v[i]);
    size += dot(abs(g[i].detach()), abs(v[i]));
  }
  const auto value_at = [&](double step) {
    const NoGradGuard no_grad;
    for (size_t i = 0; i < by.size(); ++i)
      by[i].x.copy_(x[i] + v[i] * step);
    const double there = value();
    for (size_t i = 0; i < by.size(); ++i)
      by[i].x.copy_(x[i]);
    return there;
  };
  const double plus = value_at(options.eps);
  const double minus = value_at(-options.eps);
  const double numeric = (plus - minus) / (2 * options.eps);
  const double rounding = 1e-15 * (std::abs(plus) + std::abs(minus)) / options.eps;
  return std::abs(analytic - numeric) <=
         1e-7 * size + 10 * rounding;  // far stricter than atol and rtol
}

void Check::compare_elements(const Checked& checked, const Tensor& gradient) const {
  const Tensor analytic = as_contiguous(gradient.detach());
  int64_t differing = 0;
  std::string first;
  double least_ratio = std::numeric_limits<double>::infinity();
  double largest_ratio = -least_ratio;
  for (int64_t i = 0; i < checked.x.numel(); ++i) {
    const Shape index = index_of(i, checked.x.sizes());
    const Shape& step = checked.x.strides();
    double& at = checked.x.data<double>()[std::inner_product(index.begin(), index.end(),
                                                             step.begin(), int64_t{0})];
    const double x = at;
    at = x + options.eps;
    const double plus = value();
    at = x - options.eps;
    const double minus = value();
    at = x;
    const double numeric = (plus - minus) / (2 * options.eps);
    const double a = analytic.data<double>()[i];
    if (std::abs(a - numeric) <= options.atol + options.rtol * std::abs(numeric)) {
      if (std::abs(a) > options.atol)
        least_ratio = -std::numeric_limits<double>::infinity();  // this one is right
      continue;
    }
    if (++differing == 1)
      first = fmt::format("{} at {}: backward gives {:.6g}, central differences {:.6g}",
                          checked.name, index, a, numeric);
    least_ratio = std::min(least_ratio, a / numeric),
    largest_ratio = std::max(largest_ratio, a / numeric);
  }
  if (differing == 0) return;
  const bool constant =
      std::abs(largest_ratio - least_ratio) <= 1e-3 * std::abs(largest_ratio) && largest_ratio != 0;
  fail("gradcheck: {} ({} of {} elements differ{})", first, differing, checked.x.numel(),
       constant ? fmt::format("; the ratio is {:.4g} everywhere", largest_ratio) : "");
}

/// Copies of the inputs that may be moved; those to check require gradients.
std::pair<std::vector<Tensor>, std::vector<Checked>> movable(const std::vector<Tensor>& inputs) {
  const bool all = std::none_of(inputs.begin(), inputs.end(), needs_grad);
  std::vector<Tensor> own;
  std::vector<Checked> by;
  for (size_t i = 0; i < inputs.size(); ++i) {
    own.push_back(inputs[i].detach().clone());
    if (!inputs[i].is_floating_point() || !(all || needs_grad(inputs[i]))) continue;
    own.back().requires_grad_();
    by.push_back({fmt::format("argument {}", i), own.back()});
  }
  return {own, by};
}

}  // namespace

bool gradcheck(const std::function<Tensor()>& f, const std::vector<Checked>& by,
               const GradcheckOptions& options) {
  check(!by.empty(), "gradcheck: there is no floating-point tensor to differentiate by");
  std::vector<Tensor> inputs;
  for (const auto& [name, x] : by) {
    check(x.dtype() == kFloat64,
          "gradcheck: {} is {}, differences need float64; convert it with .to(kFloat64)", name,
          x.dtype());
    inputs.push_back(x);
  }
  const AutoGradMode recording(true);
  Generator random(20170612);
  const Tensor y = f();
  check(y.dtype() == kFloat64, "gradcheck: f gives {}, differences need float64", y.dtype());
  {
    const NoGradGuard no_grad;
    check(allclose(f(), y.detach(), 0, 0, /*equal_nan=*/true),
          "gradcheck: f is not deterministic, two calls differ (dropout?)");
  }
  check(needs_grad(y), "gradcheck: f's result does not depend on what it is differentiated by");
  Check checking{f, by, options, random_like(y, random), {}};
  checking.g = autograd::grad({y}, inputs, {checking.u}, {}, false, /*allow_unused=*/true);
  for (size_t i = 0; i < by.size(); ++i)
    if (!checking.g[i].defined()) checking.g[i] = zeros(by[i].x.sizes(), kFloat64);
  if (checking.agrees_along_a_direction(random)) return true;
  for (size_t i = 0; i < by.size(); ++i)
    checking.compare_elements(by[i], checking.g[i]);
  return true;
}

bool gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  const auto [own, by] = movable(inputs);
  return gradcheck([&f, &own = own] { return f(own); }, by, options);
}

bool gradgradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options) {
  const AutoGradMode recording(true);
  const auto [own, by] = movable(inputs);
  Generator random(20170613);
  std::vector<Tensor> wanted;
  std::vector<Tensor> v;
  for (const auto& [name, x] : by)
    wanted.push_back(x), v.push_back(random_like(x, random));
  check(!wanted.empty(), "gradgradcheck: there is no floating-point tensor to differentiate by");
  const Tensor y = f(own);
  const Tensor u = random_like(y, random).requires_grad_();
  check(needs_grad(y), "gradgradcheck: f's result does not depend on what it is differentiated by");

  // Fused ops compute the recorded gradient by other code than the plain one.
  const auto plain = autograd::grad({y}, wanted, {u.detach()}, true, false, true);
  const auto recorded = autograd::grad({y}, wanted, {u.detach()}, true, true, true);
  for (size_t i = 0; i < wanted.size(); ++i) {
    check(plain[i].defined() == recorded[i].defined() &&
              (!plain[i].defined() || allclose(plain[i], recorded[i].detach(), 1e-7, 1e-9, true)),
          "gradgradcheck: the gradient of {} changes under create_graph", by[i].name);
  }

  std::vector<Checked> all = by;
  all.push_back({"the cotangent", u});
  return gradcheck(
      [&, &xs = own] {
        const AutoGradMode record_gradient(true);
        const auto g = autograd::grad({f(xs)}, wanted, {u}, true, /*create_graph=*/true,
                                      /*allow_unused=*/true);
        Tensor total = zeros({}, kFloat64);
        for (size_t i = 0; i < g.size(); ++i)
          if (g[i].defined()) total = total + sum(g[i] * v[i]);
        return total;
      },
      all, options);
}

}  // namespace gradus
