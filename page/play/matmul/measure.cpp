#include "page/play/matmul/measure.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>

#include "gradus.h"
#include "page/play/matmul/plain.h"
#include "page/play/matmul/steps.h"
#include "tensor/kernels/gemm.h"
#include "tensor/kernels/parallel.h"

namespace gradus::page {
namespace {

constexpr int kSums = 12;

using Multiply = void (*)(float*, const float*, const float*, int64_t);

void library(float* C, const float* A, const float* B, int64_t n) {
  kernels::gemm<float>({C, n, 1}, {A, n, 1}, {B, n, 1}, n, n, n, {});
}

double now() {
  using std::chrono::duration;
  return duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double best_time(const std::function<void()>& work, double seconds) {
  double best = 0;
  for (const double start = now(); best == 0 || now() - start < seconds;) {
    const double before = now();
    work();
    const double time = now() - before;
    best = best == 0 ? time : std::min(best, time);
  }
  return best;
}

/// The sums are independent, and more than a multiply-add takes cycles. They differ, and the
/// factors are not known to the compiler, which would otherwise do a part of the work.
float multiply_add(int64_t rounds) {
  static volatile float factor = 0.5F;
  const Plain::Vector a = Plain::Vector{} + factor;
  const Plain::Vector b = a * 0.5F;
  Plain::Vector sums[kSums] = {};
  for (int i = 0; i < kSums; ++i)
    sums[i] += static_cast<float>(i);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 32
    for (int s = 0; s < kSums; ++s)
      sums[s] = sums[s] * a + b;
  }
  Plain::Vector total = {};
  for (int i = 0; i < kSums; ++i)
    total += sums[i];
  float sum = 0;
  for (int64_t i = 0; i < Plain::kWidth; ++i)
    sum += total[i];
  return sum;
}

double peak_flops(double seconds) {
  constexpr int64_t kRounds = 1 << 18;
  volatile float result = 0;
  const double time = best_time([&] { result = multiply_add(kRounds); }, seconds);
  return static_cast<double>(kRounds) * kSums * 2 * static_cast<double>(Plain::kWidth) / time;
}

std::string place() {
#if defined(__wasm__)
  return "this tab (WebAssembly)";
#else
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name"))
      return line.substr(line.find(':') + 2) + ", when this page was written";
  return "the machine that wrote this page";
#endif
}

/// One thread until the end of the scope.
class OneThread {
 public:
  OneThread() { kernels::set_num_threads(1); }
  ~OneThread() { kernels::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int before_ = kernels::get_num_threads();
};

}  // namespace

Measured measure(int64_t n, double seconds) {
  check(n >= 256 && n <= 2048 && n % 256 == 0,
        "measure: the size must be a multiple of 256 up to 2048, got {}", n);
  const OneThread one_thread;
  const Tensor A = rand({n, n}) - 0.5;
  const Tensor B = rand({n, n}) - 0.5;
  const Tensor C = empty({n, n});
  const Tensor expected = A.matmul(B);
  const Multiply steps[] = {
      three_loops<Plain>, loop_order<Plain>, blocks<Plain>, register_tile<Plain>,
      packing<Plain>,     vectors<Plain>,    library};
  Measured measured{
      .where = place(), .size = n, .vector = Plain::kBytes, .peak = peak_flops(seconds) * 1e-9};
  for (const Multiply step : steps) {
    const auto work = [&] {
      step(C.data_ptr<float>(), A.data_ptr<float>(), B.data_ptr<float>(), n);
    };
    const double time = best_time(work, seconds);
    check(allclose(C, expected, 1e-3, 1e-3), "measure: step {} computes another product",
          measured.gflops.size() + 1);
    measured.gflops.push_back(2e-9 * static_cast<double>(n * n * n) / time);
  }
  measured.peak = std::max(measured.peak, peak_flops(seconds) * 1e-9);  // other programs disturb
  return measured;
}

}  // namespace gradus::page
