// Sigmoid, the normal distribution, and the derivatives of activation functions, for vectors.
#pragma once

#include "tensor/kernels/simd/math.h"

namespace gradus::kernels::GRADUS_ISA {

/// 1 / (1 + e^-x), computed from e^-|x|, which does not overflow.
template <class T>
GRADUS_INLINE Vector<T> sigmoid(Vector<T> x) {
  const Vector<T> e = exp_below(-abs<T>(x));
  return (x < T(0) ? e : broadcast(T(1))) / (e + T(1));
}

/// silu(x) = x s(x) with s = sigmoid; silu'(x) = s + x s (1 - s).
template <class T>
GRADUS_INLINE Vector<T> silu_slope(Vector<T> x) {
  const Vector<T> s = sigmoid<T>(x);
  return s + x * s * (T(1) - s);
}

/// The density of the normal distribution, phi(x) = e^(-x^2 / 2) / sqrt(2 pi).
template <class T>
GRADUS_INLINE Vector<T> normal_density(Vector<T> x) {
  return exp_below(x * x * T(-0.5)) * T(0.39894228040143268);
}

/// The normal CDF, Phi(x) = (1 + erf(x / sqrt(2))) / 2.
GRADUS_INLINE Vector<double> normal_cdf(Vector<double> x) {
  return erf(x * 0.70710678118654752) * 0.5 + 0.5;
}
/// From the tail 1 - Phi(|x|) = e^(|x| p(|x|) - log 2), which keeps the digits that 1 + erf would
/// lose.
GRADUS_INLINE Vector<float> normal_cdf(Vector<float> x) {
  const Vector<float> a = abs<float>(x);
  const Integers<float> far = a > 5.6f;
  const Vector<float> u = far ? broadcast(5.6f) : a;
  const Vector<float> p = polynomial(u, 0x1.581814p-23f, -0x1.e875dap-19f, 0x1.179774p-15f,
                                     -0x1.1cf056p-13f, -0x1.b2d9fap-14f, 0x1.42c632p-8f,
                                     -0x1.2a4db2p-5f, -0x1.45edb2p-2f, -0x1.98848ep-1f);
  const Vector<float> near = exp_of_small(p * u - 0x1.62e430p-1f);
  const Vector<float> tail = far ? Vector<float>{} : near;
  return x < 0.0f ? tail : 1.0f - tail;
}

// GELU with its tanh approximation (Hendrycks and Gimpel 2016):
//   gelu_tanh(x) = x (1 + tanh(u)) / 2 = x sigmoid(2 u),  u = sqrt(2 / pi) (x + 0.044715 x^3)
template <class T>
constexpr T kGeluScale = T(0.79788456080286536);  // sqrt(2 / pi)
template <class T>
constexpr T kGeluCubic = T(0.044715);

/// 2 u
template <class T>
GRADUS_INLINE Vector<T> gelu_tanh_argument(Vector<T> x) {
  return (x * x * (x * kGeluCubic<T>)+x) * (2 * kGeluScale<T>);
}
/// With s = sigmoid(2 u): gelu_tanh'(x) = s + x s (1 - s) (2 u)'.
template <class T>
GRADUS_INLINE Vector<T> gelu_tanh_slope(Vector<T> x) {
  const Vector<T> s = sigmoid<T>(gelu_tanh_argument<T>(x));
  const Vector<T> inner_slope = x * x * (6 * kGeluScale<T> * kGeluCubic<T>)+2 * kGeluScale<T>;
  return s + x * s * (T(1) - s) * inner_slope;
}

}  // namespace gradus::kernels::GRADUS_ISA
