// Elementwise ops on floats and doubles, by the vectors of simd/elementwise.h whatever the strides: the same numbers
// give the same bits in any layout.
#pragma once
#include "tensor/kernels/simd/elementwise.h"
#include "tensor/kernels/strided.h"

namespace gradus::kernels {

template <class T> void map(T* y, const T* x, const Walk<2>& walk, Map op);
template <class T> void zip(T* y, const T* a, const T* b, const Walk<3>& walk, Zip op);

/// y = condition ? a : b. Any of the four types.
template <class T> void choose(T* y, const bool* condition, const T* a, const T* b, const Walk<4>& walk);

/// x[i] = value
template <class T> void fill(T* x, int64_t n, T value);

/// y = x, where one may be the other's transpose. Any of the four types.
template <class T> void copy(T* y, const T* x, const Walk<2>& walk);

}  // namespace gradus::kernels
