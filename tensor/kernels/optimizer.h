#pragma once

#include <cstdint>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/optimizer.h"

namespace gradus::kernels {

// One pass over n parameters. Every operation is rounded as in the single-tensor optimisers of
// PyTorch 1.13, where a + scalar * b is one fused multiply-add. float, double.

/// g = grad + weight_decay param; buffer = momentum buffer + (1 - dampening) g; param -= lr buffer
/// (nesterov: lr (g + momentum buffer)). Without momentum, param -= lr g, and buffer may be null.
template <class T>
void sgd_step(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step) {
  parallel_for(n, grain_for(4), [&](int64_t i, int64_t end) {
    GRADUS_DISPATCH(
        sgd(param + i, buffer == nullptr ? nullptr : buffer + i, grad + i, end - i, step));
  });
}

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// param -= lr / (1 - beta1^step) m / (sqrt(v) / sqrt(1 - beta2^step) + eps).
template <class T>
void adam_step(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step) {
  parallel_for(n, grain_for(4), [&](int64_t i, int64_t end) {
    GRADUS_DISPATCH(adam(param + i, m + i, v + i, grad + i, end - i, step));
  });
}

}  // namespace gradus::kernels
