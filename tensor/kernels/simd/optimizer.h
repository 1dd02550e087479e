// One step of an optimiser on contiguous parameters, compiled per instruction set.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

struct SgdStep {
  double lr;
  double momentum;
  double dampening;
  double weight_decay;
  bool nesterov;
  bool first;  // the first step: the buffer has no value yet and becomes the gradient itself
};

struct AdamStep {
  double lr;
  double beta1;
  double beta2;
  double eps;
  double weight_decay;
  int64_t step;    // 1 at the first call
  bool decoupled;  // AdamW's weight decay, else Adam's
};

struct RmspropStep {
  double lr;
  double alpha;
  double eps;
  double weight_decay;
  double momentum;
};

/// The steps of optimizer.h in one thread. The arrays do not overlap.
GRADUS_DECLARE_PER_ISA(
    template <class T> void sgd(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step);
    template <class T>
    void adam(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step);
    template <class T>
    void amsgrad(T* param, T* m, T* v, T* max_v, const T* grad, int64_t n, const AdamStep& step);
    template <class T> void rmsprop(T* param, T* v, T* buffer, T* mean, const T* grad, int64_t n,
                                    const RmspropStep& step);)

}  // namespace gradus::kernels
