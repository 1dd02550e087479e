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
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "tensor/files.h"

namespace gradus::nn {

struct ModuleState;  // in module.cpp

/// Marks the end of a module's object. Compilers place a virtual base after all members of the most
/// derived class, so a module knows which addresses are inside its object, whatever its type is.
struct ObjectEnd {
  std::byte mark{};
};

/// Replaces what a layer computed, y, from what it was given, x.
using ForwardHook = std::function<Tensor(const Tensor& x, const Tensor& y)>;

/// A list of named parameters and named child modules.
class Module : private virtual ObjectEnd {
 protected:
  struct Maker {  // names the constructor that makes a module, for errors
    std::string_view name;
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

  /// The parameters of this module, then those of its children as "child.weight", in the order of
  /// registration. A tensor that is registered several times is listed once, under its first name.
  /// Throws if a module of the tree has a layer as a member, made or moved there by its
  /// constructor, that was never registered: it would be neither trained nor saved. A layer that a
  /// member keeps on the heap, as std::vector and std::unique_ptr do, is not found; use ModuleList.
  NamedTensors named_parameters() const;
  std::vector<Tensor> parameters() const;
  /// Puts this module and all its descendants in training mode (or in evaluation mode), which
  /// switches dropout on (or off).
  void train(bool on = true) const;
  void eval() const { train(false); }
  bool is_training() const;
  void zero_grad(bool set_to_none = true) const;
  /// Converts the floating-point parameters and their gradients in place, so that every handle to
  /// them (the members of layers, the lists of optimisers) has the new dtype.
  void to(DType t) const;

 protected:
  /// Registers a leaf as a parameter and returns it. With requires_grad it gets gradients.
  Tensor register_parameter(const std::string& name, const Tensor& value,
                            bool requires_grad = true);
  template <std::derived_from<Module> M>
  M register_module(const std::string& name, M module) {
    adopt(name, module);
    return module;
  }
  /// register_module for containers, to which children are added at any time.
  void adopt(const std::string& name, const Module& module) const;
  /// Marks a container that is never called itself: the scopes of its children begin with its name.
  void mark_as_list() const;
  /// For Layer, which says what hooks do.
  int64_t add_forward_hook(ForwardHook hook) const;
  void erase_forward_hook(int64_t id) const;
  bool has_forward_hooks() const;
  Tensor through_forward_hooks(const Tensor& x, const Tensor& y) const;
  /// While the result is alive, new graph nodes belong to this module's scope, the name under which
  /// it is registered. Layer's call operator does this; other functions of a module do it
  /// themselves.
  std::optional<Scope> scope() const;

 private:
  void note_that_it_is_a_member() const;

  std::shared_ptr<ModuleState> state_;
  bool is_original_ = false;  // made in this object, not copied or moved here
};

}  // namespace gradus::nn
