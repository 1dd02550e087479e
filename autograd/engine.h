// Backward: gradients of outputs by leaves or by given inputs.
#pragma once
#include <optional>
#include <vector>

#include "autograd/node.h"

namespace gradus::autograd {

/// PyTorch's older name of Tensor.
using Variable = Tensor;
/// Several tensors, in PyTorch's older spelling.
using variable_list = std::vector<Tensor>;
/// Several tensors: what Function's backward gets and returns.
using tensor_list = std::vector<Tensor>;

/// For every input the sum over the outputs of grad_output * d(output)/d(input). No grad of a
/// leaf changes. An output with a single element needs no grad_output. If the outputs do not depend
/// on an input, that is an error, or with `allow_unused` an undefined gradient. `retain_graph`
/// keeps what the graph has saved for another backward; by default it is `create_graph`, which
/// records how the gradients were computed, so that they can be differentiated again.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs = {},
                         std::optional<bool> retain_graph = {}, bool create_graph = false,
                         bool allow_unused = false);

/// Adds the gradients of the outputs to the grad of every leaf that they were computed from. It may
/// run in several threads at once: none of their gradients is lost. If their graphs share an op
/// that saved something for backward, they need `retain_graph`.
///
/// With `create_graph` the leaf, its grad and the graph refer to each other and are never freed
/// unless the grad is reset; autograd::grad leaves no such cycle.
///
/// With `inputs`, only these get gradients. One that is no leaf keeps its grad, too, as after
/// retain_grad(); one that the outputs do not depend on is left as it is.
void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs = {},
              std::optional<bool> retain_graph = {}, bool create_graph = false,
              const std::vector<Tensor>& inputs = {});

/// The vector-Jacobian product: the gradients of f at the inputs for dy = d(loss)/d(f). They can be
/// differentiated again. f is called with aliases of the inputs, so f(x, x) gives two gradients.
/// The result is undefined for an input that needs no gradient.
std::vector<Tensor> vjp(const Definition& f, const std::vector<Tensor>& inputs, const Tensor& dy);

}  // namespace gradus::autograd
