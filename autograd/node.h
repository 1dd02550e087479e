// The graph that backward follows: one Node for every tensor that needs gradients.
//
//   x (leaf) <--- exp <--- mul <--- sum        loss = (exp(x) * w).sum()
//   w (leaf) <-------------'
//
// A tensor points to its node. A node points to the nodes of its op's inputs, and each of these
// edges carries a rule (rule.h) that turns dy, the gradient of the op's output y, into the gradient
// of that input. An op computes y and calls record (record.h), which makes the node. backward
// (engine.h) goes from the newest node to the leaves, applies the rules and adds up the results.
//
// Edges point to nodes, not to tensors: the data of an input stays alive only if a rule has saved
// it (saved.h).
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "autograd/hooks.h"
#include "autograd/rule.h"
#include "autograd/saved.h"
#include "autograd/scope.h"
#include "tensor/tensor.h"

namespace gradus {

/// Computes the gradients of all inputs of an op at once. `needed` says which of them will be used;
/// the others may be left undefined.
using BackwardFunction =
    std::function<std::vector<Tensor>(const Tensor& dy, const std::vector<bool>& needed)>;

/// An op written with other ops.
using Definition = std::function<Tensor(const std::vector<Tensor>& inputs)>;

/// The replacement for the rules of a node if one function computes the gradients of all inputs.
struct FusedBackward {
  BackwardFunction function;
  Definition definition;  // differentiated instead when the gradients are recorded; may be empty
  std::vector<Saved> inputs;  // for the definition
};

/// The same for an op with several outputs; the gradient of an output that nothing was computed
/// from is undefined.
using BackwardOfOutputs = std::function<std::vector<Tensor>(const std::vector<Tensor>& dy,
                                                            const std::vector<bool>& needed)>;

struct Outputs;
struct NodeExtras;

/// A mutex of one byte, held for the time of an addition. A std::mutex would make every node larger
/// and every backward slower.
class NodeMutex {
 public:
  void lock() {
    while (locked_.exchange(true, std::memory_order_acquire))
      let_others_run();
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  static void let_others_run();

  std::atomic<bool> locked_{false};
};

/// The place of a tensor y in the graph: the op that made it, and the nodes of the op's inputs.
struct Node : RefCounted, memory::Pooled {
  struct Edge {
    Ref<Node> input;  // null if the input needs no gradient
    Rule rule;        // empty if the node has a fused_backward
  };

  Node(const char* op_name, const Tensor& y);
  ~Node();

  bool is_leaf() const { return edges.empty(); }
  /// The members of NodeExtras, or null.
  Hooks* hooks() const;
  Node* op() const;
  Outputs* outputs() const;
  NodeExtras& make_extras();
  /// Releases the tensors that the op saved for backward.
  void free_saved();
  /// y as the forward left it; while gradients are recorded it is attached to this node, so that it
  /// can be differentiated again. Throws if y was changed in place.
  Tensor output() const;

  // A backward reads many nodes once. The members that it always uses come first, in the first two
  // of the node's four cache lines.
  DType dtype;                // of y
  bool requires_grad = true;  // false for a leaf that requires_grad_(false) switched off
  bool retains_grad = false;
  bool freed = false;    // a backward has released the saved tensors
  NodeMutex grad_mutex;  // held while a backward adds to grad: others may run in other threads
  uint64_t id;           // numbers nodes in order of creation: larger than those of the inputs
  std::unique_ptr<NodeExtras> extras;                // null for most nodes
  std::vector<Edge, memory::Allocator<Edge>> edges;  // empty for a leaf
  std::unique_ptr<FusedBackward> fused_backward;
  const char* name;                // of the op, or "leaf"
  Saved saved_output;              // y without this node, if a rule reads y
  Tensor grad;                     // of a leaf, or of a tensor after retain_grad()
  Node* next_to_delete = nullptr;  // see release()
  Shape shape;                     // of y
  Shape strides;
  const std::string* scope;
};

/// The outputs of an op that has several. Each output has a node of its own, so that an edge, a
/// grad and a hook belong to one tensor; its only edge leads to the node of the op, which has the
/// edges to the inputs:
///
///   x <--- op <--- output 0 <--- ...        The op waits until the gradients of all its outputs
///   w <----' '---- output 1 <--- ...        have arrived, and computes those of x and w at once.
///
/// The op owns the nodes of its outputs, and a reference to one of them counts as a reference to
/// the op: they are freed together.
struct Outputs {
  std::vector<std::unique_ptr<Node>> nodes;  // null for an output that needs no gradient
  BackwardOfOutputs backward;                // empty after a backward has freed it
};

/// What few nodes have. It is kept apart so that a node takes 256 bytes, a size of the allocator.
struct NodeExtras {
  Ref<Hooks> hooks;
  Node* op = nullptr;                // of one of several outputs: the op's node
  size_t output_index = 0;           // and which output it is
  std::unique_ptr<Outputs> outputs;  // of an op with several outputs
};

inline Hooks* Node::hooks() const { return extras ? extras->hooks.get() : nullptr; }
inline Node* Node::op() const { return extras ? extras->op : nullptr; }
inline Outputs* Node::outputs() const { return extras ? extras->outputs.get() : nullptr; }

inline bool needs_grad(const Tensor& x) {
  return x.defined() && x.node() && x.node()->requires_grad;
}

/// Makes `node` the history of x.
void set_node(const Tensor& x, Ref<Node> node);

}  // namespace gradus
