// Remainders of divisions, of single numbers and of vectors. They are exact, so all forms give the
// same bits.
#pragma once

#include "tensor/kernels/simd/math.h"

namespace gradus::kernels::GRADUS_ISA {

// fmod(a, b) = a - q b, where q is a / b rounded to zero.
GRADUS_INLINE float fmod(float a, float b) { return __builtin_fmodf(a, b); }
GRADUS_INLINE double fmod(double a, double b) { return __builtin_fmod(a, b); }
/// The ops do not divide by 0. The smallest int64 / -1 is no int64.
GRADUS_INLINE int64_t fmod(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }

GRADUS_INLINE Vector<double> fmod(Vector<double> a, Vector<double> b) {
  for (int i = 0; i < kWidth<double>; ++i)
    a[i] = fmod(a[i], b[i]);
  return a;
}
GRADUS_INLINE Vector<int64_t> fmod(Vector<int64_t> a, Vector<int64_t> b) {
  for (int i = 0; i < kWidth<int64_t>; ++i)
    a[i] = fmod(a[i], b[i]);
  return a;
}

/// A Vector<float> as two parts that fit a Vector<double> each.
struct FloatHalves {
  typedef float Half __attribute__((vector_size(GRADUS_BYTES / 2)));
  Half half[2];
};

/// In double no digit is lost as long as |a / b| < 2^28: q and b have up to 52 digits together.
/// Larger quotients, rare, are left to C's function.
GRADUS_INLINE Vector<float> fmod(Vector<float> a, Vector<float> b) {
  constexpr double kMost = 0x1p28;
  FloatHalves numerators;
  FloatHalves denominators;
  FloatHalves rests;
  __builtin_memcpy(&numerators, &a, sizeof a);
  __builtin_memcpy(&denominators, &b, sizeof b);
  Integers<double> is_small = Integers<double>{} - 1;
  GRADUS_UNROLL
  for (int h = 0; h < 2; ++h) {
    const auto numerator = __builtin_convertvector(numerators.half[h], Vector<double>);
    const auto denominator = __builtin_convertvector(denominators.half[h], Vector<double>);
    const Vector<double> ratio = numerator / denominator;
    is_small &= (ratio < kMost) & (ratio > -kMost) & (denominator - denominator == 0);
    const Vector<double> rest = numerator - trunc<double>(ratio) * denominator;
    rests.half[h] = __builtin_convertvector(rest, FloatHalves::Half);
  }
  Vector<float> y;
  __builtin_memcpy(&y, &rests, sizeof y);
  y = with_sign_of<float>(a, abs<float>(y));  // a rest of 0 has the sign of a
  int64_t all = -1;
  GRADUS_UNROLL
  for (int i = 0; i < kWidth<double>; ++i)
    all &= is_small[i];
  if (all == 0) {
    for (int i = 0; i < kWidth<float>; ++i)
      y[i] = fmod(a[i], b[i]);
  }
  return y;
}

/// a - q b, where q is a / b rounded down. V is T or a vector of T.
template <class V>
GRADUS_INLINE V remainder(V a, V b) {
  const V rest = fmod(a, b);
  const auto has_other_sign = (rest != 0) & ((rest < 0) != (b < 0));
  return rest + (has_other_sign ? b : -V{});  // -0.0 keeps the sign of a zero
}

}  // namespace gradus::kernels::GRADUS_ISA
