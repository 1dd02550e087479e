// The graph that backward walks: one Node for every tensor that needs gradients, and the rules between them.
//
// An op computes y and calls record(name, y, {input, rule}, ...). A rule turns dy, the gradient of y, into the
// gradient of that input, by ops, so that it can be differentiated again. What a rule captures is what the op saves for
// backward:
//
//   return record("div", y, {a, [b = saved(b)](const Tensor& dy) { return dy / b(); }},
//                           {b, [b = saved(b)](const Tensor& dy, const Tensor& y) { return -dy * y / b(); }});
//
// A rule never captures y, which would own itself and never be freed: it takes y as a second argument. It may ignore
// broadcasting: the engine sums its gradient to the input's shape.
#pragma once
#include <functional>
#include <memory>
#include <span>

#include "autograd/grad_mode.h"
#include "tensor/tensor.h"

namespace gradus {

/// A tensor kept for backward, with the version it had. Reading it throws, naming the op, if it was changed since.
class Saved {
 public:
  explicit Saved(const Tensor& x) : x_(x), version_(x.defined() ? x.impl().storage->version.load() : 0) {}
  const Tensor& operator()() const {
    if (x_.defined() && x_.impl().storage->version != version_) [[unlikely]]
      fail_changed(x_.sizes());
    return x_;
  }
  [[noreturn]] static void fail_changed(const Shape& sizes);

 private:
  Tensor x_;
  uint32_t version_;
};
inline Saved saved(const Tensor& x) { return Saved(x); }

template <class F>
concept GradientRule =
    std::is_invocable_r_v<Tensor, F, const Tensor&> || std::is_invocable_r_v<Tensor, F, const Tensor&, const Tensor&>;

/// Turns dy into the gradient of one input: a closure (dy) or (dy, y), kept in place when it is small. A second closure
/// (dx, dy, y) may say how to add that gradient to dx where it lies, for ops that touch only a part of dx.
class Rule {
 public:
  Rule() = default;
  template <GradientRule F> Rule(F f)
      : Rule(std::move(f), nullptr) {}  // NOLINT: implicit, a rule is written as its lambda
  template <class F, class A> Rule(F f, A add_to);
  Rule(Rule&& other) noexcept { take(other); }
  Rule& operator=(Rule&& other) noexcept {
    clear();
    take(other);
    return *this;
  }
  ~Rule() { clear(); }

  explicit operator bool() const { return methods_ != nullptr; }
  Tensor gradient(const Tensor& dy, const Tensor& y) const { return methods_->gradient(closure_, dy, y); }
  bool can_add() const { return methods_->add_to != nullptr; }
  void add_to(const Tensor& dx, const Tensor& dy, const Tensor& y) const { methods_->add_to(closure_, dx, dy, y); }
  bool reads_output() const { return methods_->reads_output; }
  /// Whether it keeps tensors alive: closures over numbers and shapes alone do not.
  bool saves() const { return methods_->saves; }
  void clear() {
    if (methods_) std::exchange(methods_, nullptr)->destroy(closure_);
  }

 private:
  struct Methods {
    Tensor (*gradient)(const void* closure, const Tensor& dy, const Tensor& y);
    void (*add_to)(const void* closure, const Tensor& dx, const Tensor& dy, const Tensor& y);
    void (*move)(void* to, void* from);
    void (*destroy)(void* closure);
    bool reads_output, saves;
  };
  template <class F, class A> struct Closure;
  template <class C> struct Erased;
  void take(Rule& other) {
    methods_ = std::exchange(other.methods_, nullptr);
    if (methods_) methods_->move(closure_, other.closure_);
  }

  static constexpr size_t kInPlace = 64;
  const Methods* methods_ = nullptr;
  alignas(8) std::byte closure_[kInPlace];
};

/// The gradients of all inputs at once; `needed` says which of them will be used.
using JointRule = std::function<std::vector<Tensor>(const Tensor& dy, const std::vector<bool>& needed)>;
/// An op, written with other ops.
using Definition = std::function<Tensor(const std::vector<Tensor>& inputs)>;

/// What a node has instead of rules when its inputs' gradients are computed together.
struct Joint {
  JointRule rule;
  Definition definition;      // of a fused op: differentiated in place of the rule when gradients are recorded
  std::vector<Saved> inputs;  // for the definition
};

struct Node : RefCounted {
  struct Edge {
    Ref<Node> input;  // null where the input needs no gradient
    Rule rule;
  };

