#include "autograd/node.h"

#include <thread>

#include "autograd/graph.h"

namespace gradus {
namespace {
std::atomic<uint64_t> next_id{1};
std::atomic<uint64_t> deleted{0};
}  // namespace

void NodeMutex::let_others_run() { std::this_thread::yield(); }

void Saved::fail_changed(const Shape& sizes) {
  fail(
      "backward: '{}' saved a tensor of shape {} that was changed in place since; use the op that "
      "makes a new tensor",
      RunningBackward::op(), sizes);
}

void retain(Node* node) {
  if (Node* op = node->op()) node = op;
  node->references.fetch_add(1, std::memory_order_relaxed);
}

// A node owns its inputs' nodes, so deleting the last node of a chain of 100,000 ops would recurse
// 100,000 calls deep. Nodes to delete are put on a list instead, and the outermost call deletes
// them in a loop.
void release(Node* node) {
  if (Node* op = node->op()) node = op;
  if (!drop_reference(node)) return;
  thread_local Node* to_delete = nullptr;
  thread_local bool is_deleting = false;
  node->next_to_delete = std::exchange(to_delete, node);
  if (is_deleting) return;
  is_deleting = true;
  while (to_delete)
    delete std::exchange(to_delete, to_delete->next_to_delete);
  is_deleting = false;
}

Node::Node(const char* op_name, const Tensor& y)
    : dtype(y.dtype()),
      id(next_id.fetch_add(1, std::memory_order_relaxed)),
      name(op_name),
      shape(y.sizes()),
      strides(y.strides()),
      scope(Scope::current()) {}

Node::~Node() {
  if (op() && !edges.empty()) edges.front().input.forget();
  deleted.fetch_add(1, std::memory_order_relaxed);
}

int64_t autograd::live_nodes() {
  const uint64_t gone = deleted;  // read first: a node may be created and deleted in between
  return static_cast<int64_t>(next_id - 1 - gone);
}

NodeExtras& Node::make_extras() {
  if (!extras) extras = std::make_unique<NodeExtras>();
  return *extras;
}

void Node::free_saved() {
  for (Edge& edge : edges) {
    if (!edge.rule || !edge.rule.saves()) continue;
    edge.rule.clear();
    freed = true;
  }
  if (outputs() && outputs()->backward) {
    freed = true;
    outputs()->backward = nullptr;
    for (const auto& output : outputs()->nodes)
      if (output) output->saved_output = Saved();
  }
  // Nothing is written if nothing was saved: other threads may be using the node.
  if (!saved_output.keeps_something() && !fused_backward) return;
  freed = true;
  saved_output = Saved();
  fused_backward = nullptr;
}

Tensor Node::output() const {
  const Tensor& y = saved_output();
  if (!y.defined()) return {};
  if (!is_grad_enabled()) return y;
  const Tensor attached = y.detach();
  set_node(attached, Ref<Node>(const_cast<Node*>(this)));
  return attached;
}

void set_node(const Tensor& x, Ref<Node> node) { x.impl().node = std::move(node); }

}  // namespace gradus
