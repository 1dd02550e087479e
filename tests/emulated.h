// Tests under an emulator, which is 10 to 50 times slower than the processor.
#pragma once

#include <cstdlib>

namespace gradus {

/// Whether the processor is emulated (cmake/aarch64-linux-gnu.cmake). Tests that draw tens of
/// millions of numbers are shorter then, and tests with threads are skipped.
inline bool emulated() { return std::getenv("GRADUS_EMULATED") != nullptr; }

}  // namespace gradus
