// The memory and the vectors of this machine, for the steps of steps.h. A file that includes it
// chooses the vectors by its compiler options.
#pragma once
#include <cstdint>
#include <vector>

namespace gradus::page {
namespace {  // each file has its own vectors

struct Plain {
  using Out = float*;
  using In = const float*;
  // Blocks of 128 KiB.
  static constexpr int64_t kRows = 128;
  static constexpr int64_t kDepth = 256;
  static constexpr int64_t kColumns = 128;

#if defined(__AVX512F__)
  static constexpr int64_t kBytes = 64;
  static constexpr int64_t kVectorRows = 8;
#elif defined(__AVX__)
  static constexpr int64_t kBytes = 32;
  static constexpr int64_t kVectorRows = 4;
#else
  static constexpr int64_t kBytes = 16;
  static constexpr int64_t kVectorRows = 4;
#endif
  static constexpr int64_t kWidth = kBytes / 4;
  typedef float Vector __attribute__((vector_size(kBytes), aligned(4), may_alias));

  static Vector load(In from) { return *reinterpret_cast<const Vector*>(from); }
  static void add_to(Out to, const Vector& x) { *reinterpret_cast<Vector*>(to) += x; }

  class Buffer {
   public:
    Buffer(const char* /*name*/, int64_t n) : numbers_(static_cast<size_t>(n)) {}
    float* data() { return numbers_.data(); }

   private:
    std::vector<float> numbers_;
  };
};

}  // namespace
}  // namespace gradus::page
