// The graph that backward walks: one Node for every tensor that needs gradients, and the rules
// between them.
//
// An op computes y and calls record(name, y, {input, rule}, ...). A rule turns dy, the gradient of
// y, into the gradient of that input, by ops, so that it can be differentiated again. What a rule
// captures is what the op saves for backward:
//
//   return record("div", y, {a, [b = saved(b)](const Tensor& dy) { return dy / b(); }},
//                           {b, [b = saved(b)](const Tensor& dy, const Tensor& y) { return -dy * y
//                           / b(); }});
//
// A rule never captures y, which would own itself and never be freed: it takes y as a second
// argument. It may ignore broadcasting: the engine sums its gradient to the input's shape.
#pragma once
#include <functional>
#include <memory>
#include <span>

#include "autograd/grad_mode.h"
#include "tensor/tensor.h"

namespace gradus {

/// A tensor kept for backward, with the version it had. Reading it throws, naming the op, if it was
/// changed since.
class Saved {
 public:
  /// Nothing is kept while nothing is recorded.
  explicit Saved(const Tensor& x) : x_(is_grad_enabled() ? x : Tensor()) {
    if (x_.defined()) version_ = x.impl().storage->version;
  }
  const Tensor& operator()() const {
    if (x_.defined() && x_.impl().storage->version != version_) [[unlikely]]
      fail_changed(x_.sizes());
    return x_;
  }
  [[noreturn]] static void fail_changed(const Shape& sizes);

 private:
  Tensor x_;
  uint32_t version_ = 0;
};
inline Saved saved(const Tensor& x) { return Saved(x); }

template <class F>
concept GradientRule = std::is_invocable_r_v<Tensor, F, const Tensor&> ||
    std::is_invocable_r_v<Tensor, F, const Tensor&, const Tensor&>;

/// Turns dy into the gradient of one input: a closure (dy) or (dy, y). A second closure (dx, dy, y)
/// may say how to add that gradient to dx where it lies, for ops that touch only a part of dx.
class Rule {
 public:
  Rule() = default;
  template <GradientRule F>
  Rule(F f) : Rule(std::move(f), nullptr) {}  // NOLINT: implicit, a rule is written as its lambda
  /// Nothing is kept while nothing is recorded.
  template <class F, class A>
  Rule(F f, A add_to) {
    if (is_grad_enabled()) closure_.reset(new Of<F, A>(std::move(f), std::move(add_to)));
  }

  explicit operator bool() const { return closure_ != nullptr; }
  Tensor gradient(const Tensor& dy, const Tensor& y) const { return closure_->gradient(dy, y); }
  bool can_add() const { return closure_->can_add; }
  void add_to(const Tensor& dx, const Tensor& dy, const Tensor& y) const {
    closure_->add_to(dx, dy, y);
  }
  bool reads_output() const { return closure_->reads_output; }
  /// Whether it keeps tensors alive: closures over numbers and shapes alone do not.
  bool saves() const { return closure_->saves; }
  void clear() { closure_.reset(); }

 private:
  struct Closure : memory::Pooled {
    Closure(bool adds, bool takes_y, bool keeps)
        : can_add(adds), reads_output(takes_y), saves(keeps) {}
    virtual ~Closure() = default;
    virtual Tensor gradient(const Tensor& dy, const Tensor& y) const = 0;
    virtual void add_to(const Tensor& dx, const Tensor& dy, const Tensor& y) const = 0;
    const bool can_add, reads_output, saves;
  };
  template <class F, class A>
  struct Of final : Closure {
    static constexpr bool adds = !std::is_null_pointer_v<A>,
                          takes_y = std::is_invocable_v<F, const Tensor&, const Tensor&>;
    Of(F gradient_of, A adding)
        : Closure(adds, takes_y,
                  !std::is_trivially_destructible_v<F> || !std::is_trivially_destructible_v<A>),
          f(std::move(gradient_of)),
          a(std::move(adding)) {}
    Tensor gradient(const Tensor& dy, [[maybe_unused]] const Tensor& y) const override {
      if constexpr (takes_y)
        return f(dy, y);
      else
        return f(dy);
    }
    void add_to([[maybe_unused]] const Tensor& dx, [[maybe_unused]] const Tensor& dy,
                [[maybe_unused]] const Tensor& y) const override {
      if constexpr (adds) a(dx, dy, y);
    }
    [[no_unique_address]] F f;
    [[no_unique_address]] A a;
  };
  std::unique_ptr<const Closure> closure_;
};

/// The gradients of all inputs at once; `needed` says which of them will be used.
using BackwardFunction =
    std::function<std::vector<Tensor>(const Tensor& dy, const std::vector<bool>& needed)>;
/// An op, written with other ops.
using Definition = std::function<Tensor(const std::vector<Tensor>& inputs)>;

/// What a node has instead of rules when its inputs' gradients are computed together.
struct Joint {
  BackwardFunction rule;
  Definition
      definition;  // of a fused op: differentiated in place of the rule when gradients are recorded
  std::vector<Saved> inputs;  // for the definition
};

struct Node : RefCounted, memory::Pooled {
  struct Edge {
    Ref<Node> input;  // null where the input needs no gradient
    Rule rule;
  };

  Node(const char* op, const Tensor& y);
  ~Node();

  bool is_leaf() const { return edges.empty(); }
  /// Drops what was saved for backward.
  void free_saved();
  /// y as it was after the forward, tied to this node while gradients are recorded. Throws if it
  /// was changed.
  Tensor output() const;

  uint64_t id;       // creation order: an op is newer than its inputs
  const char* name;  // of the op, or "leaf"
  const std::string* scope;
  Shape shape, strides;
  DType dtype;
  bool requires_grad = true;  // a leaf's can be switched off
  bool retains_grad = false;
  bool freed = false;                                // by a backward, and something was saved here
  std::vector<Edge, memory::Allocator<Edge>> edges;  // none for a leaf
  std::unique_ptr<Joint> joint;
  Tensor grad;                        // of a leaf, or of a tensor that retains it
  std::optional<Saved> saved_output;  // y without this node, if a rule reads y
  Node* next_dead = nullptr;          // while nodes are deleted
};

/// An input of an op with its rule.
struct Input {
  const Tensor& x;
  Rule rule;
};

inline bool needs_grad(const Tensor& x) {
  return x.defined() && x.node() && x.node()->requires_grad;
}
/// Whether an op on x is recorded.
inline bool is_recorded(const Tensor& x) { return is_grad_enabled() && needs_grad(x); }
/// Gives y its history. Without an input that needs gradients, or under NoGradGuard, y is returned
/// as it is.
Tensor record(const char* name, Tensor y, std::span<Input> inputs);
inline Tensor record(const char* name, Tensor y, Input a) {
  return record(name, std::move(y), {&a, 1});
}
Tensor record(const char* name, Tensor y, Input a, Input b);
/// The same with the gradients of all inputs computed at once.
Tensor record(const char* name, Tensor y, const std::vector<Tensor>& inputs, BackwardFunction rule);
/// The same for an op computed by fast kernels. `definition` is the op in ordinary ops: what the
/// kernels compute, what tests hold them to, and what second derivatives go through.
Tensor record_fused(const char* name, Tensor y, const std::vector<Tensor>& inputs,
                    BackwardFunction fast, Definition definition);

/// Makes y's history the tensor's own, for writes in place.
void set_node(const Tensor& x, Ref<Node> node);

}  // namespace gradus
