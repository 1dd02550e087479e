// One step of SGD, Adam, AdamW or RMSprop over n parameters, in one pass.
//
// SGD with momentum (Sutskever et al., "On the importance of initialization and momentum in deep
// learning", 2013, in PyTorch's form):
//
//   g = grad + weight_decay param
//   buffer = g at the first step, then momentum buffer + (1 - dampening) g
//   d = g + momentum buffer with Nesterov's momentum, else buffer; g without momentum
//   param = param - lr d
//
// Adam (Kingma and Ba, 2015, algorithm 1) and AdamW (Loshchilov and Hutter, "Decoupled weight decay
// regularization", 2019, algorithm 2):
//
//   AdamW: param = param (1 - lr weight_decay)        Adam: g = grad + weight_decay param
//   m = beta1 m + (1 - beta1) g                       the running mean of g
//   v = beta2 v + (1 - beta2) g^2                     the running mean of g^2
//   param = param - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//
// t is the number of the step, from 1: dividing by 1 - beta^t corrects the bias of the running
// means, which start at 0. AMSGrad (Reddi et al., "On the convergence of Adam and beyond", 2018)
// divides by the root of the largest v so far, max_v = max(max_v, v), instead of that of v.
//
// RMSprop (Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012):
//
//   g = grad + weight_decay param
//   v = alpha v + (1 - alpha) g^2                     the running mean of g^2
//   mean = alpha mean + (1 - alpha) g                 if it is centered: then v - mean^2 replaces v
//   d = g / (sqrt(v) + eps)
//   buffer = momentum buffer + d                      with momentum; it replaces d
//   param = param - lr d
//
// Every operation is rounded as in the single-tensor optimisers of PyTorch 1.13, where
// a + scalar * b is one fused multiply-add.
#pragma once

#include <cstdint>

#include "tensor/kernels/simd/optimizer.h"

namespace gradus::kernels {

/// buffer may be null without momentum. float, double.
template <class T>
void sgd_step(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step);

/// float, double.
template <class T>
void adam_step(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step);

/// float, double.
template <class T>
void amsgrad_step(T* param, T* m, T* v, T* max_v, const T* grad, int64_t n, const AdamStep& step);

/// buffer is null without momentum, mean unless centered. float, double.
template <class T>
void rmsprop_step(T* param, T* v, T* buffer, T* mean, const T* grad, int64_t n,
                  const RmspropStep& step);

}  // namespace gradus::kernels
