#include "check/gradients.h"

#include "autograd/engine.h"
#include "autograd/graph.h"

namespace gradus {
namespace {

/// Makes the inputs require gradients until the end of the scope.
class RequireGradients {
 public:
  explicit RequireGradients(const std::vector<NamedInput>& inputs) {
    for (const auto& [name, x] : inputs) {
      if (!x.defined() || !x.is_floating_point() || needs_grad(x)) continue;
      x.requires_grad_();
      changed_.push_back(x);
    }
  }
  ~RequireGradients() {
    for (const Tensor& x : changed_)
      x.requires_grad_(false);
  }
  RequireGradients(const RequireGradients&) = delete;
  RequireGradients& operator=(const RequireGradients&) = delete;

 private:
  std::vector<Tensor> changed_;
};

constexpr Tolerance kTolerance{.rtol = 1e-6, .atol = 1e-8};

bool same(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && compare(a, b, kTolerance).wrong == 0;
}

/// Everything about one input of f: its two gradients, and the result with its cotangent.
struct InputGradients {
  const std::function<Tensor()>& f;
  const NamedInput& input;
  Tensor yours;
  Tensor numeric;
  Tensor y;
  Tensor u;

  /// The gradient for another cotangent.
  Tensor numeric_for(const Tensor& cotangent) const {
    return numeric_gradient(f, input.x, cotangent);
  }
};

/// Finds out whether the gradient is right for a part of the result only: for the first or last
/// step of one dimension, or for all other steps.
std::string part_of_the_result(const InputGradients& of) {
  for (int64_t d = 0; d < of.u.dim(); ++d) {
    const int64_t last = of.u.size(d) - 1;
    if (last < 1) continue;
    for (const auto& [step, name] : {std::pair<int64_t, const char*>{0, "first"}, {last, "last"}}) {
      const Tensor only = zeros_like(of.u);
      const Tensor all_but = of.u.clone();
      only.select(d, step).copy_(of.u.select(d, step));
      all_but.select(d, step).zero_();
      if (same(of.yours, of.numeric_for(only)))
        return fmt::format("only the {} step of the result's dimension {} reaches it", name, d);
      if (same(of.yours, of.numeric_for(all_but)))
        return fmt::format("all but the {} step of the result's dimension {} reach it", name, d);
    }
  }
  return "";
}

/// Whether the error of each row (last dimension) is a multiple of the same row of `direction`.
bool error_is_multiple_of(const Tensor& direction, const InputGradients& of) {
  const bool has_rows = direction.dim() > 0 && direction.size(-1) >= 3;
  if (!has_rows || direction.sizes() != of.yours.sizes()) return false;
  const Tensor rows = direction.detach();
  const Tensor error = of.yours.detach() - of.numeric;
  const Tensor factor = (error * rows).sum(-1, true) / (rows * rows).sum(-1, true);
  return same(error, rows * factor);
}

/// The mistake that leaves in every row (last dimension) an error a + b x.
std::string mistake_of_a_normalisation(const InputGradients& of) {
  const Tensor x = of.input.x.detach();
  if (x.dim() == 0 || x.size(-1) < 4 || x.sizes() != of.yours.sizes()) return "";
  const Tensor error = of.yours.detach() - of.numeric;
  const Tensor mean = error.mean(-1, true);
  const Tensor centred = x - x.mean(-1, true);
  const Tensor factor = (error * centred).sum(-1, true) / (centred * centred).sum(-1, true);
  if (same(error, factor * centred))
    return fmt::format(
        "in every row yours - right is a multiple of {0} - mean({0}): the gradient through the "
        "row's own variance is missing",
        of.input.name);
  if (same(error, factor * centred + mean))
    return fmt::format(
        "in every row yours - right is a + b {}: the gradients through the row's own mean and "
        "variance are missing, or one of them is wrong",
        of.input.name);
  return "";
}

/// The first op on the path to y that computes in float32, though y and the inputs are float64.
std::string float32_in_between(const Tensor& y) {
  if (!needs_grad(y)) return "";  // a gradient by hand needs no graph
  for (const auto& [id, node] : autograd::reachable_nodes({y}))
    if (node->dtype == kFloat32)
      return fmt::format(
          "'{}' gives float32, which keeps 7 digits only, where x has 16: keep x's dtype",
          node->name);
  return "";
}

/// The mistakes that the two gradients alone do not show: they relate the error to x, the result or
/// its cotangent dy.
std::string mistake_of_the_rule(const InputGradients& of) {
  const std::string float32 = float32_in_between(of.y);
  if (!float32.empty()) return float32;
  if (same(of.yours, of.u))
    return "dy is passed on unchanged: the derivative of the op itself is missing";
  if (same(of.numeric - of.yours, of.u))
    return "the gradient of a shortcut x + ... is missing: it is dy itself";
  if (same(of.yours, of.numeric_for(ones_like(of.u))))
    return "dy is ignored, as if it were 1 everywhere";
  if (error_is_multiple_of(of.input.x, of))
    return fmt::format(
        "in every row yours - right is a multiple of {}: the gradient through the row's own norm "
        "or variance is missing",
        of.input.name);
  const std::string normalisation = mistake_of_a_normalisation(of);
  if (!normalisation.empty()) return normalisation;
  if (error_is_multiple_of(of.y, of))
    return "in every row yours - right is a multiple of the result: the gradient through the row's "
           "own sum is missing";
  return part_of_the_result(of);
}

/// Completes the difference, if the two gradients alone do not show the mistake.
void name_mistake(Difference& d, const InputGradients& of) {
  const bool is_vague = d.guess.empty() || d.guess.starts_with("right to about");
  if (d.wrong == 0 || !is_vague) return;
  const std::string better = mistake_of_the_rule(of);
  if (!better.empty()) d.guess = better;
}

/// Returns f(). Throws if its gradients cannot be checked.
Tensor checked_result(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs) {
  check(!inputs.empty(), "gradients: there is no input to check");
  for (const auto& [name, x] : inputs)
    check(x.dtype() == kFloat64,
          "gradients: {} is {}, differences need float64; convert it with .to(kFloat64)", name,
          x.dtype());
  const Tensor y = f();
  check(y.dtype() == kFloat64, "gradients: the result is {}, differences need float64", y.dtype());
  check(allclose(f().detach(), y.detach(), 0, 0, /*equal_nan=*/true),
        "gradients: two calls with the same input differ (dropout?)");
  check(needs_grad(y),
        "gradients: the result is cut off from {} (detach(), item(), or numbers copied by hand?)",
        inputs[0].name);
  return y;
}

/// The gradient of each input; zeros if f does not depend on it.
std::vector<Tensor> gradients_by_backward(const Tensor& y, const std::vector<NamedInput>& inputs,
                                          const Tensor& u) {
  std::vector<Tensor> tensors;
  for (const NamedInput& input : inputs)
    tensors.push_back(input.x);
  std::vector<Tensor> gradients = autograd::grad({y}, tensors, {u}, {}, /*create_graph=*/false,
                                                 /*allow_unused=*/true);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!gradients[i].defined()) gradients[i] = zeros_like(tensors[i].detach());
  return gradients;
}

}  // namespace

