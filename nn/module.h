// Module: the base of everything that has parameters. Like a Tensor it is a handle: copies share
// parameters, children and the training flag. Most modules are derived from Layer (nn/layer.h),
// which makes them callable: layer(x) runs forward(x).
//
//   struct Net : nn::Layer<Net> {
//     const nn::Linear hidden;
//     const nn::Linear out;
//     Net()
//         : hidden(register_module("hidden", nn::Linear(2, 8))),
//           out(register_module("out", nn::Linear(8, 1))) {}
//     Tensor forward(const Tensor& x) const { return out(relu(hidden(x))); }  // (B, 2) -> (B, 1)
//   };
//
// Members are const, because an optimiser would not notice that a parameter was replaced. Change
// its values in place instead, for example with copy_.
#pragma once
#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "tensor/files.h"

namespace gradus::nn {

struct ModuleState;  // in module_state.h
class AnyModule;     // in containers.h

/// A text that contains the name of the class M, for Module::name.
template <class M>
constexpr const char* class_signature() {
  return __PRETTY_FUNCTION__;
}

/// The name of the class in such a text, without namespaces and template arguments. The name of a
/// constructor is accepted, too.
std::string class_name(std::string_view signature);

/// A value as Python prints it: True, 1e-05, 'tanh', (4,).
struct PrintedValue {
  std::string text;

  // NOLINTBEGIN: implicit, so that an argument may be a value
  PrintedValue(bool value);
  PrintedValue(int64_t value);
  PrintedValue(double value);
  PrintedValue(const char* value);
  PrintedValue(const std::string& value);
  PrintedValue(const Shape& value);
  PrintedValue(const std::optional<double>& value)
      : text(value ? PrintedValue(*value).text : "None") {}
  template <std::integral I>
  PrintedValue(I value) : PrintedValue(static_cast<int64_t>(value)) {}
  // NOLINTEND
};
/// An argument of a module's constructor. One with an empty name is printed without a name.
struct PrintedArgument {
  std::string_view name;
  PrintedValue value;
};

/// Marks the end of a module's object. Compilers place a virtual base after all members of the most
/// derived class, so a module knows which addresses are inside its object, whatever its type is.
struct ObjectEnd {
  std::byte mark{};
};

class Module;
/// Modules with their names.
using NamedModules = std::vector<std::pair<std::string, Module>>;

/// What is called after a layer, with its first argument and its result; the result of the hook, if
/// it is defined, replaces that of the layer.
using ForwardHook = std::function<Tensor(const Module& layer, const Tensor& x, const Tensor& y)>;
/// What is called before a layer; its result, if it is defined, replaces the first argument.
using ForwardPreHook = std::function<Tensor(const Module& layer, const Tensor& x)>;

/// What register_forward_hook returns, to remove the hook. Copies refer to the same hook.
class RemovableHandle {
 public:
  RemovableHandle() = default;
  /// Does nothing if the hook was removed before, or its module does not exist any more.
  void remove() const;

 private:
  friend class Module;
  RemovableHandle(std::weak_ptr<ModuleState> module, int64_t id)
      : module_(std::move(module)), id_(id) {}

  std::weak_ptr<ModuleState> module_;
  int64_t id_ = 0;
};

/// What load_state_dict passed over, if it is not strict.
struct IncompatibleKeys {
  std::vector<std::string> missing_keys;     // in the module only
  std::vector<std::string> unexpected_keys;  // in the dict only
};

/// A list of named parameters, buffers and child modules.
class Module : private virtual ObjectEnd {
 protected:
  struct Maker {  // names the class of the module that is made
    const char* name;
    Maker(const char* function) : name(function) {}  // NOLINT: implicit
  };

 public:
  // NOLINTNEXTLINE: implicit, so that aggregates can be modules
  Module(Maker maker = __builtin_FUNCTION());
  Module(const Module& other) : ObjectEnd(other), state_(other.state_) {}
  /// Copies the handle. A layer that is moved into a member must be registered as one that was made
  /// there; a copy need not be.
  Module(Module&& other);  // NOLINT(performance-*): it allocates
  Module& operator=(const Module&) = delete;
  ~Module();

