// The engine is one loop: take the newest node that a gradient has reached, and send gradients to
// its inputs. An op is newer than its inputs, so when a node is taken, all gradients that flow into
// it have arrived: the order of creation is a topological order.
#include "autograd/engine.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "autograd/anomaly.h"
#include "autograd/deep_call.h"
#include "autograd/graph.h"
#include "autograd/ops.h"
#include "autograd/profile.h"
#include "tensor/strided.h"

namespace gradus::autograd {
namespace {

/// Whether x is the only tensor that uses its memory, and uses all of it: a write to x is then seen
/// by nobody else. The base of a view may use it, too, if only the view refers to the base.
bool owns_its_memory(const Tensor& x) {
  const TensorImpl& impl = x.impl();
  const bool base_uses_it = impl.base && impl.base->storage == impl.storage;
  const bool base_is_known = base_uses_it && impl.base->references > 1;
  const uint32_t users = base_uses_it ? 2 : 1;
  return impl.references == 1 && impl.storage->references == users && !base_is_known &&
         !impl.node && impl.storage->bytes == x.numel() * element_size(x.dtype());
}

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

/// One run of the engine: the gradients that are on their way, and where they go.
class GraphTask {
 public:
  /// Without targets the gradients go to the grad of every leaf; else the targets' are captured.
  GraphTask(const char* op, bool keep_graph, const std::vector<Node*>& targets = {})
      : op_(op), keep_graph_(keep_graph), targets_(targets.begin(), targets.end()) {}

  /// An output with a single element needs no grad_output: it is 1. The given grad_outputs still
  /// belong to the caller: they are not written, even if one is the grad of a leaf.
  void execute(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs);
  Tensor captured_gradient(Node* target) { return captured_[target]; }

 private:
  struct PendingGradient {
    Ref<Node> node;
    Tensor gradient;  // the sum of those that have arrived
  };

  bool accumulates_into_leaves() const { return targets_.empty(); }
  bool needs_gradient(const Node* node) const {
    return node && node->requires_grad && (accumulates_into_leaves() || needed_.count(node));
  }
  void find_needed_nodes(const std::vector<Tensor>& outputs);
  void add_output(const Tensor& y, Tensor dy);
  void send_gradient(const Ref<Node>& node, Tensor dx, const char* op);
  void start(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs);
  void run_pending_nodes();
  void run_node(Node& node, const Tensor& dy);
  void apply(Node& node, const Tensor& dy);
  void apply_observed(Node& node, const Tensor& dy);
  void apply_rules(Node& node, const Tensor& dy);
  void apply_fused_backward(Node& node, const Tensor& dy);
  bool add_in_place(const Node::Edge& edge, const Tensor& dy, const Tensor& y);
  void accumulate_grad(Node& node, const Tensor& dx, bool may_keep_dx) const;
  bool may_add_to(const Tensor& grad) const;