GradientDifference compare_gradient(const std::string& name, const Tensor& yours,
                                    const Tensor& numeric, const Tensor& kinks, const Tensor& y) {
  std::vector<int64_t> sizes(y.sizes().begin(), y.sizes().end());
  sizes.push_back(y.numel());
  Difference d = compare(yours, numeric, kTolerance, kinks, sizes);
  if (d.guess.ends_with("a factor 2 too many")) d.guess += " (often d(x * x) counted twice)";
  if (d.guess.ends_with("a factor 1/2 too many")) d.guess += " (often the 2 of d(x * x) forgotten)";
  if (d.guess == "zero everywhere") d.guess += ": no gradient reaches it";
  const int64_t at_kinks = numeric.numel() - d.of;
  return {.name = name, .difference = std::move(d), .kinks = at_kinks};
}

GradientDifference compare_gradient(const NamedInput& input, const Tensor& yours,
                                    const std::function<Tensor()>& f, const Tensor& u) {
  Tensor kinks;
  const Tensor numeric = numeric_gradient(f, input.x, u, &kinks);
  GradientDifference result = compare_gradient(input.name, yours, numeric, kinks, u);
  Difference& d = result.difference;
  name_mistake(d, {.f = f, .input = input, .yours = yours, .numeric = numeric, .y = f(), .u = u});
  return result;
}

std::vector<GradientDifference> compare_gradients(const std::function<Tensor()>& f,
                                                  const std::vector<NamedInput>& inputs) {
  const AutoGradMode recording(true);
  const RequireGradients require_gradients(inputs);
  const Tensor y = checked_result(f, inputs);
  const Tensor u = random_cotangent(y);
  const std::vector<Tensor> yours = gradients_by_backward(y, inputs, u);
  std::vector<Tensor> numeric(inputs.size());
  std::vector<GradientDifference> result;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& [name, x] = inputs[i];
    Tensor kinks;
    numeric[i] = numeric_gradient(f, x, u, &kinks);
    result.push_back(compare_gradient(name, yours[i], numeric[i], kinks, y));
    check(
        2 * result[i].kinks <= x.numel(),
        "gradients: {} cannot be checked, the result jumps or has a kink at {} of its {} elements",
        name, result[i].kinks, x.numel());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    Difference& d = result[i].difference;
    if (d.wrong == 0) continue;
    for (size_t j = 0; j < inputs.size(); ++j)
      if (j != i && same(yours[i], numeric[j]))
        d.guess = fmt::format("this is the gradient of {}: arguments exchanged", inputs[j].name);
    name_mistake(
        d, {.f = f, .input = inputs[i], .yours = yours[i], .numeric = numeric[i], .y = y, .u = u});
  }
  return result;
}

std::string to_string(const GradientDifference& wrong) {
  const Difference& d = wrong.difference;
  return fmt::format("gradient of {}: {}\n  d(loss)/d({}): {}", wrong.name,
                     d.guess.empty() ? "wrong" : d.guess, wrong.name,
                     to_string(d, "yours", "by differences"));
}

void expect_gradients(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs) {
  for (const GradientDifference& each : compare_gradients(f, inputs))
    check(each.difference.wrong == 0, "{}", to_string(each));
}

}  // namespace gradus
