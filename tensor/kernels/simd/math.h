// exp, log, tanh and erf of vectors of float, within 2 units in the last place, and what is made of them. Zeros,
// infinities and NaN come out as C's functions have them. Vectors of double, with which gradients are checked, go to
// those functions number by number.
#pragma once

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

/// The bits of a vector as whole numbers, and back.
GRADUS_INLINE Whole<float> bits(Vector<float> x) { return reinterpret_cast<Whole<float>>(x); }
GRADUS_INLINE Whole<double> bits(Vector<double> x) { return reinterpret_cast<Whole<double>>(x); }
GRADUS_INLINE Vector<float> from_bits(Whole<float> n) { return reinterpret_cast<Vector<float>>(n); }
GRADUS_INLINE Vector<double> from_bits(Whole<double> n) { return reinterpret_cast<Vector<double>>(n); }

template <class T> GRADUS_INLINE Vector<T> abs(Vector<T> x) { return from_bits(bits(x) & ~bits(broadcast<T>(-T(0)))); }
/// `size`, which is not negative, with the sign of x.
template <class T> GRADUS_INLINE Vector<T> with_sign_of(Vector<T> x, Vector<T> size) {
  return from_bits(bits(size) | (bits(x) & bits(broadcast<T>(-T(0)))));
}

// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r - 1 by a polynomial. So e^x = 2^n e^r, and 2^n is made of its bits.
struct Split {
  Whole<float> n;
  Vector<float> expm1;
};
GRADUS_INLINE Split split(Vector<float> x) {
  const Vector<float> shifted = x * 0x1.715476p0f + 0x1.8p23f;  // the last bits are the whole part of x / ln 2
  const Vector<float> n = shifted - 0x1.8p23f, r = x - n * 0x1.63p-1f + n * 0x1.bd0106p-13f;  // ln 2 in two parts
  Vector<float> q = r * 0x1.6d7536p-10f + 0x1.120b6cp-7f;
  q = q * r + 0x1.5554b8p-5f;
  q = q * r + 0x1.5554dcp-3f;
  q = q * r + 0.5f;
  return {bits(shifted) - bits(broadcast(0x1.8p23f)), q * (r * r) + r};
}
/// 2^n for -127 < n < 128.
GRADUS_INLINE Vector<float> power_of_two(Whole<float> n) { return from_bits((n + 127) << 23); }

GRADUS_INLINE Vector<float> exp(Vector<float> x) {
  x = x < -104.0f ? broadcast(-104.0f) : x;  // NaN stays
  x = x > 89.0f ? broadcast(89.0f) : x;
  const Split s = split(x);
  const Whole<float> half = s.n >> 1;  // 2^n may be too large or too small for a float, its root never
  return (s.expm1 + 1.0f) * power_of_two(half) * power_of_two(s.n - half);
}
/// The same for -87 <= x <= 0, or NaN.
GRADUS_INLINE Vector<float> exp_of_small(Vector<float> x) {
  const Split s = split(x);
  return (s.expm1 + 1.0f) * power_of_two(s.n);
}

GRADUS_INLINE Vector<float> log(Vector<float> x) {
  const Whole<float> tiny = x < 0x1p-126f;
  const Vector<float> normal = tiny ? x * 0x1p23f : x;
  // normal = 2^e m with m between the roots of 1/2 and 2.
  const Whole<float> e = (bits(normal) - bits(broadcast(0x1.6a09e6p-1f))) >> 23;
  const Vector<float> f = from_bits(bits(normal) - (e << 23)) - 1.0f;
  const Vector<float> exponent = __builtin_convertvector(e + (tiny & -23), Vector<float>);
  Vector<float> p = f * 0x1.1d65f4p-4f - 0x1.df998ap-4f;
  p = p * f + 0x1.e37964p-4f;
  p = p * f - 0x1.fbb24ap-4f;
  p = p * f + 0x1.237072p-3f;
  p = p * f - 0x1.556142p-3f;
  p = p * f + 0x1.99a1c0p-3f;
  p = p * f - 0x1.ffffeep-3f;
  p = p * f + 0x1.55554ep-2f;
  const Vector<float> square = f * f, low = square * f * p - exponent * 0x1.bd0106p-13f - square * 0.5f;
  const Vector<float> y = exponent * 0x1.63p-1f + (f + low);
  const Vector<float> limit = x == 0.0f ? broadcast(-__builtin_inff()) : broadcast(__builtin_nanf(""));
  return x > 0.0f ? (x < __builtin_inff() ? y : x) : limit;
}

