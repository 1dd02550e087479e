#include "autograd/node.h"

#include <span>

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
  freed |= output_ || joint;
  output_ = nullptr;
  joint = nullptr;
}

void keep_output(Node& node, const Tensor& y) {
  node.output_ = y.impl().storage;
  node.output_offset_ = y.impl().offset;
  node.output_version_ = node.output_->version;
}

Tensor Node::output() const {
  if (!output_) return {};
  if (output_->version != output_version_) Saved::fail_changed(shape);
  const Tensor y(Ref<TensorImpl>(new TensorImpl(output_, output_offset_, shape, strides, dtype, /*view=*/false)));
  if (is_grad_enabled()) set_node(y, Ref<Node>(const_cast<Node*>(this)));
  return y;
}

bool needs_grad(const Tensor& x) { return x.defined() && x.node() && x.node()->requires_grad; }

void set_node(const Tensor& x, Ref<Node> node) { x.impl().node = std::move(node); }

namespace {

Tensor record_inputs(const char* name, Tensor y, std::span<Input> inputs) {
  if (!is_grad_enabled() || std::none_of(inputs.begin(), inputs.end(), [](auto& in) { return needs_grad(in.x); }))
    return y;
  const Ref<Node> node(new Node(name, y));
  node->edges.reserve(inputs.size());
  bool reads_output = false;
  for (Input& in : inputs) {
    Node::Edge& edge = node->edges.emplace_back();
    if (!needs_grad(in.x)) continue;
    reads_output |= in.rule.reads_output();
    edge = {in.x.node(), std::move(in.rule)};
  }
  if (reads_output) keep_output(*node, y);
  set_node(y, node);
  return y;
}

}  // namespace

Tensor record(const char* name, Tensor y, Input a) { return record_inputs(name, std::move(y), {&a, 1}); }
Tensor record(const char* name, Tensor y, Input a, Input b) {
  Input both[] = {std::move(a), std::move(b)};
  return record_inputs(name, std::move(y), both);
}

Tensor record_many(const char* name, Tensor y, const std::vector<Tensor>& inputs,
                   const std::function<Rule(size_t)>& rule) {
  if (!is_grad_enabled() || std::none_of(inputs.begin(), inputs.end(), needs_grad)) return y;
  const Ref<Node> node(new Node(name, y));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (needs_grad(inputs[i])) node->edges.push_back({inputs[i].node(), rule ? rule(i) : Rule()});
    else node->edges.emplace_back();
  }
  set_node(y, node);
  return y;
}

Tensor record(const char* name, Tensor y, const std::vector<Tensor>& inputs, JointRule rule) {
  return record_fused(name, std::move(y), inputs, std::move(rule), nullptr);
}

Tensor record_fused(const char* name, Tensor y, const std::vector<Tensor>& inputs, JointRule fast,
                    Definition definition) {
  y = record_many(name, std::move(y), inputs, nullptr);
  if (y.node()) {
    auto joint = std::make_unique<Joint>(Joint{std::move(fast), std::move(definition), {}});
    if (joint->definition)
      for (const Tensor& x : inputs) joint->inputs.push_back(saved(x));
    y.node()->joint = std::move(joint);
  }
  return y;
}

}  // namespace gradus
