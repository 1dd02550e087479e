#include "tensor/kernels/isa.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace gradus::kernels {
namespace {

constexpr std::string_view kNames[] = {"portable", "avx2", "avx512", "avx512_bf16", "amx"};

#if defined(__x86_64__)
/// Whether the processor has AMX for bfloat16 and the system lets this process use its registers:
/// Linux has to be asked, because they make the state of a thread 8 KiB larger.
bool may_use_amx() {
#if defined(__linux__)
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned kAmxBf16 = 1u << 22;
  constexpr unsigned kAmxTile = 1u << 24;
  if ((edx & kAmxBf16) == 0 || (edx & kAmxTile) == 0) return false;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

/// The best one that is not better than `most`. AVX512_BF16 is faster than float32 on AMD's
/// processors; on Intel's (Sapphire Rapids was measured) it takes twice as long, and is used only
/// if it is `asked_for`.
Isa best_up_to(Isa most, bool asked_for) {
  __builtin_cpu_init();
  if (most < Isa::avx2 || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return Isa::portable;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (most < Isa::avx512 || !avx512) return Isa::avx2;
  if (most < Isa::avx512_bf16 || !__builtin_cpu_supports("avx512bf16")) return Isa::avx512;
  if (most >= Isa::amx && may_use_amx()) return Isa::amx;
  return asked_for || __builtin_cpu_is("amd") ? Isa::avx512_bf16 : Isa::avx512;
}
#else
Isa best_up_to(Isa, bool) { return Isa::portable; }
#endif

Isa choose() {
  const char* const variable = std::getenv("GRADUS_CPU");
  const auto* const name =
      std::find(std::begin(kNames), std::end(kNames), variable ? variable : "amx");
  const auto number = static_cast<int>(name - std::begin(kNames));
  const auto most = static_cast<Isa>(std::min(number, static_cast<int>(Isa::amx)));
  return best_up_to(most, /*asked_for=*/most == Isa::avx512_bf16);
}

}  // namespace

const char* unknown_isa() {
  const char* const variable = std::getenv("GRADUS_CPU");
  if (variable == nullptr || *variable == '\0') return nullptr;
  const bool is_known =
      std::find(std::begin(kNames), std::end(kNames), variable) != std::end(kNames);
  return is_known ? nullptr : variable;
}

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

}  // namespace gradus::kernels
