// Sums and products of single numbers. Signed overflow is undefined in C++; here int64 wraps
// around, as in PyTorch.
#pragma once
#include <cstdint>
#include <type_traits>

namespace gradus::kernels {

/// The type in which T is added and multiplied without undefined overflow.
template <class T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

template <class T>
constexpr T wrapping_add(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T>
constexpr T wrapping_mul(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}

}  // namespace gradus::kernels
