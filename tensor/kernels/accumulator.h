#pragma once

#include <cstdint>

namespace gradus::kernels {

/// The type in which numbers of type T are added: double for float (2^24 ones in a float would stop growing), unsigned
/// for int64 (where overflow wraps instead of being undefined).
template <class T> struct AccumulatorOf { using type = double; };
template <> struct AccumulatorOf<int64_t> { using type = uint64_t; };
template <> struct AccumulatorOf<bool> { using type = uint64_t; };
template <> struct AccumulatorOf<uint64_t> { using type = uint64_t; };
template <class T> using Accumulator = typename AccumulatorOf<T>::type;

}  // namespace gradus::kernels
