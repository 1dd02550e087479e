#include "tensor/kernels/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace gradus::kernels {
namespace {

Isa best_of_machine() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return Isa::avx512;
  if (avx2) return Isa::avx2;
#endif
  return Isa::portable;
}

Isa choose() {
  const Isa best = best_of_machine();
  const char* wish = std::getenv("GRADUS_CPU");
  if (wish == nullptr) return best;
  if (std::string_view(wish) == "portable") return Isa::portable;
  if (std::string_view(wish) == "avx2") return std::min(best, Isa::avx2);
  return best;
}

}  // namespace

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

}  // namespace gradus::kernels
