// Layer<Self>: the base of a Module that is called, layer(x). nn/module.h has an example.
#pragma once
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

/// Gives a module with one const function `forward` its call operator: layer(x, ...) opens the
/// scope of the layer and returns forward(x, ...). A direct call of forward computes the same, but
/// opens no scope.
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
  using Base::Base;
  // NOLINTNEXTLINE: implicit, so that aggregates can be layers
  Layer(Module::Maker maker = __builtin_FUNCTION()) requires std::same_as<Base, Module>
      : Base(maker) {}
  Layer() requires(!std::same_as<Base, Module>) = default;

  /// For a layer from a tensor to a tensor: after each call layer(x), hook(x, y) replaces its
  /// result y. Several hooks run in the order of their registration. A direct call of forward runs
  /// none. Returns the id for remove_forward_hook. Copies of the layer share its hooks.
  template <class S = Self>
  int64_t register_forward_hook(ForwardHook hook) const {
    static_assert(takes_hooks<S, Parameter<S, 0>>, "hooks are for layers from Tensor to Tensor");
    return this->add_forward_hook(std::move(hook));
  }
  void remove_forward_hook(int64_t id) const { this->erase_forward_hook(id); }

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
  /// Whether forward, whose first parameter is First, is from a tensor to a tensor.
  template <class S, class First>
  static constexpr bool takes_hooks =
      std::same_as<Result<S>, Tensor>&& std::same_as<std::remove_cvref_t<First>, Tensor>;

  template <class First, class... P>
  auto call(std::remove_reference_t<First>& x, std::remove_reference_t<P>&... others) const {
    const auto in_scope = this->scope();
    const Self& self = static_cast<const Self&>(*this);
    if constexpr (takes_hooks<Self, First>) {
      if (this->has_forward_hooks()) {
        // A copy, because forward may move from x.
        const Tensor input = x;  // NOLINT(performance-unnecessary-copy-initialization)
        return this->through_forward_hooks(
            input, self.forward(std::forward<First>(x), std::forward<P>(others)...));
      }
    }
    return self.forward(std::forward<First>(x), std::forward<P>(others)...);
  }
};

}  // namespace gradus::nn
