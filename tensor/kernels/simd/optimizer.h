#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov;
  bool first;  // buffer holds nothing yet: it becomes the gradient itself
};

struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay;
  int64_t step;    // 1 at the first call
  bool decoupled;  // AdamW: param *= 1 - lr weight_decay; else Adam: grad + weight_decay param
};

/// The steps of optimizer.h, by one thread.
GRADUS_DECLARE_PER_ISA(template <class T>
                       void sgd(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step);
                       template <class T> void adam(T* param, T* m, T* v, const T* grad, int64_t n,
                                                    const AdamStep& step);)

}  // namespace gradus::kernels