  const char* op_;  // "grad" or "backward", for messages
  bool keep_graph_;
  std::vector<Tensor> grad_outputs_;
  std::unordered_set<const Node*> targets_;
  std::unordered_set<const Node*> needed_;  // the targets and all nodes computed from them
  std::unordered_map<const Node*, Tensor> captured_;
  std::map<uint64_t, PendingGradient, std::greater<>> pending_;  // by the node's id, newest first
};

void GraphTask::find_needed_nodes(const std::vector<Tensor>& outputs) {
  uint64_t oldest = ~uint64_t{0};
  for (const Node* target : targets_)
    oldest = std::min(oldest, target->id);
  needed_ = targets_;
  for (const auto& [id, node] : reachable_nodes(outputs, oldest))  // inputs come before their ops
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
  grad_outputs_.push_back(dy);
  send_gradient(y.node(), dy, op_);
}

/// Adds dx, which `op` has computed, to the gradients that have reached the node.
void GraphTask::send_gradient(const Ref<Node>& node, Tensor dx, const char* op) {
  dx = sum_to_node(std::move(dx), *node, op);
  if (accumulates_into_leaves() && node->is_leaf())
    return accumulate_grad(*node, dx, /*may_keep_dx=*/owns_its_memory(dx));
  Tensor& sum = pending_.try_emplace(node->id, PendingGradient{node, {}}).first->second.gradient;
  if (!sum.defined())
    sum = std::move(dx);
  else if (!is_grad_enabled() && owns_its_memory(sum))
    sum.add_(dx);
  else
    sum = add(sum, dx);
}

/// Whether a gradient may be added in place to a grad that the graph keeps.
bool GraphTask::may_add_to(const Tensor& grad) const {
  const auto shares_memory = [&](const Tensor& grad_output) {
    return grad_output.impl().storage == grad.impl().storage;
  };
  return !is_grad_enabled() && !grad.requires_grad() && !has_internal_overlap(grad) &&
         std::none_of(grad_outputs_.begin(), grad_outputs_.end(), shares_memory);
}

/// Adds dx to the grad of a leaf, or of a tensor after retain_grad(). A new grad has the layout of
/// its tensor and shares memory with nothing.
void GraphTask::accumulate_grad(Node& node, const Tensor& dx, bool may_keep_dx) const {
  const std::lock_guard lock(node.grad_mutex);
  Tensor& grad = node.grad;
  if (grad.defined()) {
    check(grad.sizes() == node.shape && grad.dtype() == node.dtype,
          "backward: the tensor is {} {}, the grad it was given is {} {}", node.shape, node.dtype,
          grad.sizes(), grad.dtype());
    grad = may_add_to(grad) ? grad.add_(dx) : add(grad, dx);
  } else if (is_grad_enabled()) {
    grad = clone(dx);
  } else if (may_keep_dx && dx.strides() == node.strides) {
    grad = dx;
  } else {
    grad = empty_strided_like(node.shape, node.strides, node.dtype);
    grad.copy_(dx);
  }
}

/// Lets a rule add in place to the gradient of its input. Returns false if the rule cannot, if
/// there is no gradient yet, if somebody else uses it, or while recording.
bool GraphTask::add_in_place(const Node::Edge& edge, const Tensor& dy, const Tensor& y) {
  if (!edge.rule.can_add() || is_grad_enabled() || checks_nan()) return false;
  const Node& input = *edge.input;
  Tensor dx;
  std::unique_lock<NodeMutex> lock;
  if (accumulates_into_leaves() && input.is_leaf()) {
    lock = std::unique_lock(edge.input->grad_mutex);
    dx = input.grad;
    if (!dx.defined() || dx.sizes() != input.shape || dx.dtype() != input.dtype || !may_add_to(dx))
      return false;
  } else {
    const auto pending = pending_.find(input.id);
    if (pending == pending_.end() || !owns_its_memory(pending->second.gradient)) return false;
    dx = pending->second.gradient;
  }
  edge.rule.add_to(dx, dy, y);
  ++dx.impl().storage->version;
  return true;
}

void GraphTask::apply_rules(Node& node, const Tensor& dy) {
  const Tensor y = node.output();
  for (const Node::Edge& edge : node.edges) {
    if (!needs_gradient(edge.input.get()) || add_in_place(edge, dy, y)) continue;
    Tensor dx = edge.rule.gradient(dy, y);
    if (checks_nan()) [[unlikely]]
      check_gradient(node, static_cast<size_t>(&edge - node.edges.data()), dx);
    if (dx.defined()) send_gradient(edge.input, std::move(dx), node.name);
  }
}

void GraphTask::apply_fused_backward(Node& node, const Tensor& dy) {
  const FusedBackward& fused = *node.fused_backward;
  std::vector<bool> needed;
  for (const Node::Edge& edge : node.edges)
    needed.push_back(needs_gradient(edge.input.get()));
  std::vector<Tensor> dx;
  if (is_grad_enabled() && fused.definition) {
    std::vector<Tensor> inputs;
    for (const Saved& input : fused.inputs)
      inputs.push_back(input());
    dx = vjp(fused.definition, inputs, dy);
  } else {
    dx = fused.function(dy, needed);
  }
  for (size_t i = 0; i < dx.size() && i < needed.size(); ++i) {
    if (!needed[i] || !dx[i].defined()) continue;
    if (checks_nan()) [[unlikely]]
      check_gradient(node, i, dx[i]);
    send_gradient(node.edges[i].input, std::exchange(dx[i], {}), node.name);
  }
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
  if (node.fused_backward)
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
    start(outputs, grad_outputs);
    run_pending_nodes();
  });
}

void GraphTask::start(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs) {
  if (!accumulates_into_leaves()) find_needed_nodes(outputs);
  check(grad_outputs.empty() || grad_outputs.size() == outputs.size(),
        "{}: {} outputs, but {} gradients for them", op_, outputs.size(), grad_outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    add_output(outputs[i], grad_outputs.empty() ? Tensor() : grad_outputs[i]);
}

void GraphTask::run_pending_nodes() {
  const auto is_needed = [this](const Node::Edge& edge) {
    return needs_gradient(edge.input.get());
  };
  while (!pending_.empty()) {
    auto [node, dy] = std::move(pending_.extract(pending_.begin()).mapped());
    if (targets_.count(node.get())) captured_[node.get()] = dy;
    if (accumulates_into_leaves() && node->retains_grad)
      accumulate_grad(*node, dy, /*may_keep_dx=*/false);
    if (std::none_of(node->edges.begin(), node->edges.end(), is_needed)) continue;
    run_node(*node, dy);
    dy = Tensor();  // its memory can be reused before the node's
    if (!keep_graph_) node->free_saved();
  }
}

void check_outputs(const char* op, const std::vector<Tensor>& outputs) {
  check(!outputs.empty(), "{}: there is no output to start from", op);
  for (const Tensor& y : outputs)
    check(needs_grad(y),
          "{}: the output of shape {} does not depend on any tensor that requires gradients", op,
          y.sizes());
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
  std::vector<Node*> targets;
  for (size_t i = 0; i < inputs.size(); ++i) {
    check(needs_grad(inputs[i]),
          "grad: input {} does not require gradients; call requires_grad_() before it is used", i);
    targets.push_back(inputs[i].node().get());
  }
  const AutoGradMode mode(create_graph);
  GraphTask task("grad", retain_graph.value_or(create_graph), targets);
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
              std::optional<bool> retain_graph, bool create_graph) try {
  check_outputs("backward", outputs);
  if (create_graph) warn_about_cycles();
  const AutoGradMode mode(create_graph);
  GraphTask("backward", retain_graph.value_or(create_graph)).execute(outputs, grad_outputs);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus::autograd
