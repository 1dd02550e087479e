#include "tensor/kernels/isa.h"

#include <cstdlib>
#include <string_view>

namespace gradus::kernels {
namespace {

Isa choose() {
  const char* const variable = std::getenv("GRADUS_CPU");
  [[maybe_unused]] const std::string_view best = variable == nullptr ? "avx512" : variable;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 =
      best != "portable" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && best != "avx2" && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  if (avx2) return avx512 ? Isa::avx512 : Isa::avx2;
#endif
  return Isa::portable;
}

}  // namespace

const char* unknown_isa() {
  const char* const variable = std::getenv("GRADUS_CPU");
  if (variable == nullptr) return nullptr;
  const std::string_view name = variable;
  const bool is_known = name.empty() || name == "portable" || name == "avx2" || name == "avx512";
  return is_known ? nullptr : variable;
}

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

}  // namespace gradus::kernels
