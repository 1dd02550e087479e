#pragma once
#include "nn/linear.h"

namespace gradus::nn {

/// Low-rank adaptation of a linear layer (Hu et al. 2021, https://arxiv.org/abs/2106.09685). The
/// trained weight W stays as it is. What the layer learns anew is a change of rank r, the product
/// of two thin matrices:
///
///   y = x W^T + b + (alpha / r) x A^T B^T
///
///   A   (r, in), drawn as the weight of a Linear
///   B   (out, r), zero at first, so that training starts from the trained layer
///
///   nn::LoRA change(layer, /*rank=*/8, /*alpha=*/16);
///   const RemovableHandle hook = change.attach(layer);   // layer(x) is changed from now on
///   ...                                                  // train change.parameters()
///   change.merge_into(layer, hook);                      // a Linear as before, with another
///   weight
struct LoRA : Layer<LoRA> {
  const double scale;  // alpha / r
  const Tensor A;      // (r, in)
  const Tensor B;      // (out, r)

  LoRA(const Linear& layer, int64_t rank, double alpha)
      : scale(alpha / static_cast<double>(checked_size("lora", "rank", rank, 1))),
        A(register_parameter("A", uniform_init({rank, layer.weight.size(1)}, layer.weight.size(1))
                                      .to(layer.weight.dtype()))),
        B(register_parameter("B", zeros({layer.weight.size(0), rank}, layer.weight.dtype()))) {
    set_extra_repr({{"", A.size(1)}, {"", B.size(0)}, {"rank", rank}, {"alpha", alpha}});
  }

  /// The change of the layer's result.   x (..., in) -> (..., out)
  Tensor forward(const Tensor& x) const { return linear(linear(x, A), B) * scale; }
  /// The change of the layer's weight, (out, in).
  Tensor weight_change() const { return matmul(B, A) * scale; }

  /// Adds the change to what layer(x) returns. Returns the hook.
  RemovableHandle attach(const Linear& layer) const {
    return layer.register_forward_hook([change = *this](const Module&, const Tensor& x,
                                                        const Tensor& y) { return y + change(x); });
  }
  /// Adds the change to the layer's weight, and removes the hook.
  void merge_into(const Linear& layer, const RemovableHandle& hook) const {
    hook.remove();
    const NoGradGuard no_grad;
    layer.weight.add_(weight_change());
  }
};

}  // namespace gradus::nn
