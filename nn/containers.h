// Modules whose children have numbers instead of names.
#pragma once
#include <functional>
#include <initializer_list>
#include <typeinfo>

#include "nn/layer.h"

namespace gradus::nn {

/// Whether f(x) gives a tensor for a tensor x.
template <class F>
concept TensorFunction = std::is_invocable_r_v<Tensor, const F&, const Tensor&>;
/// Whether f.forward(x) does.
template <class F>
concept HasForward = requires(const F& f, const Tensor& x) {
  { f.forward(x) } -> std::convertible_to<Tensor>;
};

/// A module of any type, or a function, from a tensor to a tensor: a handle to the same parameters.
/// A function is the module "Functional". A module that cannot be called itself is called by its
/// function forward.
class AnyModule : public Module {
 public:
  template <class F>
  requires(!std::derived_from<F, AnyModule> && (TensorFunction<F> || HasForward<F>))
      AnyModule(const F& module)  // NOLINT: implicit
      : Module(handle_to(module)),
        object_(std::make_shared<std::decay_t<F>>(module)),
        type_(&typeid(F)),
        call_([](const void* object, const Tensor& x) -> Tensor {
          const auto& f = *static_cast<const std::decay_t<F>*>(object);
          if constexpr (TensorFunction<F>)
            return f(x);
          else
            return f.forward(x);
        }),
        is_function_(!std::derived_from<F, Module>) {
    if constexpr (!std::derived_from<F, Module>) set_layer("Functional");
  }

  /// Calls the module with x.
  Tensor operator()(const Tensor& x) const {
    if (!is_function_ || !has_hooks()) return forward(x);
    const Tensor input = through_pre_hooks(x);
    Tensor y = forward(input);
    through_forward_hooks(input, &y);
    return y;
  }
  /// The same without the hooks of a function.
  Tensor forward(const Tensor& x) const { return call_(object_.get(), x); }
  /// The module with its own type, as any.get<Linear>().weight. Throws if it is of another type.
  template <class M>
  const M& get() const {
    check(typeid(M) == *type_, "any_module: it is a {}, not a {}", name(),
          class_name(class_signature<M>()));
    return *static_cast<const M*>(object_.get());
  }

 private:
  template <class F>
  static Module handle_to(const F& module) {
    if constexpr (std::derived_from<F, Module>)
      return module;
    else
      return {};
  }

  std::shared_ptr<const void> object_;
  const std::type_info* type_;
  Tensor (*call_)(const void* object, const Tensor& x);
  bool is_function_;  // its hooks run here; a Layer runs its own
};

/// Modules of one type, registered as 0, 1, ... The module that owns the list calls them. A list of
/// several types is a ModuleList<AnyModule>.
template <std::derived_from<Module> M>
class ModuleList : public Module {
 public:
  ModuleList() { mark_as_list(); }
  /// ModuleList{Linear(2, 3), Linear(3, 4)}
  ModuleList(std::initializer_list<M> modules) : ModuleList() { extend(modules); }
  explicit ModuleList(const std::vector<M>& modules) : ModuleList() { extend(modules); }
  /// `count` modules, each made by make().
  ModuleList(int64_t count, const std::function<M()>& make) : ModuleList() {
    for (int64_t i = 0; i < count; ++i)
      push_back(make());
  }
  void push_back(const M& module) {
    adopt(std::to_string(size()), module);
    modules_->push_back(module);
  }
  void extend(const std::vector<M>& modules) {
    for (const M& module : modules)
      push_back(module);
  }
  const M& operator[](size_t i) const {
    check(i < size(), "module_list: index {} of a list of {}", i, size());
    return (*modules_)[i];
  }
  size_t size() const { return modules_->size(); }
  bool is_empty() const { return modules_->empty(); }
  auto begin() const { return modules_->cbegin(); }
  auto end() const { return modules_->cend(); }

 private:
  // Copies of the handle share one list.
  std::shared_ptr<std::vector<M>> modules_ = std::make_shared<std::vector<M>>();
};

/// Modules and functions, each applied to the result of the previous one: anything that an
/// AnyModule takes. They are registered under their positions 0, 1, ... Write it with braces,
/// Sequential{Linear(2, 3), GELU()}: C++ evaluates arguments in round brackets in an unspecified
/// order, so the layers would draw their random weights in an unspecified order.
class Sequential : public Layer<Sequential> {
  /// Whether the copy constructor takes these arguments.
  template <class... Functions>
  static constexpr bool is_copied = sizeof...(Functions) == 1 &&
                                    (std::same_as<Functions, Sequential> && ...);

 public:
  template <class... Functions>
  requires(!is_copied<Functions...>) explicit Sequential(const Functions&... functions) {
    (push_back(functions), ...);
  }
  template <class F>
  requires std::convertible_to<const F&, AnyModule>
  void push_back(const F& function) { push_back(std::to_string(size()), function); }
  /// Registers it under a name instead of its position.
  template <class F>
  requires std::convertible_to<const F&, AnyModule>
  void push_back(const std::string& name, const F& function) {
    const AnyModule module = function;
    if constexpr (std::derived_from<F, Module>)
      adopt(name, function);
    else
      adopt(name, module);
    modules_->push_back(module);
  }
  /// Module i, as model[0](x) and model[0].parameters().
  const AnyModule& operator[](size_t i) const {
    check(i < size(), "sequential: index {} of {} modules", i, size());
    return (*modules_)[i];
  }
  /// Module i with its own type: model.at<Linear>(0).weight
  template <class M>
  const M& at(size_t i) const {
    return (*this)[i].get<M>();
  }
  size_t size() const { return modules_->size(); }
  bool is_empty() const { return modules_->empty(); }
  auto begin() const { return modules_->cbegin(); }
  auto end() const { return modules_->cend(); }

  Tensor forward(Tensor x) const {
    check(size() > 0, "sequential: it has no layers, so it cannot be called");
    for (const AnyModule& module : *modules_)
      x = module(x);
    return x;
  }

 private:
  // Copies of the handle share one list.
  std::shared_ptr<std::vector<AnyModule>> modules_ = std::make_shared<std::vector<AnyModule>>();
};

}  // namespace gradus::nn
