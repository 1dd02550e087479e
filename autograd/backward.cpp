#include <mutex>

#include "autograd/engine.h"
#include "autograd/graph_task.h"
#include "autograd/ops.h"

namespace gradus::autograd {
namespace {

void check_outputs(const char* op, const std::vector<Tensor>& outputs) {
  check(!outputs.empty(), "{}: there is no output to start from", op);
  for (const Tensor& y : outputs)
    check(needs_grad(y),
          "{}: the output of shape {} does not depend on any tensor that requires gradients", op,
          y.sizes());
}

std::vector<Node*> nodes_of_inputs(const char* op, const std::vector<Tensor>& inputs) {
  std::vector<Node*> nodes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    check(needs_grad(inputs[i]),
          "{}: input {} does not require gradients; call requires_grad_() before it is used", op,
          i);
    nodes.push_back(inputs[i].node().get());
  }
  return nodes;
}

/// The grad of a leaf x that is itself recorded refers to a graph, which refers to x.
void warn_about_cycles() {
  static std::once_flag warned;
  std::call_once(warned, [] {
    fmt::print(stderr,
               "backward: with create_graph, the grad of a leaf refers to a graph that refers to "
               "the leaf, so that neither is freed. Call autograd::grad instead, or reset the grad "
               "after its last use: x.mutable_grad() = Tensor(). (This is printed once.)\n");
  });
}

}  // namespace

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, std::optional<bool> retain_graph,
                         bool create_graph, bool allow_unused) try {
  check_outputs("grad", outputs);
  check(!inputs.empty(), "grad: there is no input to differentiate by");
  const std::vector<Node*> targets = nodes_of_inputs("grad", inputs);
  const AutoGradMode mode(create_graph);
  GraphTask task("grad", GraphTask::Mode::Capture, retain_graph.value_or(create_graph), targets);
  task.execute(outputs, grad_outputs);
  std::vector<Tensor> gradients;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor dx = task.captured_gradient(targets[i]);
    check(
        dx.defined() || allow_unused,
        "grad: the outputs do not depend on input {}; set allow_unused to get an undefined tensor",
        i);
    // Every result is a tensor of its own. The two references are dx and the task's.
    const bool is_shared = dx.defined() && !create_graph && dx.impl().references > 2;
    gradients.push_back(is_shared ? clone(dx) : dx);
  }
  return gradients;
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs,
              std::optional<bool> retain_graph, bool create_graph,
              const std::vector<Tensor>& inputs) try {
  check_outputs("backward", outputs);
  const std::vector<Node*> targets = nodes_of_inputs("backward", inputs);
  for (const Tensor& x : inputs)
    x.retain_grad();
  if (create_graph) warn_about_cycles();
  const AutoGradMode mode(create_graph);
  GraphTask task("backward", GraphTask::Mode::Accumulate, retain_graph.value_or(create_graph),
                 targets);
  task.execute(outputs, grad_outputs);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus::autograd
