// Modules whose children have numbers instead of names.
#pragma once
#include <functional>

#include "nn/layer.h"

namespace gradus::nn {

/// Modules of one type, registered as 0, 1, ... The module that owns the list calls them.
template <std::derived_from<Module> M>
class ModuleList : public Module {
 public:
  ModuleList() { mark_as_list(); }
  /// `count` modules, each made by make().
  ModuleList(int64_t count, const std::function<M()>& make) : ModuleList() {
    for (int64_t i = 0; i < count; ++i)
      push_back(make());
  }
  void push_back(const M& module) {
    adopt(std::to_string(size()), module);
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
  // Copies of the handle share one list.
  std::shared_ptr<std::vector<M>> modules_ = std::make_shared<std::vector<M>>();
};

/// Modules and functions, each applied to the result of the previous one. The modules are
/// registered under their positions 0, 1, ... Write it with braces, Sequential{Linear(2, 3),
/// GELU()}: C++ evaluates arguments in round brackets in an unspecified order, so the layers would
/// draw their random weights in an unspecified order.
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
  requires std::is_invocable_r_v<Tensor, const F&, const Tensor&>
  void push_back(const F& function) {
    if constexpr (std::derived_from<F, Module>) adopt(std::to_string(size()), function);
    functions_->emplace_back([function](const Tensor& x) -> Tensor { return function(x); });
  }
  size_t size() const { return functions_->size(); }

  Tensor forward(Tensor x) const {
    check(size() > 0, "sequential: it has no layers, so it cannot be called");
    for (const auto& function : *functions_)
      x = function(x);
    return x;
  }

 private:
  using Function = std::function<Tensor(const Tensor&)>;
  // Copies of the handle share one list.
  std::shared_ptr<std::vector<Function>> functions_ = std::make_shared<std::vector<Function>>();
};

}  // namespace gradus::nn
