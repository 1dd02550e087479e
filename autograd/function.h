// A user-defined op: forward and backward in plain code, written as in PyTorch.
//
//   struct Square : autograd::Function<Square> {
//     static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
//       ctx->save_for_backward({x});
//       return x * x;
//     }
//     static autograd::tensor_list backward(autograd::AutogradContext* ctx,
//                                           autograd::tensor_list dy) {
//       const Tensor x = ctx->get_saved_variables()[0];
//       return {dy[0] * x * 2};  // dx = dy * d(x^2)/dx
//     }
//   };
//   Tensor y = Square::apply(x);
//
// A forward with several outputs returns a tensor_list, and so does apply; backward is given one
// gradient for each output.
#pragma once
#include <optional>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <variant>

#include "autograd/engine.h"
#include "autograd/record.h"

namespace gradus::autograd {

/// A value of saved_data: a number, a bool, a tensor, or a list of integers.
class SavedValue {
 public:
  SavedValue() = default;
  SavedValue(bool value) : value_(value) {}  // NOLINT: implicit, as all of these
  template <std::integral T>
  SavedValue(T value) : value_(static_cast<int64_t>(value)) {}
  template <std::floating_point T>
  SavedValue(T value) : value_(static_cast<double>(value)) {}
  SavedValue(const Tensor& value) : value_(value) {}
  SavedValue(const std::vector<int64_t>& value) : value_(value) {}

  bool toBool() const { return get<bool>("a bool"); }
  int64_t toInt() const { return get<int64_t>("an integer"); }
  double toDouble() const { return get<double>("a floating-point number"); }
  Tensor toTensor() const { return get<Tensor>("a tensor"); }
  std::vector<int64_t> toIntVector() const {
    return get<std::vector<int64_t>>("a list of integers");
  }

 private:
  template <class T>
  T get(const char* expected) const {
    const T* value = std::get_if<T>(&value_);
    check(value != nullptr, "saved_data: the value is not {}", expected);
    return *value;
  }
  std::variant<std::monostate, bool, int64_t, double, Tensor, std::vector<int64_t>> value_;
};

/// Carries what forward keeps for backward.
class AutogradContext {
 public:
  /// Keeps inputs, outputs, or intermediate tensors. If one of them is changed in place
  /// afterwards, backward throws.
  void save_for_backward(const tensor_list& tensors) { to_save_ = tensors; }
  tensor_list get_saved_variables() const;
  /// Whether gradient i of those that backward returns is needed: in forward, whether that input
  /// needs gradients; in backward, whether this call of backward or grad asks for it, too.
  bool needs_input_grad(size_t i) const {
    const std::vector<bool>& needed = running_.context == this ? *running_.needed : needs_grad_;
    return i < needed.size() && needed[i];
  }
  /// Outputs that get no gradients. bool and int64 outputs need not be marked.
  void mark_non_differentiable(const tensor_list& outputs) { non_differentiable_ = outputs; }
  /// Inputs that forward has changed in place. They must be outputs, too: the result is then the
  /// input itself, with a new history.
  void mark_dirty(const tensor_list& inputs) { dirty_ = inputs; }
  /// Whether backward is given zeros for an output that nothing was computed from, as it is by
  /// default, or an undefined tensor.
  void set_materialize_grads(bool on) { materialize_grads_ = on; }
  std::unordered_map<std::string, SavedValue> saved_data;

 private:
  /// The backward that this thread runs, and the gradients that it was asked for. Other threads may
  /// run the backward of the same context.
  struct Running {
    const AutogradContext* context;
    const std::vector<bool>* needed;
  };
  struct OutputInfo {
    Shape sizes;
    DType dtype;
  };
  friend class FunctionCall;
  friend struct FunctionBackward;
  tensor_list run(tensor_list (*backward)(AutogradContext*, tensor_list), tensor_list dy,
                  const std::vector<bool>& needed);

  tensor_list to_save_;  // from save_for_backward until forward has returned
  tensor_list dirty_;    // these two until apply has returned
  tensor_list non_differentiable_;
  std::vector<Saved> saved_;
  std::vector<const Node*> saved_by_;  // for each of saved_: the node that keeps it, if an output
  std::vector<bool> needs_grad_;
  std::vector<OutputInfo> outputs_;
  bool materialize_grads_ = true;
  static inline constinit thread_local Running running_{};
};

/// The arguments of forward, with one position for each gradient that backward returns.
struct FunctionArguments {
  tensor_list tensors;          // undefined where the argument is no tensor
  std::vector<bool> is_tensor;  // for each of them

  void add(const Tensor& x) { append(x, true); }
  void add(const std::optional<Tensor>& x) { append(x.value_or(Tensor()), x.has_value()); }
  void add(const tensor_list& list) {
    for (const Tensor& x : list)
      append(x, true);
  }
  template <class T>
  void add(const T& /*no tensor*/) {
    append({}, false);
  }
  void append(const Tensor& x, bool is_a_tensor) {
    tensors.push_back(x);
    is_tensor.push_back(is_a_tensor);
  }
};

/// The name of a type as the program spells it, without namespaces.
std::string type_name(const std::type_info& type);

/// What the graph keeps of a call.
struct FunctionBackward {
  const std::string& name;
  std::vector<bool> is_tensor;  // for each argument
  tensor_list (*function)(AutogradContext* ctx, tensor_list dy);
  std::shared_ptr<AutogradContext> context;

  tensor_list operator()(const tensor_list& dy, const std::vector<bool>& needed) const;
};

/// A call of apply, without the types of the arguments.
class FunctionCall {
 public:
  using Backward = tensor_list (*)(AutogradContext* ctx, tensor_list dy);

  FunctionCall(const std::string& name, FunctionArguments arguments, Backward backward);
  AutogradContext* context() const { return context_.get(); }
  /// Records the call after forward has returned. Returns the results of apply.
  Tensor record(const Tensor& y);
  tensor_list record(const tensor_list& ys);

 private:
  void check_outputs(const tensor_list& ys) const;
  void check_dirty(const tensor_list& ys) const;
  Tensor result_of(const Tensor& y) const;
  bool has_gradient(const Tensor& y) const;
  void attach(const tensor_list& results, const std::vector<bool>& have_gradients);
  void save(const tensor_list& results);

  const std::string& name_;
  FunctionArguments arguments_;
  Backward backward_;
  std::shared_ptr<AutogradContext> context_;
};

/// The base of an op with a backward of its own.
template <class F>
class Function {
 public:
  /// Runs F::forward(ctx, args...) without recording, and records F::backward as its gradient.
  /// F::forward returns a Tensor or a tensor_list. F::backward is given one gradient for each of
  /// them and returns one for each argument, and for a std::vector<Tensor> one for each of its
  /// tensors: for an argument that is not a tensor, or an empty optional, an undefined one.
  /// A bool or int64 output needs no gradients.
  template <class... Args>
  static auto apply(const Args&... args) {
    FunctionArguments arguments;
    (arguments.add(args), ...);
    FunctionCall call(name(), std::move(arguments), [](AutogradContext* ctx, tensor_list dy) {
      return tensor_list(F::backward(ctx, std::move(dy)));
    });
    const auto forward = [&] {
      const NoGradGuard no_grad;
      return F::forward(call.context(), args...);
    };
    return call.record(forward());
  }

 private:
  static const std::string& name() {
    static const std::string text = type_name(typeid(F));
    return text;
  }
};

}  // namespace gradus::autograd