  Node(const char* op, const Tensor& y);
  ~Node();

  bool is_leaf() const { return edges.empty(); }
  /// Drops what was saved for backward.
  void free_saved();
  /// y as it was after the forward, tied to this node while gradients are recorded. Throws if it was changed.
  Tensor output() const;

  uint64_t id;       // creation order: an op is newer than its inputs
  const char* name;  // of the op, or "leaf"
  const std::string* scope;
  Shape shape, strides;
  DType dtype;
  bool requires_grad = true;  // a leaf's can be switched off
  bool retains_grad = false;
  bool freed = false;       // by a backward, and something was saved here
  std::vector<Edge> edges;  // none for a leaf
  std::unique_ptr<Joint> joint;
  Tensor grad;                        // of a leaf, or of a tensor that retains it
  std::optional<Saved> saved_output;  // y without this node, if a rule reads y
};

/// An input of an op with its rule.
struct Input {
  const Tensor& x;
  Rule rule;
};

bool needs_grad(const Tensor& x);
/// Gives y its history. Without an input that needs gradients, or under NoGradGuard, y is returned as it is.
Tensor record(const char* name, Tensor y, std::span<Input> inputs);
inline Tensor record(const char* name, Tensor y, Input a) { return record(name, std::move(y), {&a, 1}); }
Tensor record(const char* name, Tensor y, Input a, Input b);
/// The same with the gradients of all inputs computed at once.
Tensor record(const char* name, Tensor y, const std::vector<Tensor>& inputs, JointRule rule);
/// The same for an op computed by fast kernels. `definition` is the op in ordinary ops: what the kernels compute, what
/// tests hold them to, and what second derivatives go through.
Tensor record_fused(const char* name, Tensor y, const std::vector<Tensor>& inputs, JointRule fast,
                    Definition definition);

/// Makes y's history the tensor's own, for writes in place.
void set_node(const Tensor& x, Ref<Node> node);

// ---- Rule's type erasure ------------------------------------------------------------------------------------------

template <class C> struct Rule::Erased {
  static constexpr bool in_place = sizeof(C) <= kInPlace && alignof(C) <= 8;
  static const C& get(const void* closure) {
    return in_place ? *static_cast<const C*>(closure) : **static_cast<C* const*>(closure);
  }
  static Tensor gradient(const void* closure, const Tensor& dy, const Tensor& y) {
    if constexpr (C::reads_output) return get(closure).f(dy, y);
    else return get(closure).f(dy);
  }
  static void add_to(const void* closure, const Tensor& dx, const Tensor& dy, const Tensor& y) {
    if constexpr (C::adds) get(closure).a(dx, dy, y);
  }
  static void move(void* to, void* from) {
    if constexpr (in_place) {
      new (to) C(std::move(*static_cast<C*>(from)));
      static_cast<C*>(from)->~C();
    } else {
      *static_cast<C**>(to) = *static_cast<C**>(from);
    }
  }
  static void destroy(void* closure) {
    if constexpr (in_place) static_cast<C*>(closure)->~C();
    else delete *static_cast<C**>(closure);
  }
  static constexpr Methods methods{gradient,        C::adds ? add_to : nullptr,          move, destroy,
                                   C::reads_output, !std::is_trivially_destructible_v<C>};
};

template <class F, class A> struct Rule::Closure {
  static constexpr bool reads_output = std::is_invocable_v<F, const Tensor&, const Tensor&>;
  static constexpr bool adds = !std::is_null_pointer_v<A>;
  [[no_unique_address]] F f;
  [[no_unique_address]] A a;
};

template <class F, class A> Rule::Rule(F f, A add_to) {
  using C = Closure<F, A>;
  if constexpr (Erased<C>::in_place) new (closure_) C{std::move(f), std::move(add_to)};
  else *reinterpret_cast<C**>(closure_) = new C{std::move(f), std::move(add_to)};
  methods_ = &Erased<C>::methods;
}

}  // namespace gradus
