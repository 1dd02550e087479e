// caught by shape.dimensions_of_size_one
#include "exercises/08_lora/lora.h"

namespace mine {

LoRA::LoRA(const nn::Linear& layer, int64_t rank, double alpha)
    : base(layer),
      A(register_parameter("A",
                           nn::uniform_init({rank, layer.weight.size(1)}, layer.weight.size(1)))),
      B(register_parameter("B", zeros({layer.weight.size(0), rank}))),
      scale(alpha / static_cast<double>(rank)) {
  base.weight.requires_grad_(false);
  if (base.bias.defined()) base.bias.requires_grad_(false);
}

Tensor LoRA::forward(const Tensor& x) const {
  const Tensor inner = linear(x, A);                      // (..., rank)
  return (base(x) + linear(inner, B) * scale).squeeze();  // (..., out)
}

nn::Linear LoRA::merged() const {
  const NoGradGuard no_grad;
  const Tensor weight = base.weight + matmul(B, A) * scale;  // (out, in)
  return nn::Linear(weight, base.bias.defined() ? base.bias.clone() : Tensor());
}

}  // namespace mine
