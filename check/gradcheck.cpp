#include "check/gradcheck.h"

#include <cmath>
#include <deque>

#include "autograd/engine.h"
#include "check/numeric_gradient.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

double dot(const Tensor& a, const Tensor& b) { return sum(a.detach() * b.detach()).item<double>(); }

/// Collects gradient / difference of the elements that are wrong: is it one factor for all of them?
class CommonFactor {
 public:
  void add(double ratio) {
    smallest_ = std::min(smallest_, ratio);
    largest_ = std::max(largest_, ratio);
  }
  /// Another element is right, so there is no common factor.
  void rule_out() { possible_ = false; }
  std::string in_words() const {
    const bool same = largest_ - smallest_ <= 1e-3 * std::abs(largest_);
    const bool found = possible_ && std::isfinite(largest_) && same && largest_ != 0;
    return found ? fmt::format("; the ratio is {:.4g} everywhere", largest_) : "";
  }

 private:
  double smallest_ = std::numeric_limits<double>::infinity();
  double largest_ = -std::numeric_limits<double>::infinity();
  bool possible_ = true;
};

/// The gradients of u . f() by backward, and what they are compared with.
struct GradientComparison {
  const std::function<Tensor()>& f;
  const std::vector<NamedInput>& inputs;
  const GradcheckOptions& options;
  Tensor u;                       // the cotangent
  std::vector<Tensor> gradients;  // one for each input

  bool agrees_along_a_direction(Generator& random) const;
  void compare_elements(const NamedInput& input, const Tensor& gradient) const;
};

/// The derivative of u . f(x) along a random direction v is the sum of g . v over all inputs. The
/// central difference of it takes two calls of f, however many elements the inputs have:
///   (u . f(x + eps v) - u . f(x - eps v)) / 2 eps
bool GradientComparison::agrees_along_a_direction(Generator& random) const {
  std::vector<Tensor> v;
  double analytic = 0;
  double magnitude = 0;  // the sum of |g_i v_i|
  for (size_t i = 0; i < inputs.size(); ++i) {
    v.push_back(random_cotangent(inputs[i].x, random));
    analytic += dot(gradients[i], v[i]);
    magnitude += dot(abs(gradients[i].detach()), abs(v[i]));
  }
  const auto value_at = [&](double step) {
    const NoGradGuard no_grad;
    std::deque<RestoreTensor> moved;
    for (const NamedInput& input : inputs)
      moved.emplace_back(input.x);
    for (size_t i = 0; i < inputs.size(); ++i)
      inputs[i].x.copy_(moved[i].original() + v[i] * step);
    return dot_with_result(u, f);
  };
  const double plus = value_at(options.eps);
  const double minus = value_at(-options.eps);
  const double numeric = (plus - minus) / (2 * options.eps);
  const double rounding = 1e-15 * (std::abs(plus) + std::abs(minus)) / options.eps;
  // Much stricter than atol and rtol: errors of different elements can cancel here.
  return std::abs(analytic - numeric) <= 1e-7 * magnitude + 10 * rounding;
}

/// Throws if an element of backward's gradient is not accepted.
void GradientComparison::compare_elements(const NamedInput& input, const Tensor& gradient) const {
  const Tensor in_order = as_contiguous(gradient.detach());
  int64_t wrong = 0;
  std::string first;
  CommonFactor factor;
  for (int64_t i = 0; i < input.x.numel(); ++i) {
    const double analytic = in_order.data<double>()[i];
    const double numeric = central_difference(f, input.x, i, options.eps, u).slope();
    const double tolerance = options.atol + options.rtol * std::abs(numeric);
    if (std::abs(analytic - numeric) <= tolerance) {
      if (std::abs(analytic) > options.atol) factor.rule_out();
      continue;
    }
    if (++wrong == 1)
      first = fmt::format("{} at {}: backward gives {:.6g}, central differences {:.6g}", input.name,
                          index_of(i, input.x.sizes()), analytic, numeric);
    factor.add(analytic / numeric);
  }
  check(wrong == 0, "gradcheck: {} ({} of {} elements differ{})", first, wrong, input.x.numel(),
        factor.in_words());
}

/// Copies of f's inputs, and which of them are checked.
struct CopiedInputs {
  std::vector<Tensor> all;
  std::vector<NamedInput> checked;
};

CopiedInputs copy_inputs(const std::vector<Tensor>& inputs) {
  const bool check_all = std::none_of(inputs.begin(), inputs.end(), needs_grad);
  CopiedInputs copies;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor copy = inputs[i].detach().clone();
    copies.all.push_back(copy);
    if (!inputs[i].is_floating_point() || !(check_all || needs_grad(inputs[i]))) continue;
    copies.checked.push_back({fmt::format("argument {}", i), copy.requires_grad_()});
  }
  return copies;
}

void check_inputs(const std::vector<NamedInput>& inputs) {
  check(!inputs.empty(), "gradcheck: no input is a floating-point tensor");
  for (const auto& [name, x] : inputs)
    check(x.dtype() == kFloat64,
          "gradcheck: {} is {}, differences need float64; convert it with .to(kFloat64)", name,
          x.dtype());
}

