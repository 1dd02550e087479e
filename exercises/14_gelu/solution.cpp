#include "exercises/14_gelu/gelu.h"

namespace mine {

namespace {

const double kScale = std::sqrt(2 / std::numbers::pi), kCubic = 0.044715;

Tensor tanh_of_inner(const Tensor& x) { return tanh((x + x * x * x * kCubic) * kScale); }

}  // namespace

Tensor Gelu::forward(autograd::AutogradContext* ctx, const Tensor& x) {
  ctx->save_for_backward({x});
  return x * 0.5 * (1 + tanh_of_inner(x));
}

autograd::tensor_list Gelu::backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
  const Tensor x = ctx->get_saved_variables()[0];
  const Tensor t = tanh_of_inner(x);
  const Tensor inner = (1 + x * x * (3 * kCubic)) * kScale;  // d(inner)/dx
  const Tensor dx =
      0.5 * (1 + t) + x * 0.5 * (1 - t * t) * inner;  // the product rule; tanh' = 1 - tanh^2
  return {dy[0] * dx};
}

}  // namespace mine
