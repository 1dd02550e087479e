// Compares gradients with central differences: those of the library and of any layer.
#pragma once
#include "autograd/ops.h"

namespace gradus {

/// A gradient g is accepted if |g - n| <= atol + rtol |n|, where n is the central difference with
/// step eps.
struct GradcheckOptions {
  double eps = 1e-6;
  double atol = 1e-5;
  double rtol = 1e-3;
};

/// A function of several tensors.
using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// A tensor that f depends on, and its name in messages.
struct NamedInput {
  std::string name;
  Tensor x;
};

/// Compares the gradients of u . f() with central differences, where u is a random cotangent: first
/// the derivative along one random direction of all inputs together; if it differs, every element.
/// Returns true, or throws an Error with the input, the index and both values.
bool gradcheck(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs,
               const GradcheckOptions& options = {});

/// The same for f(inputs). All must be float64. NamedInput are the inputs that require gradients,
/// or all if none does.
bool gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});

/// Checks the gradient of the gradient. Also requires that the gradient is the same with and
/// without create_graph.
bool gradgradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options = {});

/// A function of several tensors that gives several tensors.
using TensorListFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

/// The same for several outputs: those that need gradients are checked together.
bool gradcheck(const TensorListFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});
bool gradgradcheck(const TensorListFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options = {});

/// Checks a module with respect to its input and each of its parameters. All must be float64:
/// module.to(kFloat64).
template <class Module>
requires requires(const Module& module, const Tensor& x) {
  module.named_parameters();
  module(x);
}
bool gradcheck(const Module& module, const Tensor& x, const GradcheckOptions& options = {}) {
  const Tensor input = x.is_floating_point() ? x.detach().clone().requires_grad_() : x;
  std::vector<NamedInput> inputs;
  if (x.is_floating_point()) inputs.push_back({"the input", input});
  for (const auto& [name, parameter] : module.named_parameters())
    inputs.push_back({"parameter '" + name + "'", parameter});
  return gradcheck([&] { return module(input); }, inputs, options);
}

}  // namespace gradus