/// y is the result of a first call of f.
void check_result(const std::function<Tensor()>& f, const Tensor& y) {
  check(y.dtype() == kFloat64, "gradcheck: f gives {}, differences need float64", y.dtype());
  const NoGradGuard no_grad;
  check(allclose(f(), y.detach(), 0, 0, /*equal_nan=*/true),
        "gradcheck: f is not deterministic, two calls differ (dropout?)");
  check(needs_grad(y), "gradcheck: the result of f does not depend on the inputs");
}

std::vector<Tensor> tensors_of(const std::vector<NamedInput>& inputs) {
  std::vector<Tensor> tensors;
  for (const NamedInput& input : inputs)
    tensors.push_back(input.x);
  return tensors;
}

/// Fused ops compute a gradient that is recorded by other code than one that is not.
void check_same_under_create_graph(const Tensor& y, const std::vector<NamedInput>& inputs,
                                   const Tensor& u) {
  const auto gradients = [&](bool create_graph) {
    return autograd::grad({y}, tensors_of(inputs), {u}, /*retain_graph=*/true, create_graph,
                          /*allow_unused=*/true);
  };
  const std::vector<Tensor> plain = gradients(false);
  const std::vector<Tensor> recorded = gradients(true);
  for (size_t i = 0; i < inputs.size(); ++i) {
    bool same = plain[i].defined() == recorded[i].defined();
    if (same && plain[i].defined())
      same = allclose(plain[i], recorded[i].detach(), 1e-7, 1e-9, /*equal_nan=*/true);
    check(same, "gradgradcheck: the gradient of {} changes under create_graph", inputs[i].name);
  }
}

/// The outputs of f that need gradients, in one row. f records also where only its value is asked
/// for: nothing else tells which outputs these are.
TensorFunction in_one_row(const TensorListFunction& f) {
  return [&f](const std::vector<Tensor>& inputs) {
    const AutoGradMode recording(true);
    std::vector<Tensor> rows;
    for (const Tensor& y : f(inputs))
      if (needs_grad(y)) rows.push_back(y.flatten());
    check(!rows.empty(), "gradcheck: the results of f do not depend on the inputs");
    return cat(rows);
  };
}

}  // namespace

bool gradcheck(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs,
               const GradcheckOptions& options) {
  check_inputs(inputs);
  const AutoGradMode recording(true);
  const Tensor y = f();
  check_result(f, y);
  Generator random(20170612);
  GradientComparison comparison{.f = f,
                                .inputs = inputs,
                                .options = options,
                                .u = random_cotangent(y, random),
                                .gradients = {}};
  comparison.gradients = autograd::grad({y}, tensors_of(inputs), {comparison.u}, {},
                                        /*create_graph=*/false, /*allow_unused=*/true);
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor& gradient = comparison.gradients[i];
    if (!gradient.defined()) gradient = zeros(inputs[i].x.sizes(), kFloat64);
  }
  if (comparison.agrees_along_a_direction(random)) return true;
  for (size_t i = 0; i < inputs.size(); ++i)
    comparison.compare_elements(inputs[i], comparison.gradients[i]);
  return true;
}

bool gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  const CopiedInputs copies = copy_inputs(inputs);
  return gradcheck([&] { return f(copies.all); }, copies.checked, options);
}

bool gradcheck(const TensorListFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  return gradcheck(in_one_row(f), inputs, options);
}

bool gradgradcheck(const TensorListFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options) {
  return gradgradcheck(in_one_row(f), inputs, options);
}

/// gradcheck of the function (x, u) -> sum of g_i . v_i, where g_i are the gradients of u . f(x)
/// and v_i are fixed random cotangents of them.
bool gradgradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options) {
  const AutoGradMode recording(true);
  const CopiedInputs copies = copy_inputs(inputs);
  check(!copies.checked.empty(), "gradgradcheck: no input is a floating-point tensor");
  Generator random(20170613);
  std::vector<Tensor> v;
  for (const NamedInput& input : copies.checked)
    v.push_back(random_cotangent(input.x, random));
  const Tensor y = f(copies.all);
  const Tensor u = random_cotangent(y, random).requires_grad_();
  check(needs_grad(y), "gradgradcheck: the result of f does not depend on the inputs");
  check_same_under_create_graph(y, copies.checked, u.detach());

  const std::vector<Tensor> wanted = tensors_of(copies.checked);
  const auto gradient_dot_v = [&] {
    const AutoGradMode record_gradient(true);
    const std::vector<Tensor> g =
        autograd::grad({f(copies.all)}, wanted, {u}, /*retain_graph=*/true,
                       /*create_graph=*/true, /*allow_unused=*/true);
    Tensor total = zeros({}, kFloat64);
    for (size_t i = 0; i < g.size(); ++i)
      if (g[i].defined()) total = total + sum(g[i] * v[i]);
    return total;
  };
  std::vector<NamedInput> all = copies.checked;
  all.push_back({"the cotangent", u});
  return gradcheck(gradient_dot_v, all, options);
}

}  // namespace gradus
