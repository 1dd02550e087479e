// A user-defined op with one output: forward and backward in plain code, written as in PyTorch.
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
  /// Keeps inputs, the output, or intermediate tensors. If one of them is changed in place
  /// afterwards, backward throws.
  void save_for_backward(const tensor_list& tensors) { to_save_ = tensors; }
  tensor_list get_saved_variables() const;
  /// Whether gradient i of those that backward returns is needed: in forward, whether that input
  /// needs gradients; in backward, whether this call of backward or grad asks for it, too.
  bool needs_input_grad(size_t i) const {
    const std::vector<bool>& needed = running_.context == this ? *running_.needed : needs_grad_;
    return i < needed.size() && needed[i];
  }
  std::unordered_map<std::string, SavedValue> saved_data;

 private:
  template <class F>
  friend class Function;
  /// The backward that this thread runs, and the gradients that it was asked for. Other threads may
  /// run the backward of the same context.
  struct Running {
    const AutogradContext* context;
    const std::vector<bool>* needed;
  };
  void save(const Tensor& y, Node* node);

  tensor_list to_save_;  // from save_for_backward until forward has returned
  std::vector<Saved> saved_;
  std::vector<bool> is_output_;  // for each of saved_: whether it is the output, kept by the node
  std::vector<bool> needs_grad_;
  Node* node_ = nullptr;  // of the output; it owns this context
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

/// Throws if backward returned a wrong number of gradients, or one for an argument that is no
/// tensor.
void check_gradients(const std::string& name, const tensor_list& dx,
                     const std::vector<bool>& is_tensor);

/// The name of a type as the program spells it, without namespaces.
std::string type_name(const std::type_info& type);

template <class F>
class Function {
 public:
  /// Runs F::forward(ctx, args...) without recording, and records F::backward as its gradient.
  /// F::backward returns one gradient for each argument, and for a std::vector<Tensor> one for each
  /// of its tensors: for an argument that is not a tensor, or an empty optional, an undefined one.
  /// A bool or int64 output needs no gradients.
  template <class... Args>
  static Tensor apply(const Args&... args) {
    FunctionArguments arguments;
    (arguments.add(args), ...);
    const tensor_list& inputs = arguments.tensors;
    const auto context = std::make_shared<AutogradContext>();
    for (const Tensor& x : inputs)
      context->needs_grad_.push_back(needs_grad(x));
    Tensor y;
    {
      const NoGradGuard no_grad;
      y = F::forward(context.get(), args...);
    }
    check(y.defined(), "{}: forward returned an undefined tensor", name());
    if (!y.is_floating_point()) return y;
    for (const Tensor& x : inputs)
      if (x.is_same(y)) y = same_elements(y);  // else the input itself would get the new node
    auto backward = [context, is_tensor = arguments.is_tensor](const Tensor& dy,
                                                               const std::vector<bool>& needed) {
      return run_backward(*context, dy, needed, is_tensor);
    };
    const Tensor output = record(OpName::of_static(name()), y.node() ? same_elements(y) : y, inputs,
                                 std::move(backward));
    context->save(y, output.node().get());
    return output;
  }

 private:
  static const std::string& name() {
    static const std::string text = type_name(typeid(F));
    return text;
  }
  /// A view of y without a node. Unlike a detached tensor, a view cannot be changed in place while
  /// recording, which would change y and not its history.
  static Tensor same_elements(const Tensor& y) {
    return y.as_view(y.sizes(), y.strides(), y.storage_offset());
  }
  static tensor_list run_backward(AutogradContext& context, const Tensor& dy,
                                  const std::vector<bool>& needed,
                                  const std::vector<bool>& is_tensor) {
    struct Restore {
      AutogradContext::Running previous;
      ~Restore() { AutogradContext::running_ = previous; }
    };
    const Restore restore{std::exchange(AutogradContext::running_, {&context, &needed})};
    tensor_list dx = F::backward(&context, {dy});
    check_gradients(name(), dx, is_tensor);
    return dx;
  }
};

}  // namespace gradus::autograd
