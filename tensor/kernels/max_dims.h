// The limit on dimensions, which shapes and strided loops share.
#pragma once
#include <cstddef>

namespace gradus::kernels {

/// The most dimensions a tensor may have.
inline constexpr size_t kMaxDims = 8;

}  // namespace gradus::kernels
