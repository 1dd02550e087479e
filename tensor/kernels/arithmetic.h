// What an elementwise loop does to one element, where C++ itself has no word for it. Signed
// overflow is undefined in C++; here int64 wraps, as in PyTorch.
#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <type_traits>

#include "tensor/kernels/simd/elementwise.h"

namespace gradus::kernels {

/// The type in which T is added and multiplied without undefined overflow.
template <class T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

/// f, for which loops over floats use vectors: OP is a Map, Zip or Compare that gives the same
/// bits.
template <auto OP, class F>
struct WithVectors : F {
  static constexpr auto kOp = OP;
};
template <auto OP, class F>
constexpr WithVectors<OP, F> with_vectors(F f) {
  return {f};
}

inline constexpr auto plus = with_vectors<Zip::add>([]<class T>(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
});
inline constexpr auto minus = with_vectors<Zip::sub>([]<class T>(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
});
inline constexpr auto times = with_vectors<Zip::mul>([]<class T>(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
});
/// Whole numbers divided by 0 give 0.
inline constexpr auto over = with_vectors<Zip::div>(
    []<class T>(T a, T b) { return std::is_integral_v<T> && b == T(0) ? T(0) : a / b; });
inline constexpr auto equal = with_vectors<Compare::eq>(std::equal_to<>());
inline constexpr auto not_equal = with_vectors<Compare::ne>(std::not_equal_to<>());
inline constexpr auto less = with_vectors<Compare::lt>(std::less<>());
inline constexpr auto less_equal = with_vectors<Compare::le>(std::less_equal<>());
inline constexpr auto greater = with_vectors<Compare::gt>(std::greater<>());
inline constexpr auto greater_equal = with_vectors<Compare::ge>(std::greater_equal<>());

inline constexpr auto negative = with_vectors<Map::neg>(
    []<class T>(T x) { return static_cast<T>(-static_cast<Wrapping<T>>(x)); });
inline constexpr auto magnitude = with_vectors<Map::abs>([]<class T>(T x) {
  if constexpr (std::is_integral_v<T>)
    return x < T(0) ? negative(x) : x;
  else
    return std::abs(x);
});
inline constexpr auto positive_part =
    with_vectors<Map::relu>([]<class T>(T x) { return x < T(0) ? T(0) : x; });  // keeps NaN

/// base^exponent of whole numbers, exponent >= 0, by repeated squaring.
template <class T>
T whole_power(T base, T exponent) {
  T power = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) power = times(power, base);
    base = times(base, base);
  }
  return power;
}
inline constexpr auto power = []<class T>(T x, T p) {
  if constexpr (std::is_integral_v<T>)
    return whole_power(x, p);
  else
    return p == T(2) ? x * x : std::pow(x, p);
};

/// x as a Y. What int64 cannot hold becomes its smallest number, as on x86; bool is whether x is
/// not 0.
template <class Y, class X>
Y convert(X x) {
  if constexpr (std::is_same_v<Y, int64_t> && std::is_floating_point_v<X>) {
    return x >= X(-0x1p63) && x < X(0x1p63) ? static_cast<int64_t>(x)
                                            : std::numeric_limits<int64_t>::min();
  } else if constexpr (std::is_same_v<Y, bool>) {
    return x != X(0);
  } else {
    return static_cast<Y>(x);
  }
}

/// Whether |a - b| <= atol + rtol |b|; equal infinities are close, NaNs if asked for.
template <class T>
bool is_close(T a, T b, double rtol, double atol, bool equal_nan) {
  const auto x = static_cast<double>(a);
  const auto y = static_cast<double>(b);
  if (a == b) return true;
  if (std::isnan(x) || std::isnan(y)) return equal_nan && std::isnan(x) && std::isnan(y);
  return std::isfinite(y) && std::abs(x - y) <= atol + rtol * std::abs(y);
}

}  // namespace gradus::kernels
