#include "autograd/node.h"

#include "autograd/engine.h"

namespace gradus {
namespace {
thread_local const char* running_rule = "backward";  // the op whose rule runs, for messages
std::atomic<int64_t> alive{0};
std::atomic<uint64_t> next_id{1};
}  // namespace

/// Names the op that runs, for Saved's message.
const char* exchange_running_rule(const char* name) { return std::exchange(running_rule, name); }

void Saved::fail_changed(const Shape& sizes) {
  fail("backward: '{}' saved a tensor of shape {} that was changed in place since; use the op that makes a new tensor",
       running_rule, sizes);
}

void retain(Node* node) { node->references.fetch_add(1, std::memory_order_relaxed); }

// Nodes are deleted in a loop: a node owns its inputs, so a chain of 100,000 ops would otherwise recurse that deep.
void release(Node* node) {
  if (!drop_reference(node)) return;
  thread_local std::vector<Node*>* waiting = nullptr;
  if (waiting) return waiting->push_back(node);
  std::vector<Node*> queue{node};
  waiting = &queue;
  while (!queue.empty()) {
    Node* dead = queue.back();
    queue.pop_back();
    delete dead;
  }
  waiting = nullptr;
}

Node::Node(const char* op, const Tensor& y)
    : id(next_id++), name(op), scope(Scope::current()), shape(y.sizes()), strides(y.strides()), dtype(y.dtype()) {
  ++alive;
}
Node::~Node() { --alive; }

int64_t autograd::live_nodes() { return alive; }

void Node::free_saved() {
  for (Edge& edge : edges) {
    if (!edge.rule || !edge.rule.saves()) continue;
    edge.rule.clear();
    freed = true;
  }
  freed |= saved_output || joint;
  saved_output.reset();
  joint = nullptr;
}

Tensor Node::output() const {
  if (!saved_output) return {};
  const Tensor& y = (*saved_output)();
  if (!is_grad_enabled()) return y;
  const Tensor tied = y.detach();
  set_node(tied, Ref<Node>(const_cast<Node*>(this)));
  return tied;
}

bool needs_grad(const Tensor& x) { return x.defined() && x.node() && x.node()->requires_grad; }

void set_node(const Tensor& x, Ref<Node> node) { x.impl().node = std::move(node); }

Tensor record(const char* name, Tensor y, std::span<Input> inputs) {
  if (!is_grad_enabled() || std::none_of(inputs.begin(), inputs.end(), [](auto& in) { return needs_grad(in.x); }))
    return y;
  const Ref<Node> node(new Node(name, y));
  node->edges.reserve(inputs.size());
  bool reads_output = false;
  for (Input& in : inputs) {
    Node::Edge& edge = node->edges.emplace_back();
    if (!needs_grad(in.x)) continue;
    reads_output |= in.rule && in.rule.reads_output();
    edge = {in.x.node(), std::move(in.rule)};
  }
  if (reads_output) node->saved_output = saved(y.detach());
  set_node(y, node);
  return y;
}
Tensor record(const char* name, Tensor y, Input a, Input b) {
  Input both[] = {std::move(a), std::move(b)};
  return record(name, std::move(y), both);
}

Tensor record(const char* name, Tensor y, const std::vector<Tensor>& inputs, JointRule rule) {
  return record_fused(name, std::move(y), inputs, std::move(rule), nullptr);
}

Tensor record_fused(const char* name, Tensor y, const std::vector<Tensor>& inputs, JointRule fast,
                    Definition definition) {
  std::vector<Input> without_rules;
  for (const Tensor& x : inputs) without_rules.push_back({x, {}});
  y = record(name, std::move(y), without_rules);
  if (y.node()) {
    auto joint = std::make_unique<Joint>(Joint{std::move(fast), std::move(definition), {}});
    if (joint->definition)
      for (const Tensor& x : inputs) joint->inputs.push_back(saved(x));
    y.node()->joint = std::move(joint);
  }
  return y;
}

}  // namespace gradus
