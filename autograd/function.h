// A user's own op: forward and backward in plain code, in PyTorch's form, with one output.
//
//   struct Square : autograd::Function<Square> {
//     static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
//       ctx->save_for_backward({x});
//       return x * x;
//     }
//     static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list
//     dy) {
//       const Tensor x = ctx->get_saved_variables()[0];
//       return {dy[0] * x * 2};
//     }
//   };
//   Tensor y = Square::apply(x);
#pragma once
#include <typeinfo>
#include <unordered_map>
#include <variant>

#include "autograd/engine.h"

namespace gradus::autograd {

/// What saved_data holds: a number, a bool, a tensor, or a list of whole numbers.
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
  int64_t toInt() const { return get<int64_t>("a whole number"); }
  double toDouble() const { return get<double>("a fractional number"); }
  Tensor toTensor() const { return get<Tensor>("a tensor"); }
  std::vector<int64_t> toIntVector() const {
    return get<std::vector<int64_t>>("a list of whole numbers");
  }

 private:
  template <class T>
  T get(const char* what) const {
    const T* value = std::get_if<T>(&value_);
    check(value != nullptr, "saved_data: the value is not {}", what);
    return *value;
  }
  std::variant<std::monostate, bool, int64_t, double, Tensor, std::vector<int64_t>> value_;
};

/// Carries what forward keeps for backward.
class AutogradContext {
 public:
  /// Keeps inputs, the output or tensors in between. Changing one in place afterwards is an error
  /// in backward.
  void save_for_backward(const tensor_list& tensors) { given_ = tensors; }
  tensor_list get_saved_variables() const;
  /// Whether argument i of forward is a tensor that needs its gradient.
  bool needs_input_grad(size_t i) const { return i < needs_grad_.size() && needs_grad_[i]; }
  std::unordered_map<std::string, SavedValue> saved_data;

 private:
  template <class F>
  friend class Function;
  void finish(const Tensor& y, Node* node);

  tensor_list given_;  // until forward has returned
  std::vector<Saved> saved_;
  std::vector<bool> is_output_, needs_grad_;
  Node* node_ = nullptr;  // of the output; it owns this context
};

/// The name of a type as the program spells it.
std::string type_name(const std::type_info& type);

template <class F>
class Function {
 public:
  /// Runs F::forward(ctx, args...) without recording, and records F::backward as its gradient: it
  /// returns one gradient for each argument, an undefined Tensor for an argument that is none.
  template <class... Args>
  static Tensor apply(const Args&... args) {
    static const std::string name = type_name(typeid(F));
    const auto context = std::make_shared<AutogradContext>();
    const auto as_input = []<class Arg>(const Arg& arg) {
      if constexpr (std::is_same_v<Arg, Tensor>)
        return arg;
      else
        return Tensor();  // needs no gradient
    };
    const std::vector<Tensor> inputs{as_input(args)...};
    for (const Tensor& x : inputs)
      context->needs_grad_.push_back(needs_grad(x));
    Tensor y;
    {
      const NoGradGuard no_grad;
      y = F::forward(context.get(), args...);
    }
    check(y.defined(), "{}: forward returned an undefined tensor", name);
    for (const Tensor& x : inputs)
      if (x.is_same(y)) y = y.detach();
    const auto rule = [context](const Tensor& dy, const std::vector<bool>&) {
      const tensor_list dx = F::backward(context.get(), {dy});
      check(dx.size() == sizeof...(Args),
            "{}: backward returned {} gradients, forward takes {} arguments", name, dx.size(),
            sizeof...(Args));
      return dx;
    };
    const Tensor before = y;
    y = record(name.c_str(), y.node() ? y.detach() : y, inputs, rule);
    context->finish(before, y.node().get());
    return y;
  }
};

}  // namespace gradus::autograd