  /// The name of its class, without namespaces and template arguments: "Linear". A class that is
  /// derived from a layer is known by its own name once it was registered.
  std::string name() const;

  /// The parameters of this module, then those of its children as "child.weight", in the order of
  /// registration. A tensor that is registered several times is listed once, under its first name.
  /// Throws if a module of the tree has a layer as a member, made or moved there by its
  /// constructor, that was never registered: it would be neither trained nor saved. A layer that a
  /// member keeps on the heap, as std::vector and std::unique_ptr do, is not found; use ModuleList.
  NamedTensors named_parameters() const;
  /// named_parameters() without the names, for an optimiser.
  std::vector<Tensor> parameters() const;
  /// The parameter with this name, such as "blocks.0.weight". Throws if there is none.
  Tensor parameter(const std::string& name) const;
  /// The buffers, in the order and with the names of named_parameters: tensors that are part of the
  /// module, but are not trained.
  NamedTensors named_buffers() const;
  /// named_buffers() without the names.
  std::vector<Tensor> buffers() const;

  /// The modules that were registered in this one, each once.
  NamedModules named_children() const;
  /// named_children() without the names.
  std::vector<Module> children() const;
  /// This module, under the name "", and all modules below it, each once and before its children.
  NamedModules named_modules() const;
  /// named_modules() without the names.
  std::vector<Module> modules() const;
  /// Calls f with every module of the tree, children first, and returns this module:
  ///
  ///   model.apply([](const nn::Module& m) {
  ///     const NoGradGuard no_grad;
  ///     if (m.name() == "Linear") m.parameter("weight").normal_(0, 0.02);
  ///   });
  const Module& apply(const std::function<void(const Module&)>& f) const;

  /// The parameters and persistent buffers of this module, then those of its children as
  /// "child.weight". Unlike named_parameters it lists a shared tensor under each of its names. The
  /// tensors share the memory of the module's; they are its own tensors if keep_vars is set, else
  /// they are detached.
  NamedTensors state_dict(bool keep_vars = false) const;
  /// Copies the tensors of a state_dict into those of this module, in place. Throws and changes
  /// nothing if a tensor has another shape or dtype than the module's or, if strict, if the names
  /// are not the same; the error lists everything that does not fit.
  IncompatibleKeys load_state_dict(const NamedTensors& dict, bool strict = true) const;

  /// Puts this module and all its descendants in training mode (or in evaluation mode), which
  /// switches dropout on (or off).
  void train(bool on = true) const;
  /// train(false)
  void eval() const { train(false); }
  /// Whether it is in training mode, as every new module is.
  bool is_training() const;

  /// Calls hook(layer, x, y) after each call layer(x) that computes y; a defined tensor that it
  /// returns replaces y. A hook may also return nothing. Hooks run in the order of registration,
  /// and copies of the layer share them. A direct call of forward runs none. x is undefined if the
  /// first argument is no tensor. If the layer returns a tuple, y is its first tensor (the outputs
  /// of a GRU); else it is undefined if the result is no tensor. Throws if the module is not a
  /// Layer, because its calls are not seen then, except for lists, which are never called.
  template <std::invocable<const Module&, const Tensor&, const Tensor&> F>
  RemovableHandle register_forward_hook(const F& hook) const {
    if constexpr (std::is_void_v<
                      std::invoke_result_t<F&, const Module&, const Tensor&, const Tensor&>>) {
      return add_forward_hook(
          [hook = hook](const Module& layer, const Tensor& x, const Tensor& y) mutable {
            hook(layer, x, y);
            return Tensor();
          });
    } else {
      return add_forward_hook(hook);
    }
  }
  /// Calls hook(layer, x) before each call layer(x), of a layer whose first argument is a tensor; a
  /// defined tensor that it returns replaces x. Otherwise as register_forward_hook.
  template <std::invocable<const Module&, const Tensor&> F>
  RemovableHandle register_forward_pre_hook(const F& hook) const {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Module&, const Tensor&>>) {
      return add_forward_pre_hook([hook = hook](const Module& layer, const Tensor& x) mutable {
        hook(layer, x);
        return Tensor();
      });
    } else {
      return add_forward_pre_hook(hook);
    }
  }
  /// Whether calls of this module run hooks: it is a Layer.
  bool runs_hooks() const;

