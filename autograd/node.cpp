#include "autograd/node.h"

#include <mutex>
#include <set>

#include "autograd/engine.h"

namespace gradus {
namespace {
thread_local const std::string* current_scope = nullptr;
const std::string no_name;

const std::string* intern(std::string name) {
  static std::mutex mutex;
  static std::set<std::string> names;  // never shrinks: nodes point into it
  const std::lock_guard lock(mutex);
  return &*names.insert(std::move(name)).first;
}

thread_local const char* running_rule = "backward";  // the op whose rule runs, for messages
std::atomic<uint64_t> next_id{1}, deleted{0};
}  // namespace

Scope::Scope(const std::string& name) : before_(current_scope) {
  current_scope = intern(before_ ? *before_ + "." + name : name);
}
Scope::~Scope() { current_scope = before_; }
const std::string* Scope::current() { return current_scope ? current_scope : &no_name; }

/// Names the op that runs, for Saved's message.
const char* exchange_running_rule(const char* name) { return std::exchange(running_rule, name); }

void Saved::fail_changed(const Shape& sizes) {
  fail(
      "backward: '{}' saved a tensor of shape {} that was changed in place since; use the op that "
      "makes a new tensor",
      running_rule, sizes);
}

void retain(Node* node) { node->references.fetch_add(1, std::memory_order_relaxed); }

// Nodes are deleted in a loop: a node owns its inputs, so a chain of 100,000 ops would otherwise
// recurse that deep.
void release(Node* node) {
  if (!drop_reference(node)) return;
  thread_local Node* waiting = nullptr;
  thread_local bool deleting = false;
  node->next_dead = std::exchange(waiting, node);
  if (deleting) return;
  deleting = true;
  while (waiting)
    delete std::exchange(waiting, waiting->next_dead);
  deleting = false;
}

Node::Node(const char* op, const Tensor& y)
    : id(next_id.fetch_add(1, std::memory_order_relaxed)),
      name(op),
      scope(Scope::current()),
      shape(y.sizes()),
      strides(y.strides()),
      dtype(y.dtype()) {}
Node::~Node() { deleted.fetch_add(1, std::memory_order_relaxed); }

int64_t autograd::live_nodes() {
  const uint64_t gone = deleted;
  return static_cast<int64_t>(next_id - 1 - gone);
}

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

void set_node(const Tensor& x, Ref<Node> node) { x.impl().node = std::move(node); }

Tensor record(const char* name, Tensor y, std::span<Input> inputs) {
  if (std::none_of(inputs.begin(), inputs.end(), [](auto& in) { return is_recorded(in.x); }))
    return y;
  auto node = make_ref<Node>(name, y);
  node->edges.reserve(inputs.size());
  bool reads_output = false;
  for (Input& in : inputs) {
    Node::Edge& edge = node->edges.emplace_back();
    if (!needs_grad(in.x)) continue;
    reads_output |= in.rule && in.rule.reads_output();
    edge.input = in.x.node();
    edge.rule = std::move(in.rule);
  }
  if (reads_output) node->saved_output = saved(y.detach());
  set_node(y, std::move(node));
  return y;
}
Tensor record(const char* name, Tensor y, Input a, Input b) {
  if (!is_recorded(a.x) && !is_recorded(b.x)) return y;
  Input both[] = {std::move(a), std::move(b)};
  return record(name, std::move(y), both);
}

Tensor record(const char* name, Tensor y, const std::vector<Tensor>& inputs,
              BackwardFunction rule) {
  return record_fused(name, std::move(y), inputs, std::move(rule), nullptr);
}

Tensor record_fused(const char* name, Tensor y, const std::vector<Tensor>& inputs,
                    BackwardFunction fast, Definition definition) {
  std::vector<Input> without_rules;
  for (const Tensor& x : inputs)
    without_rules.push_back({x, {}});
  y = record(name, std::move(y), without_rules);
  if (y.node()) {
    auto joint = std::make_unique<Joint>(Joint{std::move(fast), std::move(definition), {}});
    if (joint->definition)
      for (const Tensor& x : inputs)
        joint->inputs.push_back(saved(x));
    y.node()->joint = std::move(joint);
  }
  return y;
}

}  // namespace gradus
