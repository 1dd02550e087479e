// Gradients: walking the graph from outputs to inputs, and looking at it.
#pragma once
#include "autograd/node.h"

namespace gradus::autograd {

using Variable = Tensor;
using variable_list = std::vector<Tensor>;
using tensor_list = std::vector<Tensor>;

/// The sum over the outputs of grad_output . d(output)/d(input), for every input; no tensor's grad
/// is touched. A scalar output needs no grad_output. An input that the outputs do not depend on is
/// an error, or an undefined gradient with allow_unused. The graph is kept when retain_graph (by
/// default: create_graph) says so.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs = {},
                         std::optional<bool> retain_graph = {}, bool create_graph = false,
                         bool allow_unused = false);

/// Adds the gradients of the outputs to the grad of every leaf behind them.
void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs = {},
              std::optional<bool> retain_graph = {}, bool create_graph = false);

/// The gradients of f at the inputs, for dy = d(loss)/d(f), themselves differentiable. f is given
/// aliases of the inputs, so that f(x, x) keeps its two slots apart. Undefined for an input that
/// needs none.
std::vector<Tensor> vjp(const Definition& f, const std::vector<Tensor>& inputs, const Tensor& dy);

/// One vertex of the graph, to be looked at.
struct GraphNode {
  uint64_t id;  // creation order
  std::string name, scope;
  Shape shape;
  DType dtype;
  std::vector<uint64_t> inputs;  // in the op's order; inputs without gradients are left out
};
/// Everything behind y that needs gradients, newest first.
std::vector<GraphNode> graph(const Tensor& y);
/// The id that x has in the graph; 0 if it needs no gradient.
uint64_t node_id(const Tensor& x);
/// How many nodes are alive in the whole process: shows leaks.
int64_t live_nodes();

}  // namespace gradus::autograd
