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
  const auto [n, rstd] = normalise(x, eps);
  const Tensor dn = dy * weight;                                                    // (..., C)
  const Tensor dx = rstd * (dn - dn.mean(-1, true) - n * (dn * n).mean(-1, true));  // (..., C)
  return {dx, sum_to(dy * n, weight.sizes()), sum_to(dy, weight.sizes())};
}

}  // namespace mine
