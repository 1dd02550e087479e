#pragma once

namespace gradus::kernels {

enum class Isa { portable, avx2, avx512 };

/// The instruction set the kernels use: the best this machine has, or a lesser one named by the environment variable
/// GRADUS_CPU (portable, avx2, avx512). Read once.
Isa isa();

}  // namespace gradus::kernels
