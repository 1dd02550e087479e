// caught by invariants.without_a_gradient_nothing_moves
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
    p.mul_(1 - lr() * options_.weight_decay);
    if (!grad.defined()) continue;
    Tensor& m = momentum_[i];
    const Tensor c = m * beta1 + grad * (1 - beta1);
    const Tensor sign = (c > 0).to(p.dtype()) - (c < 0).to(p.dtype());
    p.sub_(sign * lr());
    m = m * beta2 + grad * (1 - beta2);
  }
}

}  // namespace mine
