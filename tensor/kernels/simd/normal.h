#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

// PyTorch's normals, from uniform numbers where they lie: in every full block of 16 numbers, x[j]
// gives the radius and x[j + 8] the angle of the two normals that replace them (Box and Muller
// 1958). The numbers left over stay. And x = low + x * width, rounded once. float, double.
GRADUS_DECLARE_PER_ISA(template <class T> void normal_blocks(T* x, int64_t n, T mean, T std);
                       template <class T> void stretch(T* x, int64_t n, T low, T width);)

}  // namespace gradus::kernels
