#include "exercises/08_lora/lora.h"

namespace mine {

LoRA::LoRA(const nn::Linear& layer, int64_t rank, double alpha)
    : base(layer),
      A(),  // register_parameter("A", ...), (rank, in)
      B(),  // register_parameter("B", ...), (out, rank)
      scale(0) {
  todo("lora: A, B and scale, and a frozen base");
}

Tensor LoRA::forward(const Tensor& x) const {
  // x (..., in) -> (..., out)
  todo("lora: forward");
}

nn::Linear LoRA::merged() const {
  // weight (out, in) and bias (out) of one Linear
  todo("lora: merged");
}

}  // namespace mine
