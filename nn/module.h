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
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "tensor/files.h"

namespace gradus::nn {

struct ModuleState;  // in module.cpp

/// A list of named parameters and named child modules.
class Module {
 protected:
  struct Maker {  // names the function that makes a module: the constructor of the derived class
    const char* name;
    Maker(const char* function) : name(function) {}  // NOLINT: implicit
  };

 public:
  // NOLINTNEXTLINE: implicit, so that aggregates can be modules
  Module(Maker maker = __builtin_FUNCTION());
  Module(const Module& other) : state_(other.state_) {}
  Module& operator=(const Module&) = delete;
  ~Module();

  /// The parameters of this module, then those of its children as "child.weight", in the order of
  /// registration. A tensor that is registered several times is listed once, under its first name.
  /// Throws if a constructor made a layer and did not register it. This is detected if the
  /// constructor registers something afterwards, or if the module is a child of another one.
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
  Tensor register_parameter(const std::string& name, const Tensor& value, bool requires_grad = true,
                            const char* caller = __builtin_FUNCTION());
  template <std::derived_from<Module> M>
  M register_module(const std::string& name, M module, const char* caller = __builtin_FUNCTION()) {
    adopt(name, module, &module, sizeof(M), caller);
    return module;
  }
  /// register_module for containers, to which children are added at any time. `module` is inside
  /// an object of `bytes` bytes that begins at `start`.
  void adopt(const std::string& name, const Module& module, const void* start, size_t bytes,
             const char* caller = "") const;
  /// Marks a container that is never called itself: the scopes of its children begin with its name.
  void mark_as_list() const;
  /// While the result is alive, new graph nodes belong to this module's scope, the name under which
  /// it is registered. Layer's call operator does this; other functions of a module do it
  /// themselves.
  std::optional<Scope> scope() const;

 private:
  std::shared_ptr<ModuleState> state_;
};

}  // namespace gradus::nn
