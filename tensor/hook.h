// The functions that backward calls, see Tensor::register_hook.
#pragma once
#include <functional>
#include <type_traits>
#include <utility>

namespace gradus {

class Tensor;

/// Any function of a gradient. It returns the gradient that replaces the given one; or, to keep it,
/// nothing or an undefined tensor.
class TensorHook {
 public:
  template <class F>
  requires std::is_invocable_v<F&, const Tensor&> TensorHook(
      F f) {  // NOLINT: implicit, a lambda is a hook
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Tensor&>>)
      set_void(std::move(f));
    else
      function_ = std::move(f);
  }
  explicit operator bool() const { return static_cast<bool>(function_); }
  Tensor operator()(const Tensor& gradient) const;

 private:
  void set_void(std::function<void(const Tensor&)> f);
  std::function<Tensor(const Tensor&)> function_;
};

/// Is given a leaf whose grad is up to date.
using PostAccumulateGradHook = std::function<void(const Tensor& leaf)>;

}  // namespace gradus
