// exp, log, tanh, erf and other functions of C's math library for vectors.
//
// For float, exp, expm1, log, log1p, log2, tanh and erf are computed here, with errors of at most 2
// units in the last place (expm1, log1p and log2: 3); zeros, infinities and NaN give the results of
// C's functions. Each first reduces its argument to a small interval, where a polynomial
// approximates the function. The coefficients are those of minimax polynomials (the smallest
// largest error over the interval), rounded to float; tests/math_test.cpp compares every 2,003rd
// float with C's function in double. Everything else calls C's function for each element: all of
// double, with which gradients are checked, and sin, cos and pow.
#pragma once

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {

/// The bits of a vector as integers, and back.
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

/// |x|; the smallest int64 stays as it is.
template <class T>
GRADUS_INLINE Vector<T> abs(Vector<T> x) {
  constexpr bool is_float = static_cast<T>(0.5) != T(0);
  if constexpr (is_float)
    return from_bits(bits(x) & ~bits(broadcast<T>(-T(0))));
  else
    return x < T(0) ? -x : x;
}
/// `magnitude`, which is not negative, with the sign of x.
template <class T>
GRADUS_INLINE Vector<T> with_sign_of(Vector<T> x, Vector<T> magnitude) {
  return from_bits(bits(magnitude) | (bits(x) & bits(broadcast<T>(-T(0)))));
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
/// x 2^n. n is passed both as an integer and as a float. SMALL promises |n| < 127; otherwise the
/// result may overflow or become 0.
template <bool SMALL = false>
GRADUS_INLINE Vector<float> scale(Vector<float> x, Integers<float> n, Vector<float> n_float) {
#if GRADUS_BYTES == 64 && defined(__AVX512F__)
  (void)n;
  constexpr int kCurrentRounding = 4;
  return __builtin_ia32_scalefps512_mask(x, n_float, x, static_cast<uint16_t>(0xffff),
                                         kCurrentRounding);
#else
  (void)n_float;
  if constexpr (SMALL) return x * power_of_two(n);
  const Integers<float> half = n >> 1;  // a float may not hold 2^n, but holds its square root
  return x * power_of_two(half) * power_of_two(n - half);
#endif
}

/// e^x = 2^n e^r, where x = n ln 2 + r and |r| <= ln 2 / 2, and e^r = 1 + r slope.
struct ReducedExp {
  Integers<float> n;
  Vector<float> n_float;
  Vector<float> r;
  Vector<float> slope;
};
GRADUS_INLINE ReducedExp reduced_exp(Vector<float> x) {
  // A float near 1.5 * 2^23 has no fraction: adding that number rounds x / ln 2 to the integer n,
  // which is then in the last bits.
  const Vector<float> shifted = x * 0x1.715476p0f + 0x1.8p23f;
  const Vector<float> n = shifted - 0x1.8p23f;
  // ln 2 in two parts, of which the first has few enough digits for n times it to be exact.
  const Vector<float> r = x - n * 0x1.63p-1f + n * 0x1.bd0106p-13f;
  // (e^r - 1) / r
  const Vector<float> slope =
      polynomial(r, 0x1.6d7536p-10f, 0x1.120b6cp-7f, 0x1.5554b8p-5f, 0x1.5554dcp-3f, 0.5f, 1.0f);
  return {bits(shifted) - bits(broadcast(0x1.8p23f)), n, r, slope};
}
/// e^x = 2^n exp_r.
struct ExpParts {
  Integers<float> n;
  Vector<float> n_float;
  Vector<float> exp_r;
};
GRADUS_INLINE ExpParts exp_parts(Vector<float> x) {
  const ReducedExp e = reduced_exp(x);
  return {e.n, e.n_float, e.slope * e.r + 1.0f};
}

/// e^x for x < 90, or NaN. Below -104 it is rounded to 0, which is not computed: Intel's processors
/// take 250 cycles for a vector with such a result, as for a hidden score of -inf.
GRADUS_INLINE Vector<float> exp_below(Vector<float> x) {
  constexpr float kLowest = -104.0f;
#if GRADUS_BYTES == 64 && defined(__AVX512F__)
  const ExpParts parts = exp_parts(x);
  const __mmask16 is_positive =  // or NaN
      _mm512_cmp_ps_mask((__m512)x, (__m512)broadcast(kLowest), _CMP_NLT_UQ);
  return (Vector<float>)_mm512_maskz_scalef_ps(is_positive, (__m512)parts.exp_r,
                                               (__m512)parts.n_float);
#else
  const Integers<float> is_zero = x < kLowest;
  const ExpParts parts = exp_parts(is_zero ? Vector<float>{} : x);
  return is_zero ? Vector<float>{} : scale(parts.exp_r, parts.n, parts.n_float);
#endif
}
GRADUS_INLINE Vector<float> exp(Vector<float> x) {
  return exp_below(x > 89.0f ? broadcast(89.0f) : x);
}
/// e^x for |x| < 87, or NaN.
GRADUS_INLINE Vector<float> exp_of_small(Vector<float> x) {
  const ExpParts parts = exp_parts(x);
  return scale<true>(parts.exp_r, parts.n, parts.n_float);
}

/// e^x for x < 87, or NaN; 0 where e^x is less than the smallest normal number, 2^-126: Intel's
/// processors take 250 cycles for a vector with a smaller result, as for a hidden score of -inf.
GRADUS_INLINE Vector<float> exp_or_zero(Vector<float> x) {
  constexpr float kLowest = -87.33f;
#if GRADUS_BYTES == 64 && defined(__AVX512F__)
  // Fewer steps than exp: n is a multiple of 1/32, and r so small that a short polynomial does. The
  // last 5 bits of `shifted` are 32 times the fraction f of n, and 2^f comes from a table in two
  // registers; scalef rounds n down. ln 2 is rounded to float, so the error grows from 2 units in
  // the last place to 6 near -87.
  alignas(64) static constexpr float kPowers[32] = {
      // 2^(i / 32)
      0x1.000000p0f, 0x1.059b0ep0f, 0x1.0b5586p0f, 0x1.11301ep0f, 0x1.172b84p0f, 0x1.1d4874p0f,
      0x1.2387a6p0f, 0x1.29e9e0p0f, 0x1.306fe0p0f, 0x1.371a74p0f, 0x1.3dea64p0f, 0x1.44e086p0f,
      0x1.4bfdaep0f, 0x1.5342b6p0f, 0x1.5ab07ep0f, 0x1.6247ecp0f, 0x1.6a09e6p0f, 0x1.71f75ep0f,
      0x1.7a1148p0f, 0x1.82589ap0f, 0x1.8ace54p0f, 0x1.93737cp0f, 0x1.9c4918p0f, 0x1.a5503cp0f,
      0x1.ae89fap0f, 0x1.b7f770p0f, 0x1.c199bep0f, 0x1.cb720ep0f, 0x1.d5818ep0f, 0x1.dfc974p0f,
      0x1.ea4afap0f, 0x1.f50766p0f};
  const Vector<float> shifted = x * 0x1.715476p0f + 0x1.8p18f;
  const Vector<float> n = shifted - 0x1.8p18f;
  const Vector<float> r = x - n * 0x1.62e430p-1f;
  const Vector<float> power = (Vector<float>)_mm512_permutex2var_ps(
      (__m512)load(kPowers), (__m512i)shifted, (__m512)load(kPowers + 16));
  const Vector<float> slope = polynomial(r, 0x1.000174p-1f, 0x1.0000f8p0f);
  const Vector<float> result = power * r * slope + power;
  const __mmask16 is_normal =  // or NaN
      _mm512_cmp_ps_mask((__m512)x, (__m512)broadcast(kLowest), _CMP_NLT_UQ);
  return (Vector<float>)_mm512_maskz_scalef_ps(is_normal, (__m512)result, (__m512)n);
#else
  const ExpParts parts = exp_parts(x);
  return x < kLowest ? Vector<float>{} : scale<true>(parts.exp_r, parts.n, parts.n_float);
#endif
}

/// e^x - 1 = 2^n (r slope + (1 - 2^-n)), which keeps the digits of a small x. Beyond the bounds the
/// result is -1 or infinity.
GRADUS_INLINE Vector<float> expm1(Vector<float> x) {
  const Vector<float> above = x < -25.0f ? broadcast(-25.0f) : x;  // keeps NaN
  const ReducedExp e = reduced_exp(above > 89.0f ? broadcast(89.0f) : above);
  const Integers<float> n = e.n > 60 ? Integers<float>{} + 60 : e.n;
  const Vector<float> rest = 1.0f - power_of_two(-n);
  return with_sign_of<float>(x, abs<float>(scale(e.slope * e.r + rest, e.n, e.n_float)));
}

/// x = 2^e (1 + f), where 1 + f is between sqrt(1/2) and sqrt(2), and
/// log(1 + f) = f - square / 2 + square f p with square = f^2.
struct LogParts {
  Vector<float> exponent;
  Vector<float> f;
  Vector<float> square;
  Vector<float> p;
};
GRADUS_INLINE LogParts log_parts(Vector<float> x) {
  const Integers<float> tiny = x < 0x1p-126f;
  const Vector<float> normal = abs<float>(tiny ? x * 0x1p23f : x);
  const Integers<float> e = (bits(normal) - bits(broadcast(0x1.6a09e6p-1f))) >> 23;
  const Vector<float> f = from_bits(bits(normal) - (e << 23)) - 1.0f;
  const Vector<float> exponent = __builtin_convertvector(e + (tiny & -23), Vector<float>);
  const Vector<float> p =
      polynomial(f, 0x1.1d65f4p-4f, -0x1.df998ap-4f, 0x1.e37964p-4f, -0x1.fbb24ap-4f,
                 0x1.237072p-3f, -0x1.556142p-3f, 0x1.99a1c0p-3f, -0x1.ffffeep-3f, 0x1.55554ep-2f);
  return {exponent, f, f * f, p};
}
/// y, the logarithm of x, and that of zeros, infinities, negative numbers and NaN.
GRADUS_INLINE Vector<float> log_or_special(Vector<float> x, Vector<float> y) {
  const Vector<float> special =
      x == 0.0f ? broadcast(-__builtin_inff()) : broadcast(__builtin_nanf(""));
  return x > 0.0f ? (x < __builtin_inff() ? y : x) : special;
}
/// log x = e ln 2 + log(1 + f)
GRADUS_INLINE Vector<float> log(Vector<float> x) {
  const auto [exponent, f, square, p] = log_parts(x);
  const Vector<float> low = square * f * p - exponent * 0x1.bd0106p-13f - square * 0.5f;
  return log_or_special(x, exponent * 0x1.63p-1f + (f + low));
}
/// log2 x = e + log(1 + f) / ln 2
GRADUS_INLINE Vector<float> log2(Vector<float> x) {
  const auto [exponent, f, square, p] = log_parts(x);
  const Vector<float> low = square * f * p - square * 0.5f;
  return log_or_special(x, (f + low) * 0x1.715476p0f + exponent);
}
/// log(1 + x) = log(u) x / (u - 1) with u = 1 + x: the quotient corrects the rounding of u (Kahan).
GRADUS_INLINE Vector<float> log1p(Vector<float> x) {
  const Vector<float> u = x + 1.0f;
  const Vector<float> corrected = log(u) * (x / (u - 1.0f));
  return u == 1.0f ? x : (x < __builtin_inff() ? corrected : x);
}

/// tanh |x| = 1 - 2 / (e^(2 |x|) + 1). Below 0.6 that would lose digits; there x + x^3 p(x^2) is
/// used.
GRADUS_INLINE Vector<float> tanh(Vector<float> x) {
  Vector<float> a = abs<float>(x);
  a = a > 10.0f ? broadcast(10.0f) : a;
  const Vector<float> s = a * a;
  const Vector<float> p = polynomial(s, -0x1.830ce4p-8f, 0x1.54e088p-6f, -0x1.b89ef6p-5f,
                                     0x1.1109dcp-3f, -0x1.55553ep-2f);
  return with_sign_of<float>(
      x, a < 0.6f ? p * (s * a) + a : 1.0f - 2.0f / (exp_of_small(a + a) + 1.0f));
}

/// Below 0.92 erf x = x + x p(x^2), above it erf |x| = 1 - e^(|x| q(|x|)).
GRADUS_INLINE Vector<float> erf(Vector<float> x) {
  const Vector<float> square = x * x;
  Vector<float> t = abs<float>(x);
  const Integers<float> small = t < 0.92f;
  t = t > 4.0f ? broadcast(4.0f) : t;
  const Vector<float> p = polynomial(square, -0x1.3a8a9ap-11f, 0x1.47576ap-8f, -0x1.b68ffep-6f,
                                     0x1.ce1abcp-4f, -0x1.8126e8p-2f, 0x1.06eba6p-3f);
  const Vector<float> q = polynomial(t, 0x1.c0c21ep-13f, -0x1.a563ecp-9f, 0x1.770770p-6f,
                                     -0x1.af2708p-4f, -0x1.457ce0p-1f, -0x1.20e652p0f);
  return small ? p * x + x : with_sign_of<float>(x, 1.0f - exp_of_small(q * t));
}

// C's functions, element by element: __builtin_sinf for float, __builtin_sin for double.
#define GRADUS_EACH_ELEMENT(T, name, function) \
  GRADUS_INLINE Vector<T> name(Vector<T> x) {  \
    for (int i = 0; i < kWidth<T>; ++i)        \
      x[i] = function(x[i]);                   \
    return x;                                  \
  }
GRADUS_EACH_ELEMENT(float, sqrt, __builtin_sqrtf)
GRADUS_EACH_ELEMENT(double, sqrt, __builtin_sqrt)
GRADUS_EACH_ELEMENT(double, exp, __builtin_exp)
GRADUS_EACH_ELEMENT(double, log, __builtin_log)
GRADUS_EACH_ELEMENT(double, tanh, __builtin_tanh)
GRADUS_EACH_ELEMENT(double, erf, __builtin_erf)
GRADUS_EACH_ELEMENT(double, expm1, __builtin_expm1)
GRADUS_EACH_ELEMENT(double, log1p, __builtin_log1p)
GRADUS_EACH_ELEMENT(double, log2, __builtin_log2)
GRADUS_EACH_ELEMENT(float, round, __builtin_rintf)  // to even
GRADUS_EACH_ELEMENT(double, round, __builtin_rint)
#undef GRADUS_EACH_ELEMENT

// The other roundings, from the nearest integer: compilers call C's functions for them.
template <class T>
GRADUS_INLINE Vector<T> floor(Vector<T> x) {
  const Vector<T> nearest = round(x);
  return nearest > x ? nearest - T(1) : nearest;
}
template <class T>
GRADUS_INLINE Vector<T> ceil(Vector<T> x) {
  return -floor<T>(-x);
}
template <class T>
GRADUS_INLINE Vector<T> trunc(Vector<T> x) {
  return with_sign_of<T>(x, floor<T>(abs<T>(x)));
}

GRADUS_INLINE Vector<double> exp_below(Vector<double> x) { return exp(x); }
GRADUS_INLINE Vector<double> exp_or_zero(Vector<double> x) { return exp(x); }

// Functions of single numbers.
GRADUS_INLINE float sin(float x) { return __builtin_sinf(x); }
GRADUS_INLINE double sin(double x) { return __builtin_sin(x); }
GRADUS_INLINE float cos(float x) { return __builtin_cosf(x); }
GRADUS_INLINE double cos(double x) { return __builtin_cos(x); }

/// x^exponent. Squares, the most common powers, need no call.
GRADUS_INLINE float pow(float x, float exponent) {
  return exponent == 2 ? x * x : __builtin_powf(x, exponent);
}
GRADUS_INLINE double pow(double x, double exponent) {
  return exponent == 2 ? x * x : __builtin_pow(x, exponent);
}
/// By repeated squaring; exponent >= 0.
GRADUS_INLINE int64_t pow(int64_t x, int64_t exponent) {
  int64_t power = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) power *= x;
    x *= x;
  }
  return power;
}

}  // namespace gradus::kernels::GRADUS_ISA
