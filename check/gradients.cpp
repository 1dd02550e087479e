#include "check/gradients.h"

#include <cmath>
#include <numeric>

#include "autograd/engine.h"
#include "tensor/random.h"

namespace gradus {
namespace {

constexpr double kStep = 1e-3;
constexpr Tolerance kTolerance{.rtol = 1e-6, .atol = 1e-8};

/// Puts a tensor's number back when the differences are taken.
struct Moved {
  explicit Moved(double* where) : at(where), before(*where) {}
  ~Moved() { *at = before; }
  double* at;
  double before;
};

double value(const std::function<Tensor()>& f, const Tensor& u) {
  const NoGradGuard no_grad;
  return sum(u * f().detach()).item<double>();
}

/// What of the result explains the gradient: only the first or last step of one of its dimensions?
std::string from_one_step(const std::function<Tensor()>& f, const Tensor& x, const Tensor& gradient,
                          const Tensor& u) {
  for (int64_t d = 0; d < u.dim(); ++d) {
    if (u.size(d) < 2) continue;
    for (const auto& [step, name] :
         {std::pair<int64_t, const char*>{0, "first"}, {u.size(d) - 1, "last"}}) {
      const Tensor only = zeros_like(u);
      const Tensor but = u.clone();
      only.select(d, step).copy_(u.select(d, step));
      but.select(d, step).zero_();
      if (compare(gradient, numeric_gradient(f, x, only), kTolerance).wrong == 0)
        return fmt::format("only the {} step of the result's dimension {} arrives here", name, d);
      if (compare(gradient, numeric_gradient(f, x, but), kTolerance).wrong == 0)
        return fmt::format("all but the {} step of the result's dimension {} arrives here", name,
                           d);
    }
  }
  return "";
}

/// Whether the error in every row (last dimension) is a multiple of the row of `direction`.
bool error_is_multiple_of(const Tensor& direction, const Tensor& gradient, const Tensor& right) {
  if (direction.sizes() != gradient.sizes() || direction.dim() == 0 || direction.size(-1) < 3)
    return false;
  const Tensor along = direction.detach();
  const Tensor error = gradient.detach() - right;
  const Tensor factor = (error * along).sum(-1, true) / (along * along).sum(-1, true);
  return compare(error, along * factor, {.rtol = 1e-6, .atol = 1e-8}).wrong == 0;
}

/// What the tensor's own numbers do not show: how the error lies beside x, the result and its
/// cotangent.
std::string from_the_flow(const std::function<Tensor()>& f, const Checked& by,
                          const Tensor& gradient, const Tensor& right, const Tensor& y,
                          const Tensor& u) {
  const auto is = [](const Tensor& a, const Tensor& b) {
    return a.sizes() == b.sizes() && compare(a, b, kTolerance).wrong == 0;
  };
  if (is(gradient, u))
    return "dy is passed on unchanged: the derivative of the op itself is missing";
  if (is(right - gradient, u))
    return "the share that flows straight through, dy itself, is missing (a shortcut x + ...)";
  if (is(gradient, numeric_gradient(f, by.x, ones_like(u))))
    return "dy is ignored, as if it were 1 everywhere";
  if (error_is_multiple_of(by.x, gradient, right))
    return fmt::format(
        "in every row yours - right is a multiple of {}: what flows through the row's own norm or "
        "variance is missing",
        by.name);
  if (error_is_multiple_of(y, gradient, right))
    return "in every row yours - right is a multiple of the result: what flows through the row's "
           "own sum is missing";
  return from_one_step(f, by.x, gradient, u);
}

}  // namespace

Tensor numeric_gradient(const std::function<Tensor()>& f, const Tensor& x, const Tensor& u,
                        Tensor* kinks) {
  check(x.dtype() == kFloat64, "numeric_gradient: x is {}, differences need float64", x.dtype());
  const Tensor gradient = zeros(x.sizes(), kFloat64);
  const Tensor corner = zeros(x.sizes(), kBool);
  const double middle = value(f, u);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const Shape index = index_of(i, x.sizes());
    Moved moved(x.data<double>() +
                std::inner_product(index.begin(), index.end(), x.strides().begin(), int64_t{0}));
    const double h = kStep * std::max(1.0, std::abs(moved.before));
    const auto at = [&](double step) {
      *moved.at = moved.before + step;
      return value(f, u);
    };
    const double far[] = {at(h), at(-h)};
    const double near[] = {at(h / 2), at(-h / 2)};
    const double wide = (far[0] - far[1]) / (2 * h);
    const double narrow = (near[0] - near[1]) / h;
    gradient.data<double>()[i] = (4 * narrow - wide) / 3;
    // The slopes left and right of x: in a smooth place their difference shrinks with h, at a kink
    // it stays.
    const double bend_wide = (far[0] - 2 * middle + far[1]) / h;
    const double bend = 2 * (near[0] - 2 * middle + near[1]) / h;
    const double size = std::abs(wide) + std::abs(narrow) + 1e-3;
    corner.data<bool>()[i] =
        std::abs(wide - narrow) > 1e-2 * size ||
        (std::abs(bend) > 1e-2 * size && std::abs(bend) > 0.75 * std::abs(bend_wide));
  }
  if (kinks) *kinks = corner;
  return gradient;
}

