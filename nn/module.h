// Module: what every layer is. Like a Tensor it is a handle: copies share parameters, children and
// the training flag.
//
//   struct Net : nn::Module {
//     const nn::Linear hidden, out;
//     Net() : hidden(register_module("hidden", nn::Linear(2, 8))), out(register_module("out",
//     nn::Linear(8, 1))) {} Tensor forward(const Tensor& x) const { return out(relu(hidden(x))); }
//     // (B, 2) -> (B, 1)
//   };
//
// Members are const, so that no parameter can be replaced behind the optimiser's back; values go in
// by copy_.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "tensor/files.h"

namespace gradus::nn {

struct ModuleState;  // in module.cpp

class Module {
  struct Maker {  // the function that makes a module, which is its constructor
    const char* name;
    Maker(const char* function) : name(function) {}  // NOLINT: implicit
  };

 public:
  Module(
      Maker maker = __builtin_FUNCTION());  // NOLINT: implicit, so that aggregates can be modules
  Module(const Module& other) : state_(other.state_) {}
  Module& operator=(const Module&) = delete;
  ~Module();

  /// The parameters of this module, then those of its children as "child.weight", in the order of
  /// registration; a tensor that is registered several times counts once, under its first name.
  /// Throws if a constructor made a layer and never registered it: if it registered another one
  /// afterwards, or if the module is itself part of a larger one.
  NamedTensors named_parameters() const;
  std::vector<Tensor> parameters() const;
  /// Switches dropout on in this module and all below it, or off.
  void train(bool on = true) const;
  void eval() const { train(false); }
  bool is_training() const;
  void zero_grad(bool set_to_none = true) const;
  /// Converts the floating-point parameters and their gradients where they are: members and
  /// optimisers see it.
  void to(DType t) const;

 protected:
  /// Makes the value a leaf that needs gradients (if asked) and returns it.
  Tensor register_parameter(const std::string& name, const Tensor& value, bool requires_grad = true,
                            const char* caller = __builtin_FUNCTION());
  template <std::derived_from<Module> M>
  M register_module(const std::string& name, M module, const char* caller = __builtin_FUNCTION()) {
    adopt(name, module, &module, sizeof(M), caller);
    return module;
  }
  /// register_module for containers, whose children come at any time: `child` is part of the object
  /// of `bytes` bytes at `start`.
  void adopt(const std::string& name, const Module& child, const void* start, size_t bytes,
             const char* caller = "") const;
  /// For containers without a forward of their own: the scopes of the children carry the
  /// container's name.
  void set_list() const;
  /// Names the nodes that are made while the result lives after this module, as it is registered.
  std::optional<Scope> scope() const;

 private:
  std::shared_ptr<ModuleState> state_;
};

}  // namespace gradus::nn
