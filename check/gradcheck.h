// Checking gradients against central differences: ours, and those of any layer one writes.
#pragma once
#include "autograd/ops.h"

namespace gradus {

/// A gradient a passes beside a difference n if |a - n| <= atol + rtol |n|; eps is the step of the
/// difference.
struct GradcheckOptions {
  double eps = 1e-6, atol = 1e-5, rtol = 1e-3;
};

using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// A tensor whose gradient is checked, and what to call it.
struct Checked {
  std::string name;
  Tensor x;
};

/// Compares the gradients of f() by every tensor in `by`, for a random cotangent, with central
/// differences: first along one random direction, and if that differs element by element. Throws
/// Error with the tensor, the index and both values.
bool gradcheck(const std::function<Tensor()>& f, const std::vector<Checked>& by,
               const GradcheckOptions& options = {});

/// Checks f(inputs), all float64, by the inputs that require gradients, or by all if none does.
bool gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});

/// The same for the gradient itself: second derivatives. Also requires that recording does not
/// change the gradient.
bool gradgradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options = {});

/// Checks a module by its input and by each of its named parameters. All float64:
/// module.to(kFloat64).
template <class Module>
requires requires(const Module& module, const Tensor& x) { module.named_parameters(), module(x); }
bool gradcheck(const Module& module, const Tensor& x, const GradcheckOptions& options = {}) {
  const Tensor input = x.is_floating_point() ? x.detach().clone().requires_grad_() : x;
  std::vector<Checked> by;
  if (x.is_floating_point()) by.push_back({"the input", input});
  for (const auto& [name, parameter] : module.named_parameters())
    by.push_back({"parameter '" + name + "'", parameter});
  return gradcheck([&] { return module(input); }, by, options);
}

}  // namespace gradus
