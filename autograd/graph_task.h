// One run of backward or autograd::grad.
#pragma once
#include <compare>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "autograd/node.h"

namespace gradus::autograd {

/// Whether x is the only tensor that uses its memory, and uses all of it, each number once: a write
/// to an element of x is then seen by nobody else.
bool owns_its_memory(const Tensor& x);

/// One run of the engine: the gradients that are on their way, and where they go.
class GraphTask {
 public:
  enum class Mode {
    Accumulate,  // add the gradients to the grad of the targets, or of every leaf without targets
    Capture      // keep the gradients of the targets
  };
  GraphTask(const char* op, Mode mode, bool keep_graph, const std::vector<Node*>& targets)
      : op_(op),
        accumulates_(mode == Mode::Accumulate),
        keep_graph_(keep_graph),
        targets_(targets.begin(), targets.end()) {}

  /// An output with a single element needs no grad_output: it is 1. The given grad_outputs still
  /// belong to the caller: they are not written, even if one is the grad of a leaf.
  void execute(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs);
  Tensor captured_gradient(Node* target) { return captured_[target]; }

 private:
  /// Where a run starts. The node of an output owns all others that gradients reach, so that the
  /// rest of the run can do with plain pointers to them.
  struct Start {
    Ref<Node> node;
    Tensor gradient;  // the one that was given
  };
  struct PendingGradient {
    Node* node;
    Tensor gradient;  // the sum of those that have arrived
  };
  /// When a pending node is taken: the newest first. A node is due at its own id; a leaf that has
  /// hooks, right after the oldest node that it is an input of.
  struct Due {
    uint64_t time;
    uint64_t id;
    friend auto operator<=>(const Due&, const Due&) = default;
  };

  bool needs_gradient(const Node* node) const {
    return node && node->requires_grad && (targets_.empty() || needed_.count(node));
  }
  bool adds_at_once_to_grad(const Node& node) const {
    return accumulates_ && node.is_leaf() && !node.hooks();
  }
  void find_needed_nodes();
  void find_oldest_users();
  uint64_t oldest_user(const Node& leaf);
  Due due(const Node& node) {
    const bool waits_for_hooks = accumulates_ && node.is_leaf();
    return {.time = waits_for_hooks ? oldest_user(node) : node.id, .id = node.id};
  }
  void add_output(const Tensor& y, Tensor dy);
  void send_gradient(Node& node, Tensor dx, const char* op);
  void start(const std::vector<Tensor>& grad_outputs);
  void run_pending_nodes();
  Tensor deliver(Node& node, Tensor dy, bool runs);
  void accumulate_with_hooks(Node& leaf, const Tensor& dx);
  void pass_to_op(const Node& output, Tensor dy);
  void run_node(Node& node, const Tensor& dy);
  void apply(Node& node, const Tensor& dy);
  void apply_observed(Node& node, const Tensor& dy);
  void apply_rules(Node& node, const Tensor& dy);
  void apply_fused_backward(Node& node, const Tensor& dy);
  void apply_backward_of_outputs(Node& node);
  std::vector<bool> needed_inputs(const Node& node) const;
  void send_gradients(const Node& node, std::vector<Tensor> dx, const std::vector<bool>& needed);
  bool add_in_place(const Node::Edge& edge, const Tensor& dy, const Tensor& y);
  void accumulate_grad(Node& node, const Tensor& dx, bool may_keep_dx) const;
  bool may_add_to(const Tensor& grad) const;

  const char* op_;  // "grad" or "backward", for messages
  bool accumulates_;
  bool keep_graph_;
  const std::vector<Tensor>* outputs_ = nullptr;
  std::vector<Start> starts_;
  std::unordered_set<const Node*> targets_;
  std::unordered_set<const Node*> needed_;  // the targets and all nodes computed from them
  std::unordered_map<const Node*, Tensor> captured_;
  std::map<Due, PendingGradient, std::greater<>,
           memory::Allocator<std::pair<const Due, PendingGradient>>>
      pending_;
  // Of each leaf that has hooks. Computed when a gradient reaches the first of them.
  std::optional<std::unordered_map<const Node*, uint64_t>> oldest_user_;
  // For ops with several outputs: the gradients of the outputs that have arrived.
  std::map<const Node*, std::vector<Tensor>> gradients_of_outputs_;
};

}  // namespace gradus::autograd
