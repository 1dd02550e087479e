#include "tests/bench/peaks.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "tests/bench/protocol.h"

#if defined(__x86_64__)
#define BENCH_AVX2 __attribute__((target("avx2,fma")))
#define BENCH_AVX512 __attribute__((target("avx512f")))
#endif

namespace bench {
namespace {

typedef float Float4 __attribute__((vector_size(16)));
typedef float Float8 __attribute__((vector_size(32)));
typedef float Float16 __attribute__((vector_size(64)));

// The sums are independent, and there are more of them than a multiply-add takes cycles. The asm
// keeps them in registers and prevents the compiler from removing them.
#define BENCH_MULTIPLY_ADD(Vector, SUMS)                            \
  Vector sum[SUMS] = {}, a = Vector{} + 0.5F, b = Vector{} + 0.25F; \
  for (int64_t i = 0; i < rounds; ++i) {                            \
    _Pragma("GCC unroll 32") for (int s = 0; s < SUMS; ++s) {       \
      sum[s] = sum[s] * a + b;                                      \
      __asm__ volatile("" : "+" BENCH_REGISTER(sum[s]));            \
    }                                                               \
  }                                                                 \
  return static_cast<double>(rounds) * SUMS * 2 * (sizeof(Vector) / sizeof(float));

#if defined(__x86_64__)
#define BENCH_REGISTER "v"
#else
#define BENCH_REGISTER "w"
#endif

/// Does `rounds` rounds of multiply-adds and returns the number of operations.
double multiply_add(int64_t rounds){BENCH_MULTIPLY_ADD(Float4, 12)}
#if defined(__x86_64__)
BENCH_AVX2 double multiply_add_avx2(int64_t rounds){BENCH_MULTIPLY_ADD(Float8, 12)} BENCH_AVX512
    double multiply_add_avx512(int64_t rounds) {
  BENCH_MULTIPLY_ADD(Float16, 24)
}
#endif

/// Sums n numbers, where n is a multiple of 64.
#define BENCH_READ(Vector)                                        \
  constexpr int64_t W = sizeof(Vector) / sizeof(float);           \
  Vector sum[4] = {};                                             \
  for (int64_t i = 0; i < n; i += 4 * W) {                        \
    _Pragma("GCC unroll 4") for (int s = 0; s < 4; ++s) sum[s] += \
        *reinterpret_cast<const Vector*>(x + i + s * W);          \
  }                                                               \
  const Vector total = sum[0] + sum[1] + sum[2] + sum[3];         \
  return total[0];
float read_all(const float* x, int64_t n){BENCH_READ(Float4)}
#if defined(__x86_64__)
BENCH_AVX2 float read_all_avx2(const float* x, int64_t n) {
  BENCH_READ(Float8)
}
#endif

/// The time from the start of the first thread to the end of the last.
double in_threads(int threads, const std::function<void(int)>& body) {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      ++ready;
      while (!go) {
      }
      body(t);
    });
  }
  while (ready < threads) {
  }
  const double start = now();
  go = true;
  for (std::thread& thread : all)
    thread.join();
  return now() - start;
}

double peak_flops(int threads, double seconds) {
  std::vector<std::function<double(int64_t)>> loops = {multiply_add};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    loops.emplace_back(multiply_add_avx2);
  if (__builtin_cpu_supports("avx512f")) loops.emplace_back(multiply_add_avx512);
#endif
  double best = 0;
  for (const auto& loop : loops) {
    const double start = now();
    loop(1 << 20);
    const int64_t rounds =
        std::max<int64_t>(1, static_cast<int64_t>((1 << 20) * seconds / 4 / (now() - start)));
    for (int repeat = 0; repeat < 4; ++repeat) {
      std::vector<double> done(static_cast<size_t>(threads));
      const double time =
          in_threads(threads, [&](int t) { done[static_cast<size_t>(t)] = loop(rounds); });
      double flops = 0;
      for (const double d : done)
        flops += d;
      best = std::max(best, flops / time);
    }
  }
  return best;
}

double peak_bandwidth(int threads, double seconds) {
  constexpr int64_t huge_page = 2 << 20;
  constexpr int64_t length = int64_t{128} << 20;  // 512 MiB of float
  const std::unique_ptr<float[], decltype(&std::free)> memory(
      static_cast<float*>(std::aligned_alloc(huge_page, length * sizeof(float))), std::free);
  if (!memory) return 0;
#if defined(MADV_HUGEPAGE)
  madvise(memory.get(), length * sizeof(float), MADV_HUGEPAGE);
#endif
  std::fill(memory.get(), memory.get() + length, 1.0F);
  auto read = read_all;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) read = read_all_avx2;
#endif
  const int64_t share = length / threads / 64 * 64;
  double best = 0;
  for (const double start = now(); best == 0 || now() - start < seconds;) {
    std::vector<float> sums(static_cast<size_t>(threads));
    const double time = in_threads(threads, [&](int t) {
      sums[static_cast<size_t>(t)] = read(memory.get() + t * share, share);
    });
    best = std::max(best, static_cast<double>(share * threads) * sizeof(float) / time);
  }
  return best;
}

}  // namespace

Peaks measure_peaks(int threads, double seconds) {
  return {peak_flops(threads, seconds), peak_bandwidth(threads, seconds)};
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

}  // namespace bench
