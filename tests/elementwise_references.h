// Scalar code for the elementwise ops that round at most once, by the name of the op.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <type_traits>

namespace gradus::kernels {

/// f without overflow: int64 wraps around.
template <class T>
T wrap(T a, T b, const std::function<uint64_t(uint64_t, uint64_t)>& f) {
  return static_cast<T>(f(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

template <class T>
std::map<std::string, std::function<T(T)>> unary_references() {
  std::map<std::string, std::function<T(T)>> all;
  all["relu"] = [](T x) { return x < T(0) ? T(0) : x; };
  all["sign"] = [](T x) { return T(x > T(0)) - T(x < T(0)); };
  if constexpr (std::is_integral_v<T>) {
    all["neg"] = [](T x) { return wrap<T>(0, x, std::minus<>()); };
    all["abs"] = [](T x) { return x < 0 ? wrap<T>(0, x, std::minus<>()) : x; };
    all["square"] = [](T x) { return wrap<T>(x, x, std::multiplies<>()); };
  } else {
    all["neg"] = [](T x) { return -x; };
    all["abs"] = [](T x) { return std::abs(x); };
    all["square"] = [](T x) { return x * x; };
    all["floor"] = [](T x) { return std::floor(x); };
    all["ceil"] = [](T x) { return std::ceil(x); };
    all["round"] = [](T x) { return std::nearbyint(x); };
    all["trunc"] = [](T x) { return std::trunc(x); };
    all["sqrt"] = [](T x) { return std::sqrt(x); };
    all["rsqrt"] = [](T x) { return T(1) / std::sqrt(x); };
    all["sin"] = [](T x) { return std::sin(x); };
    all["cos"] = [](T x) { return std::cos(x); };
  }
  if constexpr (std::is_same_v<T, double>) {
    all["exp"] = [](T x) { return std::exp(x); };
    all["log"] = [](T x) { return std::log(x); };
    all["tanh"] = [](T x) { return std::tanh(x); };
    all["erf"] = [](T x) { return std::erf(x); };
    all["expm1"] = [](T x) { return std::expm1(x); };
    all["log1p"] = [](T x) { return std::log1p(x); };
    all["log2"] = [](T x) { return std::log2(x); };
  }
  return all;
}

/// The remainder of a division that rounds to zero, and 0 after a division of an integer by 0.
template <class T>
T remainder_to_zero(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return b == 0 || b == -1 ? 0 : a % b;
  else
    return std::fmod(a, b);
}

template <class T>
std::map<std::string, std::function<T(T, T)>> binary_references() {
  std::map<std::string, std::function<T(T, T)>> all;
  const auto is_nan = [](T x) { return x != x; };
  all["maximum"] = [=](T a, T b) { return a > b || is_nan(a) ? a : b; };
  all["minimum"] = [=](T a, T b) { return a < b || is_nan(a) ? a : b; };
  all["clamp_min"] = [](T a, T b) { return a < b || b != b ? b : a; };
  all["clamp_max"] = [](T a, T b) { return a > b || b != b ? b : a; };
  all["fmod"] = remainder_to_zero<T>;
  all["remainder"] = [](T a, T b) {  // of a division that rounds down
    const T rest = remainder_to_zero<T>(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  };
  if constexpr (std::is_integral_v<T>) {
    all["bitwise_and"] = [](T a, T b) { return a & b; };
    all["bitwise_or"] = [](T a, T b) { return a | b; };
    all["bitwise_xor"] = [](T a, T b) { return a ^ b; };
    all["add"] = [](T a, T b) { return wrap<T>(a, b, std::plus<>()); };
    all["sub"] = [](T a, T b) { return wrap<T>(a, b, std::minus<>()); };
    all["mul"] = [](T a, T b) { return wrap<T>(a, b, std::multiplies<>()); };
    all["pow"] = [](T a, T b) {
      T power = 1;
      for (T i = 0; i < b; ++i)
        power = wrap<T>(power, a, std::multiplies<>());
      return power;
    };
  } else {
    all["add"] = [](T a, T b) { return a + b; };
    all["sub"] = [](T a, T b) { return a - b; };
    all["mul"] = [](T a, T b) { return a * b; };
    all["div"] = [](T a, T b) { return a / b; };
    all["pow"] = [](T a, T b) { return b == T(2) ? a * a : std::pow(a, b); };
  }
  return all;
}

}  // namespace gradus::kernels
