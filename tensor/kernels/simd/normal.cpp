// The formulas of normal.h as plain loops, which the compiler vectorises. Every rounding counts,
// since the numbers are PyTorch's bit for bit: this file is built with -ffp-contract=off, and where
// PyTorch rounds a * b + c once, it says fma.
#include "tensor/kernels/simd/normal.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

constexpr double kPi = 3.14159265358979323846;

inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }

/// c[0] x^n + c[1] x^(n - 1) + ... + c[n]
template <class... C>
inline float polynomial(float x, float first, C... c) {
  float p = first;
  ((p = fma(p, x, c)), ...);
  return p;
}

/// log(x) for 0 < x <= 1: the polynomial of the Cephes library, rounded as in PyTorch's AVX2 code.
[[gnu::always_inline]] inline float log(float x) {
  // x = m 2^e with 0.5 <= m < 1; then m and e are changed so that x = (1 + m) 2^e with
  // sqrt(0.5) <= 1 + m < sqrt(2).
  const auto bits = __builtin_bit_cast(uint32_t, x);
  float m = __builtin_bit_cast(float, (bits & 0x007FFFFFU) | 0x3F000000U);
  const bool low = m < 0.707106781186547524f;
  const float e = static_cast<float>(static_cast<int32_t>(bits >> 23) - 126) - (low ? 1.0f : 0.0f);
  m = (m - 1.0f) + (low ? m : 0.0f);

  // log(x) = e log(2) + m - m^2 / 2 + m^3 polynomial(m), with log(2) in two parts
  const float z = m * m;
  float y = polynomial(m, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                       1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f,
                       3.3333331174e-1f);
  y = y * m;
  y = fma(y, z, e * -2.12194440e-4f);
  y = fma(-z, 0.5f, y);
  return fma(e, 0.693359375f, m + y);
}

[[gnu::always_inline]] inline double log(double x) { return __builtin_log(x); }

template <class T>
struct SinCos {
  T sin;
  T cos;
};

/// sin and cos of t >= 0, also from Cephes: a multiple of pi / 4 is subtracted from t, both
/// polynomials are computed, and the octant selects one for sin, the other for cos, and the signs.
[[gnu::always_inline]] inline SinCos<float> sincos(float t) {
  const int32_t octant = (static_cast<int32_t>(t * 1.27323954473516f) + 1) & ~1;
  const auto turns = static_cast<float>(octant);
  // x = t - turns pi / 4, with pi / 4 in three parts
  float x = fma(turns, -0.78515625f, t);
  x = fma(turns, -2.4187564849853515625e-4f, x);
  x = fma(turns, -3.77489497744594108e-8f, x);

  // c = cos(x) and s = sin(x)
  const float z = x * x;
  float c = polynomial(z, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f);
  c = c * z;
  c = fma(c, z, -(z * 0.5f));
  c = c + 1.0f;
  float s = polynomial(z, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f);
  s = s * z;
  s = fma(s, x, x);

  const bool swap = (octant & 2) != 0;
  const float sin = swap ? c : s;
  const float cos = swap ? s : c;
  return {(octant & 4) != 0 ? -sin : sin, ((octant - 2) & 4) == 0 ? -cos : cos};
}

[[gnu::always_inline]] inline SinCos<double> sincos(double t) {
  return {__builtin_sin(t), __builtin_cos(t)};
}

inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }

}  // namespace

template <class T>
void normal_blocks(T* x, int64_t n, T mean, T std) {
  for (int64_t block = 0; block + 16 <= n; block += 16) {
    T* const u = x + block;
    // radius = sqrt(-2 log(1 - u_j)), in two loops: each vectorises by itself
    T radius[8];
    for (int j = 0; j < 8; ++j)
      radius[j] = -2 * log(1 - u[j]);
    for (T& r : radius)
      r = sqrt(r);
    // x_j = mean + std radius cos(angle), x_(j+8) = mean + std radius sin(angle)
    for (int j = 0; j < 8; ++j) {
      const SinCos<T> angle = sincos(2 * static_cast<T>(kPi) * u[j + 8]);
      u[j] = fma(radius[j] * angle.cos, std, mean);
      u[j + 8] = fma(radius[j] * angle.sin, std, mean);
    }
  }
}

template <class T>
void stretch(T* x, int64_t n, T low, T high) {
  const T width = high - low;
  for (int64_t i = 0; i < n; ++i) {
    const T value = fma(x[i], width, low);
    x[i] = value == high ? low : value;
  }
}

template void normal_blocks(float*, int64_t, float, float);
template void stretch(float*, int64_t, float, float);
template void normal_blocks(double*, int64_t, double, double);
template void stretch(double*, int64_t, double, double);

}  // namespace gradus::kernels::GRADUS_ISA
