// The rule that computes the gradient of one input of an op.
#pragma once
#include <concepts>
#include <memory>
#include <type_traits>

#include "autograd/grad_mode.h"
#include "tensor/tensor.h"

namespace gradus {

/// A function of (dy) or of (dy, y) that returns dx.
template <class F>
concept GradientFunction = std::is_invocable_r_v<Tensor, F, const Tensor&> ||
    std::is_invocable_r_v<Tensor, F, const Tensor&, const Tensor&>;

/// Turns dy, the gradient of an op's output y, into dx, the gradient of one input.
///
/// It is written as a lambda (dy) or (dy, y) that returns dx. A second lambda (dx, dy, y) may add
/// the gradient to an existing dx in place, for ops whose gradient changes only a part of dx or
/// whose kernel can add as it computes. It must not call backward: dx may be the grad of a leaf,
/// which is locked.
class Rule {
 public:
  Rule() = default;
  template <GradientFunction F>
  Rule(F gradient) : Rule(std::move(gradient), nullptr) {}  // NOLINT: implicit, a lambda is a rule
  /// Keeps nothing under NoGradGuard, where nothing is recorded.
  template <class F, class A>
  Rule(F gradient, A add_to) {
    if (is_grad_enabled())
      closure_.reset(new ClosureOf<F, A>(std::move(gradient), std::move(add_to)));
  }

  explicit operator bool() const { return closure_ != nullptr; }
  Tensor gradient(const Tensor& dy, const Tensor& y) const { return closure_->gradient(dy, y); }
  /// Whether there is a second lambda.
  bool can_add() const { return closure_->can_add; }
  void add_to(const Tensor& dx, const Tensor& dy, const Tensor& y) const {
    closure_->add_to(dx, dy, y);
  }
  bool reads_output() const { return closure_->reads_output; }
  /// Whether it keeps tensors alive. A lambda that captured only numbers and shapes does not.
  bool saves() const { return closure_->saves; }
  void clear() { closure_.reset(); }

 private:
  // std::function would allocate from the general heap and could not tell whether it holds tensors.
  struct Closure : memory::Pooled {
    Closure(bool adds, bool takes_y, bool keeps_tensors)
        : can_add(adds), reads_output(takes_y), saves(keeps_tensors) {}
    virtual ~Closure() = default;
    virtual Tensor gradient(const Tensor& dy, const Tensor& y) const = 0;
    virtual void add_to(const Tensor& dx, const Tensor& dy, const Tensor& y) const = 0;
    const bool can_add;
    const bool reads_output;
    const bool saves;
  };

  template <class F, class A>
  struct ClosureOf final : Closure {
    static constexpr bool adds = !std::is_null_pointer_v<A>;
    static constexpr bool takes_y = std::is_invocable_v<F, const Tensor&, const Tensor&>;
    static constexpr bool keeps_tensors =
        !std::is_trivially_destructible_v<F> || !std::is_trivially_destructible_v<A>;

    ClosureOf(F gradient_function, A add_function)
        : Closure(adds, takes_y, keeps_tensors),
          gradient_of(std::move(gradient_function)),
          add_gradient_to(std::move(add_function)) {}
    Tensor gradient(const Tensor& dy, [[maybe_unused]] const Tensor& y) const override {
      if constexpr (takes_y)
        return gradient_of(dy, y);
      else
        return gradient_of(dy);
    }
    void add_to([[maybe_unused]] const Tensor& dx, [[maybe_unused]] const Tensor& dy,
                [[maybe_unused]] const Tensor& y) const override {
      if constexpr (adds) add_gradient_to(dx, dy, y);
    }
    [[no_unique_address]] F gradient_of;
    [[no_unique_address]] A add_gradient_to;
  };

  std::unique_ptr<const Closure> closure_;
};

}  // namespace gradus
