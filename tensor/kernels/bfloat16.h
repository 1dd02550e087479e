// BFloat16, a number of 2 bytes.
#pragma once

#include <bit>
#include <cstdint>

namespace gradus {

/// The upper half of a float: the same range, with 8 significant bits instead of 24.
struct BFloat16 {
  uint16_t bits;

  BFloat16() = default;
  /// The nearest BFloat16, of two equally near ones that with an even last bit. A number beyond the
  /// largest one becomes infinite.
  explicit constexpr BFloat16(float value) : bits(upper_half(std::bit_cast<uint32_t>(value))) {}
  // NOLINTNEXTLINE: implicit, because it changes no value
  constexpr operator float() const {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }

 private:
  static constexpr uint16_t upper_half(uint32_t float_bits) {
    const bool is_nan = (float_bits & 0x7fffffffU) > 0x7f800000U;
    // Just below half of the last bit, or half if that bit is 1: what is added rounds up in time.
    const uint32_t rounding = 0x7fffU + (float_bits >> 16 & 1U);
    const uint32_t rounded = is_nan ? float_bits | 0x00400000U : float_bits + rounding;
    return static_cast<uint16_t>(rounded >> 16);
  }
};

}  // namespace gradus
