// Module: the base of everything that has parameters. Like a Tensor it is a handle: copies share
// parameters, children and the training flag. Layer<Self>: a Module that is called, layer(x).
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
// Members are const, so that no parameter can be replaced without the optimiser noticing; values
// are changed by copy_.
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
  struct Maker {  // the function that makes a module: the constructor of the derived class
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
  /// Registers a leaf as a parameter and returns it; with requires_grad it collects gradients.
  Tensor register_parameter(const std::string& name, const Tensor& value, bool requires_grad = true,
                            const char* caller = __builtin_FUNCTION());
  template <std::derived_from<Module> M>
  M register_module(const std::string& name, M module, const char* caller = __builtin_FUNCTION()) {
    adopt(name, module, &module, sizeof(M), caller);
    return module;
  }
  /// register_module for containers, whose children are added at any time. `module` is a part of
  /// the object of `bytes` bytes at `start`.
  void adopt(const std::string& name, const Module& module, const void* start, size_t bytes,
             const char* caller = "") const;
  /// Marks a container that is never called itself: the scopes of its children begin with its name.
  void set_list() const;
  /// While the result is alive, new graph nodes belong to this module's scope, the name under which
  /// it is registered. Layer's call operator does this; other functions of a module do it
  /// themselves.
  std::optional<Scope> scope() const;

 private:
  std::shared_ptr<ModuleState> state_;
};

/// Parameter i of a function with parameters P...; no type if it has fewer.
template <size_t i, class... P>
struct ParameterAt {};
template <class First, class... Rest>
struct ParameterAt<0, First, Rest...> {
  using type = First;
};
template <size_t i, class First, class... Rest>
struct ParameterAt<i, First, Rest...> : ParameterAt<i - 1, Rest...> {};

/// The types in the declaration of a member function `forward`.
template <class Forward>
struct Signature;
template <class Self, class R, class... P>
struct Signature<R (Self::*)(P...) const> {
  using Result = R;
  template <size_t i>
  using Parameter = typename ParameterAt<i, P...>::type;
};

/// Gives a module with one const function forward its call operator: layer(x, ...) opens the scope
/// of the layer and returns forward(x, ...). forward called directly computes the same, but opens
/// no scope. The parameters have the types of forward's, so that layer(x, {}) compiles; there is an
/// overload for each number of arguments up to four, because the later ones may have defaults. Self
/// is still incomplete here, hence S: the types are looked up when the layer is called.
template <class Self, std::derived_from<Module> Base = Module>
class Layer : public Base {
  template <class S>
  using Result = typename Signature<decltype(&S::forward)>::Result;
  template <class S, size_t i>
  using Parameter = typename Signature<decltype(&S::forward)>::template Parameter<i>;

 public:
  using Base::Base;
  // NOLINTNEXTLINE: implicit, so that aggregates can be layers
  Layer(typename Base::Maker maker = __builtin_FUNCTION()) : Base(maker) {}

  template <class S = Self>
  Result<S> operator()(Parameter<S, 0> a) const {
    return call<Parameter<S, 0>>(a);
  }
  template <class S = Self>
  Result<S> operator()(Parameter<S, 0> a, Parameter<S, 1> b) const {
    return call<Parameter<S, 0>, Parameter<S, 1>>(a, b);
  }
  template <class S = Self>
  Result<S> operator()(Parameter<S, 0> a, Parameter<S, 1> b, Parameter<S, 2> c) const {
    return call<Parameter<S, 0>, Parameter<S, 1>, Parameter<S, 2>>(a, b, c);
  }
  template <class S = Self>
  Result<S> operator()(Parameter<S, 0> a, Parameter<S, 1> b, Parameter<S, 2> c,
                       Parameter<S, 3> d) const {
    return call<Parameter<S, 0>, Parameter<S, 1>, Parameter<S, 2>, Parameter<S, 3>>(a, b, c, d);
  }

 private:
  template <class... P>
  auto call(std::remove_reference_t<P>&... arguments) const {
    const auto in_scope = this->scope();
    return static_cast<const Self&>(*this).forward(std::forward<P>(arguments)...);
  }
};

}  // namespace gradus::nn
