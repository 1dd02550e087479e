// Normal random numbers from uniform ones, compiled per instruction set.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

// PyTorch's normal numbers, computed in place from uniform numbers in [0, 1), by the Box-Muller
// transform (Box and Muller, "A note on the generation of random normal deviates", 1958). In each
// full block of 16 numbers u, for j = 0 ... 7:
//
//   radius   = sqrt(-2 log(1 - u_j))
//   angle    = 2 pi u_(j + 8)
//   x_j      = mean + std radius cos(angle)
//   x_(j+8)  = mean + std radius sin(angle)
//
// A last block of fewer than 16 numbers is left as it is.
//
// stretch: x = low + x (high - low), rounded once, or low where that rounds to high, so that the
// interval stays half-open. float, double.
GRADUS_DECLARE_PER_ISA(template <class T> void normal_blocks(T* x, int64_t n, T mean, T std);
                       template <class T> void stretch(T* x, int64_t n, T low, T high);)

}  // namespace gradus::kernels
