// The engine is one loop: take the newest node that a gradient has reached. An op is newer than its
// inputs, so when a node is taken, every gradient that flows into it has arrived: creation order is
// a topological order.
#include "autograd/engine.h"

#include <map>
#include <unordered_map>
#include <unordered_set>

#include "autograd/ops.h"
#include "tensor/loops.h"

namespace gradus {

const char* exchange_running_rule(const char* name);  // in node.cpp

namespace autograd {
namespace {

/// Whether nobody else could see a write to x, and x fills its memory.
bool is_unshared(const Tensor& x) {
  const TensorImpl& impl = x.impl();
  return impl.references == 1 && impl.storage->references == 1 && !impl.node &&
         impl.storage->bytes == x.numel() * element_size(x.dtype());
}

/// dx summed to the node's shape: undoes broadcasting, once for every op.
Tensor fit(Tensor dx, const Node& node, const char* op) {
  check(dx.dtype() == node.dtype, "backward of '{}': the gradient is {}, its input is {}", op,
        dx.dtype(), node.dtype);
  if (dx.sizes() == node.shape) return dx;
  check(broadcasts_to(node.shape, dx.sizes()),
        "backward of '{}': the gradient is {}, its input is {}", op, dx.sizes(), node.shape);
  return sum_to(dx, node.shape);
}

/// The nodes behind the outputs that are no older than `oldest`, by their ids.
std::map<uint64_t, const Node*> nodes_behind(const std::vector<Tensor>& outputs, uint64_t oldest) {
  std::map<uint64_t, const Node*> reached;
  std::vector<const Node*> todo;
  for (const Tensor& y : outputs)
    todo.push_back(y.node().get());
  while (!todo.empty()) {
    const Node* node = todo.back();
    todo.pop_back();
    if (node->id < oldest || !reached.emplace(node->id, node).second) continue;
    for (const Node::Edge& edge : node->edges)
      if (edge.input) todo.push_back(edge.input.get());
  }
  return reached;
}

class GraphTask {
 public:
  GraphTask(const char* op, bool keep_graph, const std::vector<Node*>& targets = {})
      : op_(op), keep_graph_(keep_graph), targets_(targets.begin(), targets.end()) {}

  /// From the outputs to the targets, with ones where a scalar output has no gradient given. What
  /// is given stays the caller's: it is not written, even if it is the grad of a leaf.
  void run(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs);
  Tensor captured(Node* target) { return captured_[target]; }

 private:
  struct Waiting {
    Ref<Node> node;
    Tensor dx;
  };
  bool wants(const Node* node) const {
    return node && node->requires_grad && (targets_.empty() || needed_.count(node));
  }
  void find_needed(const std::vector<Tensor>& outputs);
  void start(const Tensor& y, Tensor dy);
  /// Adds dx to what has reached the node.
  void deliver(const Ref<Node>& node, Tensor dx, const char* op);
  void backward_through(Node& node, const Tensor& dy);
  bool add_in_place(const Node::Edge& edge, const Tensor& dy, const Tensor& y);
  void accumulate(Node& node, const Tensor& dx, bool sole_owner) const;
  bool may_add_to(const Tensor& grad) const;

