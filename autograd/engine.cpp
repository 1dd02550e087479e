// The engine is one loop: take the newest node that a gradient has reached, and send gradients to
// its inputs. An op is newer than its inputs, so when a node is taken, all gradients that flow into
// it have arrived: the order of creation is a topological order.
#include "autograd/engine.h"

#include <algorithm>

#include "autograd/anomaly.h"
#include "autograd/callback.h"
#include "autograd/deep_call.h"
#include "autograd/graph.h"
#include "autograd/graph_task.h"
#include "autograd/in_place.h"
#include "autograd/ops.h"
#include "autograd/profile.h"

namespace gradus::autograd {
namespace {

/// dx summed to the shape of the node's tensor, which undoes broadcasting for every op. `op` has
/// computed dx.
Tensor sum_to_node(Tensor dx, const Node& node, const char* op) {
  check(dx.dtype() == node.dtype, "backward of '{}': the gradient is {}, its input is {}", op,
        dx.dtype(), node.dtype);
  if (dx.sizes() == node.shape) return dx;
  check(broadcasts_to(node.shape, dx.sizes()),
        "backward of '{}': the gradient is {}, its input is {}", op, dx.sizes(), node.shape);
  return sum_to(dx, node.shape);
}

}  // namespace

void GraphTask::find_needed_nodes() {
  uint64_t oldest = ~uint64_t{0};
  for (const Node* target : targets_)
    oldest = std::min(oldest, target->id);
  needed_ = targets_;
  for (const auto& [id, node] : reachable_nodes(*outputs_, oldest))  // inputs come before their ops
    for (const Node::Edge& edge : node->edges)
      if (edge.input && needed_.count(edge.input.get())) needed_.insert(node);
}

void GraphTask::add_output(const Tensor& y, Tensor dy) {
  if (!dy.defined()) {
    check(y.numel() == 1,
          "{}: the output is {}; only an output with a single element can do without a gradient "
          "argument",
          op_, y.sizes());
    dy = ones_like(y);
  }
  check(dy.sizes() == y.sizes() && dy.dtype() == y.dtype(),
        "{}: the output is {} {}, the gradient given for it is {} {}", op_, y.sizes(), y.dtype(),
        dy.sizes(), dy.dtype());
  if (checks_nan()) [[unlikely]]
    check_given_gradient(op_, dy);
  starts_.push_back({.node = y.node(), .gradient = dy});
  Node& node = *y.node();
  if (needs_gradient(&node)) send_gradient(node, std::move(dy), op_);
}

/// Adds dx, which `op` has computed, to the gradients that have reached the node.
void GraphTask::send_gradient(Node& node, Tensor dx, const char* op) {
  dx = sum_to_node(std::move(dx), node, op);
  if (adds_at_once_to_grad(node))
    return accumulate_grad(node, dx, /*may_keep_dx=*/owns_its_memory(dx));
  Tensor& sum = pending_.try_emplace(due(node), PendingGradient{&node, {}}).first->second.gradient;
  if (!sum.defined())
    sum = std::move(dx);
  else if (!is_grad_enabled() && owns_its_memory(sum))
    in_place::add(sum, dx);
  else
    sum = add(sum, dx);
}

void GraphTask::apply_rules(Node& node, const Tensor& dy) {
  // Without a handle of its own, which would cost as much as a tiny op, unless it is recorded.
  const Tensor recorded = is_grad_enabled() ? node.output() : Tensor();
  const Tensor& y = is_grad_enabled() ? recorded : node.saved_output();
  for (const Node::Edge& edge : node.edges) {
    if (!needs_gradient(edge.input.get()) || add_in_place(edge, dy, y)) continue;
    Tensor dx = edge.rule.gradient(dy, y);
    if (checks_nan()) [[unlikely]]
      check_gradient(node, static_cast<size_t>(&edge - node.edges.data()), dx);
    if (dx.defined()) send_gradient(*edge.input, std::move(dx), node.name);
  }
}

std::vector<bool> GraphTask::needed_inputs(const Node& node) const {
  std::vector<bool> needed;
  for (const Node::Edge& edge : node.edges)
    needed.push_back(needs_gradient(edge.input.get()));
  return needed;
}

void GraphTask::send_gradients(const Node& node, std::vector<Tensor> dx,
                               const std::vector<bool>& needed) {
  for (size_t i = 0; i < dx.size() && i < needed.size(); ++i) {
    if (!needed[i] || !dx[i].defined()) continue;
    if (checks_nan()) [[unlikely]]
      check_gradient(node, i, dx[i]);
    send_gradient(*node.edges[i].input, std::exchange(dx[i], {}), node.name);
  }
}

void GraphTask::apply_fused_backward(Node& node, const Tensor& dy) {
  const FusedBackward& fused = *node.fused_backward;
  const std::vector<bool> needed = needed_inputs(node);
  std::vector<Tensor> dx;
  if (is_grad_enabled() && fused.definition) {
    std::vector<Tensor> inputs;
    for (const Saved& input : fused.inputs)
      inputs.push_back(input());
    dx = vjp(fused.definition, inputs, dy);
  } else {
    dx = fused.function(dy, needed);
  }
  send_gradients(node, std::move(dx), needed);
}

void GraphTask::apply_backward_of_outputs(Node& node) {
  const std::vector<bool> needed = needed_inputs(node);
  const std::vector<Tensor> dy = std::move(gradients_of_outputs_.extract(&node).mapped());
  send_gradients(node, node.outputs()->backward(dy, needed), needed);
}

void GraphTask::run_node(Node& node, const Tensor& dy) {
  check(!node.freed, "backward: the graph behind '{}' was already freed; pass retain_graph",
        node.name);
  const RunningBackward running(node.name);
  if (observers::active()) [[unlikely]]
    apply_observed(node, dy);
  else
    apply(node, dy);
}

void GraphTask::apply(Node& node, const Tensor& dy) {
  if (node.outputs())
    apply_backward_of_outputs(node);
  else if (node.fused_backward)
    apply_fused_backward(node, dy);
  else
    apply_rules(node, dy);
}

/// apply for the tools that watch the program.
void GraphTask::apply_observed(Node& node, const Tensor& dy) {
  const ProfiledCall call(node.name, ProfiledCall::Kind::Backward);
  try {
    apply(node, dy);
  } catch (const Error& error) {
    if (!detects_anomalies()) throw;
    throw with_node(error, node);
  }
}

void GraphTask::execute(const std::vector<Tensor>& outputs,
                        const std::vector<Tensor>& grad_outputs) {
  const DeepCall call(op_);
  call.run([&] {
    const RunningBackward running(op_);
    CallbackQueue callbacks;
    outputs_ = &outputs;
    start(grad_outputs);
    run_pending_nodes();
    callbacks.call_all();
  });
}

void GraphTask::start(const std::vector<Tensor>& grad_outputs) {
  if (!targets_.empty()) find_needed_nodes();
  check(grad_outputs.empty() || grad_outputs.size() == outputs_->size(),
        "{}: {} outputs, but {} gradients for them", op_, outputs_->size(), grad_outputs.size());
  for (size_t i = 0; i < outputs_->size(); ++i)
    add_output((*outputs_)[i], grad_outputs.empty() ? Tensor() : grad_outputs[i]);
}

/// dy is the gradient of one of several outputs of an op.
void GraphTask::pass_to_op(const Node& output, Tensor dy) {
  Node* const op = output.op();
  std::vector<Tensor>& gradients = gradients_of_outputs_[op];
  gradients.resize(op->outputs()->nodes.size());
  gradients[output.extras->output_index] = std::move(dy);
  pending_.try_emplace(due(*op), PendingGradient{op, {}});
}

void GraphTask::run_pending_nodes() {
  const auto is_needed = [this](const Node::Edge& edge) {
    return needs_gradient(edge.input.get());
  };
  while (!pending_.empty()) {
    auto [node, dy] = std::move(pending_.extract(pending_.begin()).mapped());
    const bool runs = std::any_of(node->edges.begin(), node->edges.end(), is_needed);
    if (node->extras || node->retains_grad || !targets_.empty()) [[unlikely]]
      dy = deliver(*node, std::move(dy), runs);
    if (!runs) continue;
    if (node->op()) {
      pass_to_op(*node, std::move(dy));
      continue;
    }
    run_node(*node, dy);
    dy = Tensor();  // its memory can be reused before the node's
    if (!keep_graph_) node->free_saved();
  }
}

}  // namespace gradus::autograd
