// Which instruction set the kernels of simd/ use, and how the others call them.
#pragma once

namespace gradus::kernels {

/// Each has the instructions of those before it. The last two are AVX-512 with products of bfloat16
/// numbers: in vectors (AVX512_BF16), or in tiles of 16 x 16 sums (AMX).
enum class Isa { portable, avx2, avx512, avx512_bf16, amx };

/// The instruction set that the kernels use: the best one of this machine, or an older one named by
/// the environment variable GRADUS_CPU (portable, avx2, avx512, avx512_bf16, amx). It is read once.
Isa isa();
/// The value of GRADUS_CPU if it is none of these names, otherwise null.
const char* unknown_isa();

// The files of simd/ are compiled once for each instruction set, into a namespace of that name.
//
//   GRADUS_DECLARE_PER_ISA(float dot(const float* a, const float* b, int64_t n);)
//       declares the function in each of these namespaces.
//   GRADUS_DISPATCH(dot(a, b, n))
//       calls the one for isa().
#if defined(__x86_64__)
#define GRADUS_DECLARE_PER_ISA(...) \
  namespace portable {              \
  __VA_ARGS__                       \
  }                                 \
  namespace avx2 {                  \
  __VA_ARGS__                       \
  }                                 \
  namespace avx512 {                \
  __VA_ARGS__                       \
  }
#define GRADUS_DISPATCH(...)                  \
  (isa() >= Isa::avx512 ? avx512::__VA_ARGS__ \
   : isa() == Isa::avx2 ? avx2::__VA_ARGS__   \
                        : portable::__VA_ARGS__)
#else
#define GRADUS_DECLARE_PER_ISA(...) \
  namespace portable {              \
  __VA_ARGS__                       \
  }
#define GRADUS_DISPATCH(...) (portable::__VA_ARGS__)
#endif

}  // namespace gradus::kernels