  const char* op_;
  bool keep_graph_;
  std::vector<Tensor> given_;
  std::unordered_set<const Node*> targets_;  // empty: all leaves
  std::unordered_set<const Node*> needed_;   // nodes from which a target can be reached
  std::unordered_map<const Node*, Tensor> captured_;
  std::map<uint64_t, Waiting, std::greater<>> waiting_;  // newest first
};

void GraphTask::find_needed(const std::vector<Tensor>& outputs) {
  uint64_t oldest = ~uint64_t{0};
  for (const Node* target : targets_)
    oldest = std::min(oldest, target->id);
  needed_ = targets_;
  for (const auto& [id, node] : nodes_behind(outputs, oldest))  // oldest first
    for (const Node::Edge& edge : node->edges)
      if (edge.input && needed_.count(edge.input.get())) needed_.insert(node);
}

void GraphTask::deliver(const Ref<Node>& node, Tensor dx, const char* op) {
  dx = fit(std::move(dx), *node, op);
  if (targets_.empty() && node->is_leaf()) return accumulate(*node, dx, is_unshared(dx));
  Waiting& at = waiting_.try_emplace(node->id, Waiting{node, {}}).first->second;
  if (!at.dx.defined())
    at.dx = std::move(dx);
  else if (!is_grad_enabled() && is_unshared(at.dx))
    at.dx.add_(dx);
  else
    at.dx = add(at.dx, dx);
}

/// Whether what is added to a grad that is kept can be added where it lies.
bool GraphTask::may_add_to(const Tensor& grad) const {
  const auto shares = [&](const Tensor& dy) { return dy.impl().storage == grad.impl().storage; };
  return !is_grad_enabled() && !grad.requires_grad() && may_write_in_place(grad) &&
         std::none_of(given_.begin(), given_.end(), shares);
}

/// Adds dx to a gradient that the graph keeps: a leaf's, or one that was asked for by retain_grad.
void GraphTask::accumulate(Node& node, const Tensor& dx, bool sole_owner) const {
  Tensor& grad = node.grad;
  if (grad.defined()) {
    check(grad.sizes() == node.shape && grad.dtype() == node.dtype,
          "backward: the tensor is {} {}, the grad it was given is {} {}", node.shape, node.dtype,
          grad.sizes(), grad.dtype());
    grad = may_add_to(grad) ? grad.add_(dx) : add(grad, dx);
  } else if (is_grad_enabled()) {
    grad = clone(dx);
  } else if (sole_owner && dx.strides() == node.strides) {
    grad = dx;
  } else {
    grad = empty_strided_like(node.shape, node.strides, node.dtype);
    grad.copy_(dx);
  }
}

/// Lets a rule add to the gradient of its input where that lies. Not while recording, and not when
/// others can see it.
bool GraphTask::add_in_place(const Node::Edge& edge, const Tensor& dy, const Tensor& y) {
  if (!edge.rule.can_add() || is_grad_enabled()) return false;
  const Node& input = *edge.input;
  Tensor dx;
  if (targets_.empty() && input.is_leaf()) {
    dx = input.grad;
    if (!dx.defined() || dx.sizes() != input.shape || dx.dtype() != input.dtype || !may_add_to(dx))
      return false;
  } else {
    const auto at = waiting_.find(input.id);
    if (at == waiting_.end() || !is_unshared(at->second.dx)) return false;
    dx = at->second.dx;
  }
  edge.rule.add_to(dx, dy, y);
  ++dx.impl().storage->version;
  return true;
}

void GraphTask::backward_through(Node& node, const Tensor& dy) {
  check(!node.freed, "backward: the graph behind '{}' was already freed; pass retain_graph",
        node.name);
  if (node.joint) {
    std::vector<bool> needed;
    for (const Node::Edge& edge : node.edges)
      needed.push_back(wants(edge.input.get()));
    std::vector<Tensor> dx;
    if (is_grad_enabled() && node.joint->definition) {
      std::vector<Tensor> inputs;
      for (const Saved& x : node.joint->inputs)
        inputs.push_back(x());
      dx = vjp(node.joint->definition, inputs, dy);
    } else {
      dx = node.joint->rule(dy, needed);
    }
    for (size_t i = 0; i < dx.size() && i < needed.size(); ++i)
      if (needed[i] && dx[i].defined())
        deliver(node.edges[i].input, std::exchange(dx[i], {}), node.name);
    return;
  }
  const Tensor y = node.output();
  for (const Node::Edge& edge : node.edges) {
    if (!wants(edge.input.get()) || add_in_place(edge, dy, y)) continue;
    Tensor dx = edge.rule.gradient(dy, y);
    if (dx.defined()) deliver(edge.input, std::move(dx), node.name);
  }
}

void GraphTask::start(const Tensor& y, Tensor dy) {
  if (!dy.defined()) {
    check(y.numel() == 1,
          "{}: the output is {}; only one with a single element needs no gradient given", op_,
          y.sizes());
    dy = ones_like(y);
  }
  check(dy.sizes() == y.sizes() && dy.dtype() == y.dtype(),
        "{}: the output is {} {}, the gradient given for it is {} {}", op_, y.sizes(), y.dtype(),
        dy.sizes(), dy.dtype());
  given_.push_back(dy);
  deliver(y.node(), dy, op_);
}

void GraphTask::run(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs) {
  if (!targets_.empty()) find_needed(outputs);
  check(grad_outputs.empty() || grad_outputs.size() == outputs.size(),
        "{}: {} outputs, but {} gradients for them", op_, outputs.size(), grad_outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    start(outputs[i], grad_outputs.empty() ? Tensor() : grad_outputs[i]);
  struct Running {  // restores the name when a rule throws
    const char* before = exchange_running_rule("backward");
    ~Running() { exchange_running_rule(before); }
  } running;
  while (!waiting_.empty()) {
    auto [node, dy] = std::move(waiting_.extract(waiting_.begin()).mapped());
    if (targets_.count(node.get())) captured_[node.get()] = dy;
    if (targets_.empty() && node->retains_grad) accumulate(*node, dy, false);
    const auto leads_on = [this](const Node::Edge& edge) { return wants(edge.input.get()); };
    if (std::none_of(node->edges.begin(), node->edges.end(), leads_on)) continue;
    exchange_running_rule(node->name);
    backward_through(*node, dy);
    dy = Tensor();
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

}  // namespace

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, std::optional<bool> retain_graph,
                         bool create_graph, bool allow_unused) {
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
  task.run(outputs, grad_outputs);
  std::vector<Tensor> found;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor dx = task.captured(targets[i]);
    check(
        dx.defined() || allow_unused,
        "grad: the outputs do not depend on input {}; set allow_unused to get an undefined tensor",
        i);
    const bool shared =
        dx.defined() && !create_graph && dx.impl().references > 2;  // two: dx and the walk's own
    found.push_back(shared ? clone(dx) : dx);
  }
  return found;
}

void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs,
              std::optional<bool> retain_graph, bool create_graph) {
  check_outputs("backward", outputs);
  const AutoGradMode mode(create_graph);
  GraphTask("backward", retain_graph.value_or(create_graph)).run(outputs, grad_outputs);
}

std::vector<Tensor> vjp(const Definition& f, const std::vector<Tensor>& inputs, const Tensor& dy) {
  std::vector<Tensor> own;
  std::vector<Tensor> wanted;
  for (const Tensor& x : inputs) {
    own.push_back(needs_grad(x) ? alias(x) : x);
    if (needs_grad(x)) wanted.push_back(own.back());
  }
  const std::vector<Tensor> found = grad({f(own)}, wanted, {dy}, true, true, true);
  std::vector<Tensor> all;
  for (size_t i = 0, next = 0; i < inputs.size(); ++i)
    all.push_back(needs_grad(inputs[i]) ? found[next++] : Tensor());
  return all;
}

std::vector<GraphNode> graph(const Tensor& y) {
  std::vector<GraphNode> list;
  if (!needs_grad(y)) return list;
  for (const auto& [id, node] : nodes_behind({y}, 0)) {
    list.push_back({id, node->name, *node->scope, node->shape, node->dtype, {}});
    for (const Node::Edge& edge : node->edges)
      if (edge.input) list.back().inputs.push_back(edge.input->id);
  }
  std::reverse(list.begin(), list.end());
  return list;
}

uint64_t node_id(const Tensor& x) { return needs_grad(x) ? x.node()->id : 0; }

}  // namespace autograd
}  // namespace gradus
