#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace gradus::kernels {

/// The float that a 16-bit IEEE float stands for.
inline float from_half(uint16_t bits) {
  const float size = std::bit_cast<float>((bits & 0x7FFFu) << 13) * 0x1p112f;  // exact, for subnormal ones as well
  const float special = (bits & 0x3FFu) == 0 ? INFINITY : NAN;
  return std::copysign(size < 0x1p16f ? size : special, bits >> 15 != 0 ? -1.0f : 1.0f);
}

/// The float whose upper half a bfloat16 is.
inline float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

}  // namespace gradus::kernels