/// 1 - 2 / (e^2x + 1), but by a polynomial near 0, where that loses its digits.
GRADUS_INLINE Vector<float> tanh(Vector<float> x) {
  Vector<float> a = abs<float>(x);
  a = a > 10.0f ? broadcast(10.0f) : a;
  const Split e = split(a + a);
  const Vector<float> scale = power_of_two(e.n), s = a * a;
  Vector<float> p = s * -0x1.830ce4p-8f + 0x1.54e088p-6f;
  p = p * s - 0x1.b89ef6p-5f;
  p = p * s + 0x1.1109dcp-3f;
  p = p * s - 0x1.55553ep-2f;
  return with_sign_of<float>(x, a < 0.6f ? p * (s * a) + a : 1.0f - 2.0f / (scale * e.expm1 + (scale + 1.0f)));
}

GRADUS_INLINE Vector<float> erf(Vector<float> x) {
  const Vector<float> s = x * x;
  Vector<float> t = abs<float>(x);
  const Whole<float> small = t < 0.92f;
  t = t > 4.0f ? broadcast(4.0f) : t;
  Vector<float> p = s * -0x1.3a8a9ap-11f + 0x1.47576ap-8f;  // erf x / x - 1
  p = p * s - 0x1.b68ffep-6f;
  p = p * s + 0x1.ce1abcp-4f;
  p = p * s - 0x1.8126e8p-2f;
  p = p * s + 0x1.06eba6p-3f;
  Vector<float> q = t * 0x1.c0c21ep-13f - 0x1.a563ecp-9f;  // log(1 - erf t) / t
  q = q * t + 0x1.770770p-6f;
  q = q * t - 0x1.af2708p-4f;
  q = q * t - 0x1.457ce0p-1f;
  q = q * t - 0x1.20e652p0f;
  return small ? p * x + x : with_sign_of<float>(x, 1.0f - exp_of_small(q * t));
}

#define GRADUS_EACH(f)                                          \
  GRADUS_INLINE Vector<double> f(Vector<double> x) {            \
    for (int i = 0; i < kWidth<double>; ++i) x[i] = __builtin_##f(x[i]); \
    return x;                                                   \
  }
GRADUS_EACH(exp)
GRADUS_EACH(log)
GRADUS_EACH(tanh)
GRADUS_EACH(erf)
GRADUS_EACH(sqrt)
#undef GRADUS_EACH
GRADUS_INLINE Vector<float> sqrt(Vector<float> x) {
  for (int i = 0; i < kWidth<float>; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
}

/// 1 / (1 + e^-x), by way of e^-|x|, which does not overflow.
template <class T> GRADUS_INLINE Vector<T> sigmoid(Vector<T> x) {
  const Vector<T> e = exp(-abs<T>(x));
  return (x < T(0) ? e : broadcast(T(1))) / (e + T(1));
}

/// The normal distribution's density at x, and what lies below x.
template <class T> GRADUS_INLINE Vector<T> normal_density(Vector<T> x) { return exp(x * x * T(-0.5)) * T(0.39894228040143268); }
template <class T> GRADUS_INLINE Vector<T> normal_cdf(Vector<T> x) {
  return erf(x * T(0.70710678118654752)) * T(0.5) + T(0.5);
}

}  // namespace gradus::kernels::GRADUS_ISA
