// exp, log, tanh and erf of vectors of float, within 2 units in the last place, and what is made of
// them. Zeros, infinities and NaN come out as C's functions have them. Vectors of double, with
// which gradients are checked, go to those functions number by number.
#pragma once

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

/// The bits of a vector as whole numbers, and back.
GRADUS_INLINE Integers<float> bits(Vector<float> x) { return reinterpret_cast<Integers<float>>(x); }
GRADUS_INLINE Integers<double> bits(Vector<double> x) {
  return reinterpret_cast<Integers<double>>(x);
}
GRADUS_INLINE Vector<float> from_bits(Integers<float> n) {
  return reinterpret_cast<Vector<float>>(n);
}
GRADUS_INLINE Vector<double> from_bits(Integers<double> n) {
  return reinterpret_cast<Vector<double>>(n);
}

template <class T>
GRADUS_INLINE Vector<T> abs(Vector<T> x) {
  return from_bits(bits(x) & ~bits(broadcast<T>(-T(0))));
}
/// `size`, which is not negative, with the sign of x.
template <class T>
GRADUS_INLINE Vector<T> with_sign_of(Vector<T> x, Vector<T> size) {
  return from_bits(bits(size) | (bits(x) & bits(broadcast<T>(-T(0)))));
}

/// c[0] x^n + c[1] x^(n - 1) + ... + c[n]
template <class... C>
GRADUS_INLINE Vector<float> polynomial(Vector<float> x, float first, C... c) {
  Vector<float> p = broadcast(first);
  ((p = p * x + c), ...);
  return p;
}

/// 2^n for -127 < n < 128.
GRADUS_INLINE Vector<float> power_of_two(Integers<float> n) { return from_bits((n + 127) << 23); }
/// x 2^n, however large or small, unless only small n are expected. n is there as a whole number
/// and as a float.
template <bool SMALL = false>
GRADUS_INLINE Vector<float> scale(Vector<float> x, Integers<float> n, Vector<float> number) {
#if GRADUS_BYTES == 64 && defined(__AVX512F__)
  (void)n;
  return __builtin_ia32_scalefps512_mask(x, number, x, static_cast<uint16_t>(0xffff),
                                         4);  // 4: rounds as usual
#else
  (void)number;
  if constexpr (SMALL) return x * power_of_two(n);
  const Integers<float> half = n >> 1;  // 2^n may be no float, its root is one
  return x * power_of_two(half) * power_of_two(n - half);
#endif
}

// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by a polynomial: e^x = 2^n e^r.
struct Split {
  Integers<float> n;
  Vector<float> number, exp_r;  // n as a float
};
GRADUS_INLINE Split split(Vector<float> x) {
  const Vector<float> shifted =
      x * 0x1.715476p0f + 0x1.8p23f;  // the last bits are the whole part of x / ln 2
  const Vector<float> n = shifted - 0x1.8p23f;
  const Vector<float> r = x - n * 0x1.63p-1f + n * 0x1.bd0106p-13f;  // ln 2 in two parts
  const Vector<float> e =
      polynomial(r, 0x1.6d7536p-10f, 0x1.120b6cp-7f, 0x1.5554b8p-5f, 0x1.5554dcp-3f, 0.5f, 1.0f);
  return {bits(shifted) - bits(broadcast(0x1.8p23f)), n, e * r + 1.0f};
}

/// e^x for x < 90, or NaN.
GRADUS_INLINE Vector<float> exp_below(Vector<float> x) {
  const Split s = split(x < -104.0f ? broadcast(-104.0f) : x);  // NaN stays
  return scale(s.exp_r, s.n, s.number);
}
GRADUS_INLINE Vector<float> exp(Vector<float> x) {
  return exp_below(x > 89.0f ? broadcast(89.0f) : x);
}
/// e^x for |x| < 87, or NaN.
GRADUS_INLINE Vector<float> exp_of_small(Vector<float> x) {
  const Split s = split(x);
  return scale<true>(s.exp_r, s.n, s.number);
}

GRADUS_INLINE Vector<float> log(Vector<float> x) {
  const Integers<float> tiny = x < 0x1p-126f;
  const Vector<float> normal = abs<float>(tiny ? x * 0x1p23f : x);
  // normal = 2^e m with m between the roots of 1/2 and 2.
  const Integers<float> e = (bits(normal) - bits(broadcast(0x1.6a09e6p-1f))) >> 23;
  const Vector<float> f = from_bits(bits(normal) - (e << 23)) - 1.0f;
  const Vector<float> exponent = __builtin_convertvector(e + (tiny & -23), Vector<float>);
  const Vector<float> p =
      polynomial(f, 0x1.1d65f4p-4f, -0x1.df998ap-4f, 0x1.e37964p-4f, -0x1.fbb24ap-4f,
                 0x1.237072p-3f, -0x1.556142p-3f, 0x1.99a1c0p-3f, -0x1.ffffeep-3f, 0x1.55554ep-2f);
  const Vector<float> square = f * f;
  const Vector<float> low = square * f * p - exponent * 0x1.bd0106p-13f - square * 0.5f;
  const Vector<float> y = exponent * 0x1.63p-1f + (f + low);
  const Vector<float> limit =
      x == 0.0f ? broadcast(-__builtin_inff()) : broadcast(__builtin_nanf(""));
  return x > 0.0f ? (x < __builtin_inff() ? y : x) : limit;
}

