// caught by gradient.worked_out_by_hand
#include "exercises/15_layer_norm/layer_norm.h"

namespace mine {
namespace {

struct Normalised {
  Tensor n;     // (..., C)
  Tensor rstd;  // (..., 1), 1 / sqrt(var + eps)
};

Normalised normalise(const Tensor& x, double eps) {
  const Tensor centred = x - x.mean(-1, /*keepdim=*/true);              // (..., C)
  const Tensor rstd = rsqrt((centred * centred).mean(-1, true) + eps);  // (..., 1)
  return {centred * rstd, rstd};
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return normalise(x, eps).n * weight + bias;
}

LayerNormGradients layer_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                       double eps) {
  const AutoGradMode recording(true);
  const Tensor own_x = x.clone().requires_grad_(), own_weight = weight.clone().requires_grad_(),
               bias = zeros_like(weight).requires_grad_();
  const std::vector<Tensor> all =
      autograd::grad({layer_norm(own_x, own_weight, bias, eps)}, {own_x, own_weight, bias}, {dy});
  return {all[0], all[1], all[2]};
}

}  // namespace mine
