#pragma once

#include <cstdint>
#include <type_traits>  // contains no code, so files of simd/ may include it

namespace gradus::kernels {

/// The type in which numbers of type T are added: double for float, since a sum of ones in a float
/// would stop growing at 2^24, and unsigned for int64, since signed overflow is undefined.
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

}  // namespace gradus::kernels
