#pragma once

#include <cstdint>

namespace gradus::kernels {

// One pass over n parameters. Every operation is rounded as in the single-tensor optimisers of PyTorch 1.13, where
// a + scalar * b is one fused multiply-add. float, double.

struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov;
  bool first;  // buffer holds nothing yet: it becomes the gradient itself
};

/// g = grad + weight_decay param; buffer = momentum buffer + (1 - dampening) g; param -= lr buffer (nesterov:
/// lr (g + momentum buffer)). Without momentum, param -= lr g, and buffer may be null.
template <class T> void sgd_step(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step);

struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay;
  int64_t step;    // 1 at the first call
  bool decoupled;  // AdamW: param *= 1 - lr weight_decay; else Adam: grad + weight_decay param
};

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// param -= lr / (1 - beta1^step) m / (sqrt(v) / sqrt(1 - beta2^step) + eps).
template <class T> void adam_step(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step);

/// Sum of x^2, added in double; the order depends on n only. float, double.
template <class T> double sum_of_squares(const T* x, int64_t n);

}  // namespace gradus::kernels