Tensor random_cotangent(const Tensor& y) {
  Generator random(20170612);
  const Tensor u = empty(y.sizes(), kFloat64);
  for (int64_t i = 0; i < u.numel(); ++i) {
    const double v = random.uniform<double>() * 2 - 1;
    u.data<double>()[i] = v + (v < 0 ? -0.5 : 0.5);
  }
  return u;
}

GradientDifference compare_gradient(const std::string& name, const Tensor& yours,
                                    const Tensor& right, const Tensor& kinks, const Tensor& y) {
  std::vector<int64_t> sizes(y.sizes().begin(), y.sizes().end());
  sizes.push_back(y.numel());
  Difference d = compare(yours, right, kTolerance, kinks, sizes);
  if (d.guess.ends_with("a factor 2 too many")) d.guess += " (often d(x * x) counted twice)";
  if (d.guess.ends_with("a factor 1/2 too many")) d.guess += " (often the 2 of d(x * x) forgotten)";
  const int64_t at_kinks = right.numel() - d.of;
  return {name, std::move(d), at_kinks};
}

std::vector<GradientDifference> compare_gradients(const std::function<Tensor()>& f,
                                                  const std::vector<Checked>& by) {
  check(!by.empty(), "gradients: there is no tensor to differentiate by");
  std::vector<Tensor> inputs;
  for (const auto& [name, x] : by) {
    check(x.dtype() == kFloat64,
          "gradients: {} is {}, differences need float64; convert it with .to(kFloat64)", name,
          x.dtype());
    inputs.push_back(x.requires_grad_());
  }
  const AutoGradMode recording(true);
  const Tensor y = f();
  check(y.dtype() == kFloat64, "gradients: the result is {}, differences need float64", y.dtype());
  check(allclose(f().detach(), y.detach(), 0, 0, /*equal_nan=*/true),
        "gradients: two calls with the same input differ (dropout?)");
  check(needs_grad(y),
        "gradients: the result is cut off from {} (detach(), item(), or numbers copied by hand?)",
        by[0].name);

  const Tensor u = random_cotangent(y);
  std::vector<Tensor> backward = autograd::grad({y}, inputs, {u}, {}, false, /*allow_unused=*/true);
  std::vector<Tensor> right(by.size());
  std::vector<Tensor> kinks(by.size());
  std::vector<GradientDifference> result;
  for (size_t i = 0; i < by.size(); ++i) {
    if (!backward[i].defined()) backward[i] = zeros_like(by[i].x.detach());
    right[i] = numeric_gradient(f, by[i].x, u, &kinks[i]);
    result.push_back(compare_gradient(by[i].name, backward[i], right[i], kinks[i], y));
    check(2 * result[i].kinks <= by[i].x.numel(),
          "gradients: {} cannot be checked, the result jumps or bends at {} of its {} elements",
          by[i].name, result[i].kinks, by[i].x.numel());
  }
  for (size_t i = 0; i < by.size(); ++i) {
    Difference& d = result[i].difference;
    if (d.wrong == 0) continue;
    for (size_t j = 0; j < by.size(); ++j)
      if (j != i && right[i].sizes() == right[j].sizes() &&
          compare(backward[i], right[j], kTolerance).wrong == 0)
        d.guess = fmt::format("this is the gradient of {}: arguments exchanged", by[j].name);
    if (d.guess.empty()) d.guess = from_the_flow(f, by[i], backward[i], right[i], y, u);
  }
  return result;
}

std::string to_string(const GradientDifference& wrong) {
  const Difference& d = wrong.difference;
  return fmt::format("gradient of {}: {}\n  d(loss)/d({}): {}", wrong.name,
                     d.guess.empty() ? "wrong" : d.guess, wrong.name,
                     to_string(d, "yours", "by differences"));
}

void expect_gradients(const std::function<Tensor()>& f, const std::vector<Checked>& by) {
  for (const GradientDifference& each : compare_gradients(f, by))
    check(each.difference.wrong == 0, "{}", to_string(each));
}

}  // namespace gradus