/// 1 - 2 / (e^2x + 1), but by a polynomial near 0, where that loses its digits.
GRADUS_INLINE Vector<float> tanh(Vector<float> x) {
  Vector<float> a = abs<float>(x);
  a = a > 10.0f ? broadcast(10.0f) : a;
  const Vector<float> s = a * a;
  const Vector<float> p = polynomial(s, -0x1.830ce4p-8f, 0x1.54e088p-6f, -0x1.b89ef6p-5f,
                                     0x1.1109dcp-3f, -0x1.55553ep-2f);
  return with_sign_of<float>(
      x, a < 0.6f ? p * (s * a) + a : 1.0f - 2.0f / (exp_of_small(a + a) + 1.0f));
}

GRADUS_INLINE Vector<float> erf(Vector<float> x) {
  const Vector<float> s = x * x;
  Vector<float> t = abs<float>(x);
  const Integers<float> small = t < 0.92f;
  t = t > 4.0f ? broadcast(4.0f) : t;
  // erf x / x - 1
  const Vector<float> p = polynomial(s, -0x1.3a8a9ap-11f, 0x1.47576ap-8f, -0x1.b68ffep-6f,
                                     0x1.ce1abcp-4f, -0x1.8126e8p-2f, 0x1.06eba6p-3f);
  // log(1 - erf t) / t
  const Vector<float> q = polynomial(t, 0x1.c0c21ep-13f, -0x1.a563ecp-9f, 0x1.770770p-6f,
                                     -0x1.af2708p-4f, -0x1.457ce0p-1f, -0x1.20e652p0f);
  return small ? p * x + x : with_sign_of<float>(x, 1.0f - exp_of_small(q * t));
}

#define GRADUS_EACH(f)                               \
  GRADUS_INLINE Vector<double> f(Vector<double> x) { \
    for (int i = 0; i < kWidth<double>; ++i)         \
      x[i] = __builtin_##f(x[i]);                    \
    return x;                                        \
  }
GRADUS_EACH(exp)
GRADUS_EACH(log)
GRADUS_EACH(tanh)
GRADUS_EACH(erf)
GRADUS_EACH(sqrt)
#undef GRADUS_EACH
GRADUS_INLINE Vector<float> sqrt(Vector<float> x) {
  for (int i = 0; i < kWidth<float>; ++i)
    x[i] = __builtin_sqrtf(x[i]);
  return x;
}

GRADUS_INLINE Vector<double> exp_below(Vector<double> x) { return exp(x); }

/// 1 / (1 + e^-x), by way of e^-|x|, which does not overflow.
template <class T>
GRADUS_INLINE Vector<T> sigmoid(Vector<T> x) {
  const Vector<T> e = exp_below(-abs<T>(x));
  return (x < T(0) ? e : broadcast(T(1))) / (e + T(1));
}

/// The normal distribution's density at x.
template <class T>
GRADUS_INLINE Vector<T> normal_density(Vector<T> x) {
  return exp_below(x * x * T(-0.5)) * T(0.39894228040143268);
}

/// What of the normal distribution lies below x.
GRADUS_INLINE Vector<double> normal_cdf(Vector<double> x) {
  return erf(x * 0.70710678118654752) * 0.5 + 0.5;
}
/// The tail beyond |x|, by its logarithm: it keeps its digits where 1 + erf would lose them.
GRADUS_INLINE Vector<float> normal_cdf(Vector<float> x) {
  const Vector<float> a = abs<float>(x);
  const Integers<float> far = a > 5.6f;
  const Vector<float> u = far ? broadcast(5.6f) : a;
  // log(2 tail) / u
  const Vector<float> p = polynomial(u, 0x1.581814p-23f, -0x1.e875dap-19f, 0x1.179774p-15f,
                                     -0x1.1cf056p-13f, -0x1.b2d9fap-14f, 0x1.42c632p-8f,
                                     -0x1.2a4db2p-5f, -0x1.45edb2p-2f, -0x1.98848ep-1f);
  const Vector<float> near = exp_of_small(p * u - 0x1.62e430p-1f);
  const Vector<float> tail = far ? Vector<float>{} : near;
  return x < 0.0f ? tail : 1.0f - tail;
}

}  // namespace gradus::kernels::GRADUS_ISA
