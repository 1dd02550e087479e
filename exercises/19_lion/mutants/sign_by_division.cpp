// caught by forward.the_sign_of_zero_is_zero
#include "exercises/19_lion/lion.h"

namespace mine {

Lion::Lion(const std::vector<Tensor>& parameters, const LionOptions& options)
    : Optimizer("lion", parameters, options.lr), options_(options) {
  for (const Tensor& p : parameters)
    momentum_.push_back(zeros_like(p));
}

void Lion::step() {
  const NoGradGuard no_grad;
  const auto [beta1, beta2] = options_.betas;
  for (size_t i = 0; i < parameters().size(); ++i) {
    const Tensor p = parameters()[i];
    const Tensor grad = p.grad();
    if (!grad.defined()) continue;
    Tensor& m = momentum_[i];
    const Tensor c = m * beta1 + grad * (1 - beta1);
    const Tensor sign = c / c.abs();
    p.mul_(1 - lr() * options_.weight_decay);
    p.sub_(sign * lr());
    m = m * beta2 + grad * (1 - beta2);
  }
}

}  // namespace mine
