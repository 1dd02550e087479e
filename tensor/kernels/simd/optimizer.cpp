// The formulas of optimizer.h as plain loops, which the compiler vectorises. Every rounding counts:
// this file is built with -ffp-contract=off, and where PyTorch rounds a * b + c once, it says fma.
#include "tensor/kernels/simd/optimizer.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }

}  // namespace

template <class T>
void sgd(T* __restrict param, T* __restrict buffer, const T* __restrict grad, int64_t n,
         const SgdStep& step) {
  const SgdStep s = step;  // a copy, which the writes below cannot change
  const T lr = static_cast<T>(s.lr);
  const T weight_decay = static_cast<T>(s.weight_decay);
  const T momentum = static_cast<T>(s.momentum);
  const T undampened = static_cast<T>(1 - s.dampening);
  for (int64_t i = 0; i < n; ++i) {
    // g = grad + weight_decay param
    T g = grad[i];
    if (s.weight_decay != 0) g = fma(weight_decay, param[i], g);
    if (s.momentum != 0) {
      // buffer = momentum buffer + (1 - dampening) g
      const T b = s.first ? g : fma(undampened, g, momentum * buffer[i]);
      buffer[i] = b;
      g = s.nesterov ? fma(momentum, b, g) : b;
    }
    // param = param - lr d
    param[i] = fma(-lr, g, param[i]);
  }
}

namespace {

/// max_v is used with AMSGrad only.
template <bool kAmsgrad, class T>
void adam_loop(T* __restrict param, T* __restrict m, T* __restrict v, T* __restrict max_v,
               const T* __restrict grad, int64_t n, const AdamStep& step) {
  const AdamStep s = step;  // a copy, which the writes below cannot change
  const double correction1 = 1 - __builtin_pow(s.beta1, static_cast<double>(s.step));
  const double correction2 = 1 - __builtin_pow(s.beta2, static_cast<double>(s.step));
  const T minus_step_size = static_cast<T>(-(s.lr / correction1));
  const T root_correction2 = static_cast<T>(__builtin_sqrt(correction2));
  const T beta1 = static_cast<T>(s.beta1);
  const T one_minus_beta1 = static_cast<T>(1 - s.beta1);
  const T beta2 = static_cast<T>(s.beta2);
  const T one_minus_beta2 = static_cast<T>(1 - s.beta2);
  const T eps = static_cast<T>(s.eps);
  const T weight_decay = static_cast<T>(s.weight_decay);
  const T shrink = s.decoupled ? static_cast<T>(1 - s.lr * s.weight_decay) : T{1};
  const bool decay_in_grad = !s.decoupled && s.weight_decay != 0;
  for (int64_t i = 0; i < n; ++i) {
    // AdamW: param = param (1 - lr weight_decay). Adam: g = grad + weight_decay param
    const T p = param[i] * shrink;
    const T g = decay_in_grad ? fma(weight_decay, p, grad[i]) : grad[i];
    // m = beta1 m + (1 - beta1) g
    const T new_m = fma(one_minus_beta1, g, m[i] * beta1);
    m[i] = new_m;
    // v = beta2 v + (1 - beta2) g^2
    const T new_v = fma(one_minus_beta2 * g, g, v[i] * beta2);
    v[i] = new_v;
    T largest_v = new_v;
    if constexpr (kAmsgrad) {
      largest_v = max_v[i] >= new_v ? max_v[i] : new_v;  // NaN if v is
      max_v[i] = largest_v;
    }
    // param = param - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
    const T denominator = sqrt(largest_v) / root_correction2 + eps;
    param[i] = p + minus_step_size * new_m / denominator;
  }
}

}  // namespace

template <class T>
void adam(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step) {
  adam_loop<false>(param, m, v, static_cast<T*>(nullptr), grad, n, step);
}
template <class T>
void amsgrad(T* param, T* m, T* v, T* max_v, const T* grad, int64_t n, const AdamStep& step) {
  adam_loop<true>(param, m, v, max_v, grad, n, step);
}

template <class T>
void rmsprop(T* __restrict param, T* __restrict v, T* __restrict buffer, T* __restrict mean,
             const T* __restrict grad, int64_t n, const RmspropStep& step) {
  const RmspropStep s = step;  // a copy, which the writes below cannot change
  const T lr = static_cast<T>(s.lr);
  const T alpha = static_cast<T>(s.alpha);
  const T one_minus_alpha = static_cast<T>(1 - s.alpha);
  const T eps = static_cast<T>(s.eps);
  const T weight_decay = static_cast<T>(s.weight_decay);
  const T momentum = static_cast<T>(s.momentum);
  const bool centered = mean != nullptr;
  const bool has_momentum = buffer != nullptr;
  for (int64_t i = 0; i < n; ++i) {
    // g = grad + weight_decay param
    const T g = s.weight_decay != 0 ? fma(weight_decay, param[i], grad[i]) : grad[i];
    // v = alpha v + (1 - alpha) g^2
    const T new_v = fma(one_minus_alpha * g, g, v[i] * alpha);
    v[i] = new_v;
    T variance = new_v;
    if (centered) {
      // mean = mean + (1 - alpha) (g - mean)
      const T new_mean = fma(one_minus_alpha, g - mean[i], mean[i]);
      mean[i] = new_mean;
      variance = fma(-new_mean, new_mean, new_v);
    }
    const T denominator = sqrt(variance) + eps;
    if (has_momentum) {
      // buffer = momentum buffer + g / denominator
      const T b = momentum * buffer[i] + g / denominator;
      buffer[i] = b;
      param[i] = fma(-lr, b, param[i]);
    } else {
      // param = param - lr g / denominator
      param[i] = param[i] + -lr * g / denominator;
    }
  }
}

template void sgd(float*, float*, const float*, int64_t, const SgdStep&);
template void adam(float*, float*, float*, const float*, int64_t, const AdamStep&);
template void amsgrad(float*, float*, float*, float*, const float*, int64_t, const AdamStep&);
template void rmsprop(float*, float*, float*, float*, const float*, int64_t, const RmspropStep&);
template void sgd(double*, double*, const double*, int64_t, const SgdStep&);
template void adam(double*, double*, double*, const double*, int64_t, const AdamStep&);
template void amsgrad(double*, double*, double*, double*, const double*, int64_t, const AdamStep&);
template void rmsprop(double*, double*, double*, double*, const double*, int64_t,
                      const RmspropStep&);

}  // namespace gradus::kernels::GRADUS_ISA
