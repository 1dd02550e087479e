// Every rounding counts here: where std::fma stands the result is rounded once, anywhere else after each operation. So
// this file and random.cpp, alone of the kernels, are built with -ffp-contract=off.
#include "tensor/kernels/normal.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <type_traits>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {
namespace {

/// log(x) for 0 < x <= 1, with the polynomial of the Cephes library and its roundings as PyTorch's AVX2 code has them.
[[gnu::always_inline]] inline float cephes_log(float x) {
  // x = m 2^e with 0.5 <= m < 1, then moved to sqrt(0.5) <= 1 + m < sqrt(2).
  const auto bits = std::bit_cast<uint32_t>(x);
  float m = std::bit_cast<float>((bits & 0x007FFFFFU) | 0x3F000000U);
  const bool low = m < 0.707106781186547524f;
  const float e = static_cast<float>(static_cast<int32_t>(bits >> 23) - 126) - (low ? 1.0f : 0.0f);
  m = (m - 1.0f) + (low ? m : 0.0f);

  const float z = m * m;
  float y = 7.0376836292e-2f;
  y = std::fma(y, m, -1.1514610310e-1f);
  y = std::fma(y, m, 1.1676998740e-1f);
  y = std::fma(y, m, -1.2420140846e-1f);
  y = std::fma(y, m, 1.4249322787e-1f);
  y = std::fma(y, m, -1.6668057665e-1f);
  y = std::fma(y, m, 2.0000714765e-1f);
  y = std::fma(y, m, -2.4999993993e-1f);
  y = std::fma(y, m, 3.3333331174e-1f);
  y = y * m;
  y = std::fma(y, z, e * -2.12194440e-4f);
  y = std::fma(-z, 0.5f, y);
  return std::fma(e, 0.693359375f, m + y);
}

struct SinCos {
  float sin, cos;
};

/// sin and cos of t >= 0, again Cephes: t less a multiple of pi / 4, two polynomials, then signs by the octant.
[[gnu::always_inline]] inline SinCos cephes_sincos(float t) {
  const int32_t octant = (static_cast<int32_t>(t * 1.27323954473516f) + 1) & ~1;
  const auto turns = static_cast<float>(octant);
  float x = std::fma(turns, -0.78515625f, t);
  x = std::fma(turns, -2.4187564849853515625e-4f, x);
  x = std::fma(turns, -3.77489497744594108e-8f, x);

  const float z = x * x;
  float c = std::fma(2.443315711809948e-5f, z, -1.388731625493765e-3f);
  c = std::fma(c, z, 4.166664568298827e-2f);
  c = c * z;
  c = std::fma(c, z, -(z * 0.5f));
  c = c + 1.0f;
  float s = std::fma(-1.9515295891e-4f, z, 8.3321608736e-3f);
  s = std::fma(s, z, -1.6666654611e-1f);
  s = s * z;
  s = std::fma(s, x, x);

  const bool swap = (octant & 2) != 0;
  const float sin = swap ? c : s, cos = swap ? s : c;
  return {(octant & 4) != 0 ? -sin : sin, ((octant - 2) & 4) == 0 ? -cos : cos};
}

/// Box-Muller on a block of 16: x[j] gives the radius and x[j + 8] the angle of the normals that replace the two.
[[gnu::always_inline]] inline void block_of_16(float* x, float mean, float std) {
  float radius[8];
  for (int j = 0; j < 8; ++j) radius[j] = -2.0f * cephes_log(1.0f - x[j]);
  for (float& r : radius) r = std::sqrt(r);
  for (int j = 0; j < 8; ++j) {
    const SinCos angle = cephes_sincos(2 * std::numbers::pi_v<float> * x[j + 8]);
    x[j] = std::fma(radius[j] * angle.cos, std, mean);
    x[j + 8] = std::fma(radius[j] * angle.sin, std, mean);
  }
}

void block_of_16(double* x, double mean, double std) {
  for (int j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2 * std::log(1 - x[j])), angle = 2 * std::numbers::pi * x[j + 8];
    x[j] = std::fma(radius * std::cos(angle), std, mean);
    x[j + 8] = std::fma(radius * std::sin(angle), std, mean);
  }
}

template <class T> [[gnu::always_inline]] inline void blocks_body(T* x, int64_t n, T mean, T std) {
  for (int64_t i = 0; i + 16 <= n; i += 16) block_of_16(x + i, mean, std);
}

/// x = low + x * width, rounded once.
template <class T> [[gnu::always_inline]] inline void stretch_body(T* x, int64_t n, T low, T width) {
  for (int64_t i = 0; i < n; ++i) x[i] = std::fma(x[i], width, low);
}

// The float loops once more for processors with a fused multiply-add, where std::fma is one instruction and not a call.
// The bits are the same.
#if defined(__x86_64__)
#define GRADUS_FMA [[gnu::target("avx2,fma")]]
#else
#define GRADUS_FMA
#endif
GRADUS_FMA void blocks_fma(float* x, int64_t n, float mean, float std) { blocks_body(x, n, mean, std); }
GRADUS_FMA void stretch_fma(float* x, int64_t n, float low, float width) { stretch_body(x, n, low, width); }

}  // namespace

template <class T> void normal_blocks(T* x, int64_t n, T mean, T std) {
  if constexpr (std::is_same_v<T, float>) {
    if (isa() != Isa::portable) return blocks_fma(x, n, mean, std);
  }
  blocks_body(x, n, mean, std);
}

template <class T> void stretch(T* x, int64_t n, T low, T width) {
  if constexpr (std::is_same_v<T, float>) {
    if (isa() != Isa::portable) return stretch_fma(x, n, low, width);
  }
  stretch_body(x, n, low, width);
}

template void normal_blocks(float*, int64_t, float, float);
template void normal_blocks(double*, int64_t, double, double);
template void stretch(float*, int64_t, float, float);
template void stretch(double*, int64_t, double, double);

}  // namespace gradus::kernels