  /// Removes the gradients of all parameters, or sets them to 0.
  void zero_grad(bool set_to_none = true) const;
  /// Converts the floating-point parameters, their gradients and the floating-point buffers in
  /// place, so that every handle to them (the members of layers, the lists of optimisers) has the
  /// new dtype. The parameters of a new layer have get_default_dtype(). After to(kBFloat16), which
  /// only Linear and Embedding compute with, the parameters require no gradients.
  void to(DType t) const;

 protected:
  /// Registers a leaf as a parameter and returns it. With requires_grad it gets gradients. An
  /// undefined one, such as the bias of a layer without, is returned and not registered.
  Tensor register_parameter(const std::string& name, const Tensor& value,
                            bool requires_grad = true);
  /// Registers a tensor that is not trained, but converted by to() and, if it is persistent, part
  /// of the state_dict and of saved files. Returns it. Change it in place, as with copy_.
  Tensor register_buffer(const std::string& name, const Tensor& value, bool persistent = true);
  template <std::derived_from<Module> M>
  M register_module(const std::string& name, M module) {
    adopt(name, module);
    return module;
  }
  /// register_module for containers, to which children are added at any time.
  template <std::derived_from<Module> M>
  void adopt(const std::string& name, const M& module) const {
    if constexpr (!std::same_as<M, Module> && !std::same_as<M, AnyModule>)
      module.set_class(class_signature<M>());
    add_child(name, module);
  }
  /// Sets what is printed between the brackets after the name of the class, as extra_repr does in
  /// PyTorch. A layer calls it in its constructor:
  ///
  ///   set_extra_repr({{"p", p}, {"inplace", false}});   // Dropout(p=0.1, inplace=False)
  ///   set_extra_repr({{"", rows}, {"", dim}});          // Embedding(10, 3)
  void set_extra_repr(const std::vector<PrintedArgument>& arguments) const;
  /// For Layer: the class of the layer, and that its calls run hooks.
  void set_layer(const char* signature) const;
  /// Marks a container that is never called itself: the scopes of its children begin with its name.
  void mark_as_list() const;
  /// For Layer: whether a call has to run hooks; x after those that come before the call; the
  /// result, or null, after those that follow it.
  bool has_hooks() const;
  Tensor through_pre_hooks(const Tensor& x) const;
  void through_forward_hooks(const Tensor& x, Tensor* y) const;
  /// While the result is alive, new graph nodes belong to this module's scope, the name under which
  /// it is registered. Layer's call operator does this; other functions of a module do it
  /// themselves.
  std::optional<Scope> scope() const;

 private:
  friend std::string module_text(const Module& module, const char* signature);

  explicit Module(std::shared_ptr<ModuleState> state) : state_(std::move(state)) {}
  friend class WatchedModel;  // in summary.cpp

  void set_class(const char* signature) const;
  void set_training(bool on) const;  // of this module only
  RemovableHandle add_forward_hook(ForwardHook hook) const;
  RemovableHandle add_forward_pre_hook(ForwardPreHook hook) const;
  void add_child(const std::string& name, const Module& module) const;
  void note_that_it_is_a_member() const;

  std::shared_ptr<ModuleState> state_;
  bool is_original_ = false;  // made in this object, not copied or moved here
};

/// For to_string and <<: `signature` is that of the module's class.
std::string module_text(const Module& module, const char* signature);
std::ostream& write_module(std::ostream& out, const Module& module, const char* signature);

/// The module with its children, laid out as Python's PyTorch prints one:
///
///   Net(
///     (hidden): Linear(in_features=2, out_features=8, bias=True)
///     (blocks): ModuleList(
///       (0-11): 12 x Block(...)
///     )
///   )
template <std::derived_from<Module> M>
std::string to_string(const M& module) {
  return module_text(module, class_signature<M>());
}
template <std::derived_from<Module> M>
std::ostream& operator<<(std::ostream& out, const M& module) {
  return write_module(out, module, class_signature<M>());
}

}  // namespace gradus::nn

template <std::derived_from<gradus::nn::Module> M>
struct fmt::formatter<M> : gradus::ToStringFormatter {};
