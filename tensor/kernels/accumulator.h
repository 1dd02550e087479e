#pragma once

#include <cstdint>
#include <type_traits>  // has no code, and so may be included in simd/

namespace gradus::kernels {

/// The type in which numbers of type T are added: double for float (2^24 ones in a float would stop
/// growing), unsigned for int64 (where overflow wraps instead of being undefined).
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

}  // namespace gradus::kernels
