// Modules made of modules that are not known by name.
#pragma once
#include <functional>

#include "nn/module.h"

namespace gradus::nn {

/// Modules of one type, registered as 0, 1, ...; what to do with them is up to the module that has
/// the list.
template <std::derived_from<Module> M>
class ModuleList : public Module {
 public:
  ModuleList() { set_list(); }
  /// As many as given, each made by make().
  ModuleList(int64_t count, const std::function<M()>& make) : ModuleList() {
    while (count-- > 0)
      push_back(make());
  }
  void push_back(const M& module) {
    adopt(std::to_string(size()), module, &module, sizeof(M));
    modules_->push_back(module);
  }
  const M& operator[](size_t i) const {
    check(i < size(), "module_list: index {} of a list of {}", i, size());
    return (*modules_)[i];
  }
  size_t size() const { return modules_->size(); }
  auto begin() const { return modules_->cbegin(); }
  auto end() const { return modules_->cend(); }

 private:
  std::shared_ptr<std::vector<M>> modules_ =
      std::make_shared<std::vector<M>>();  // copies are the same list
};

/// Modules and functions, each applied to what the one before gave. Modules are registered as 0, 1,
/// ... by their places. Write it with braces, Sequential{Linear(2, 3), GELU()}: C++ makes the
/// arguments of round brackets in any order, and so draws their random numbers in any order.
class Sequential : public Module {
 public:
  template <class... Layers>
  requires(sizeof...(Layers) != 1 || !(std::same_as<Layers, Sequential> &&
                                       ...)) explicit Sequential(const Layers&... layers) {
    (push_back(layers), ...);
  }
  template <class Layer>
  requires std::is_invocable_r_v<Tensor, const Layer&, const Tensor&>
  void push_back(const Layer& layer) {
    if constexpr (std::derived_from<Layer, Module>)
      adopt(std::to_string(size()), layer, &layer, sizeof(Layer));
    layers_->emplace_back([layer](const Tensor& x) -> Tensor { return layer(x); });
  }
  size_t size() const { return layers_->size(); }

  Tensor forward(Tensor x) const {
    const auto in_scope = scope();
    for (const auto& layer : *layers_)
      x = layer(x);
    return x;
  }
  Tensor operator()(const Tensor& x) const { return forward(x); }

 private:
  using Function = std::function<Tensor(const Tensor&)>;
  std::shared_ptr<std::vector<Function>> layers_ =
      std::make_shared<std::vector<Function>>();  // copies are the same
};

}  // namespace gradus::nn
