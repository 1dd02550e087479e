// Layer<Self>: the base of a Module that is called, layer(x). nn/module.h has an example.
#pragma once
#include <tuple>
#include <type_traits>
#include <utility>

#include "nn/module.h"

namespace gradus::nn {

/// A size that was given to a layer's constructor. Throws if it is negative; the message begins
/// with the layer. Without it, the error would name the op that makes the layer's weights.
inline int64_t checked_size(const char* layer, const char* name, int64_t size, int64_t least = 0) {
  check(size >= least, "{}: {} is {}, expected {} or more", layer, name, size, least);
  return size;
}
/// The sizes of a layer's weight. Throws if a tensor cannot have them.
inline const Shape& checked_sizes(const char* layer, const Shape& sizes) {
  numel(layer, sizes);
  return sizes;
}

/// Parameter i of a function with parameters P...; no type if it has fewer.
template <size_t i, class... P>
struct ParameterAt {};
template <class First, class... Rest>
struct ParameterAt<0, First, Rest...> {
  using type = First;
};
template <size_t i, class First, class... Rest>
struct ParameterAt<i, First, Rest...> : ParameterAt<i - 1, Rest...> {};

/// The types in the declaration of the member function `forward`.
template <class Forward>
struct Signature;
template <class Self, class R, class... P>
struct Signature<R (Self::*)(P...) const> {
  using Result = R;
  template <size_t i>
  using Parameter = typename ParameterAt<i, P...>::type;
};

/// The tensor in a layer's result that hooks see: the result itself, or the first one of a tuple;
/// else null.
template <class R>
Tensor* first_tensor(R& result) {
  if constexpr (std::same_as<R, Tensor>)
    return &result;
  else if constexpr (requires {
                       { std::get<0>(result) } -> std::same_as<Tensor&>;
                     })
    return &std::get<0>(result);
  else
    return nullptr;
}

/// Gives a module with one const function `forward` its call operator: layer(x, ...) opens the
/// scope of the layer and returns forward(x, ...). A direct call of forward computes the same, but
/// opens no scope and runs no hooks.
///
/// There is an overload for each number of arguments up to four, because the last ones may have
/// defaults. The parameters have the types of forward's parameters, so that layer(x, {}) compiles.
/// Self is still incomplete here, so each overload is a template: it looks up the types of forward
/// in S = Self when the layer is called.
template <class Self, std::derived_from<Module> Base = Module>
class Layer : public Base {
  template <class S>
  using Result = typename Signature<decltype(&S::forward)>::Result;
  template <class S, size_t i>
  using Parameter = typename Signature<decltype(&S::forward)>::template Parameter<i>;

 public:
  Layer() requires std::same_as<Base, Module> : Base(class_signature<Self>()) {
    this->set_layer(class_signature<Self>());
  }
  /// The arguments of a Base that is not Module.
  template <class... Arguments>
  requires(!std::same_as<Base, Module>) explicit Layer(Arguments&&... arguments)
      : Base(std::forward<Arguments>(arguments)...) {
    this->set_layer(class_signature<Self>());
  }

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
  template <class First, class... P>
  auto call(std::remove_reference_t<First>& x, std::remove_reference_t<P>&... others) const {
    const auto in_scope = this->scope();
    const Self& self = static_cast<const Self&>(*this);
    if constexpr (runs_hooks_with<First, Result<Self>>) {
      if (this->has_hooks()) {
        // Copies, because hooks may replace x, and forward may move from it.
        std::remove_cvref_t<First> given = x;
        Tensor input;
        if constexpr (std::same_as<std::remove_cvref_t<First>, Tensor>) {
          given = this->through_pre_hooks(x);
          input = given;
        }
        Result<Self> y = self.forward(std::forward<First>(given), std::forward<P>(others)...);
        this->through_forward_hooks(input, first_tensor(y));
        return y;
      }
    }
    return self.forward(std::forward<First>(x), std::forward<P>(others)...);
  }
  /// Hooks see a result that is a value, and no argument that forward may change for its caller.
  template <class First, class R>
  static constexpr bool runs_hooks_with =
      std::is_object_v<R> && !std::is_const_v<R> &&
      std::copy_constructible<std::remove_cvref_t<First>> &&
      (!std::is_reference_v<First> || std::is_const_v<std::remove_reference_t<First>>);
};

}  // namespace gradus::nn
