// ./run bench gemm-steps: from three loops to the library's matrix product, one idea at a time,
// each measured. The steps are in page/play/matmul/steps.h; tensor/kernels/README.md explains them.
//
// This file is compiled for the machine it runs on, without automatic vectorisation, so that each
// step measures one idea only.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "gradus.h"
#include "page/play/matmul/plain.h"
#include "page/play/matmul/steps.h"
#include "tensor/kernels/gemm.h"
#include "tensor/kernels/parallel.h"
#include "tests/bench/peaks.h"
#include "tests/bench/protocol.h"

namespace {

using gradus::kernels::parallel_for;
using namespace gradus::page;

// 7. Every thread computes its own rows of C.
void threads(float* C, const float* A, const float* B, int64_t n) {
  parallel_for(n / Plain::kRows, 1, [=](int64_t begin, int64_t end) {
    packed_rows<Plain, VectorTile<Plain>>(C, A, B, n, begin * Plain::kRows, end * Plain::kRows);
  });
}

// 8. The library's product: any sizes and strides, the largest tile that fits into the registers,
// no packing where it does not pay.
void library(float* C, const float* A, const float* B, int64_t n) {
  gradus::kernels::gemm<float>({C, n, 1}, {A, n, 1}, {B, n, 1}, n, n, n, {});
}

struct Step {
  const char* name;
  const char* title;
  void (*multiply)(float*, const float*, const float*, int64_t);
  int threads;
};

/// The steps, the last two with one and with all threads.
std::vector<Step> steps_with(int all_threads) {
  return {{"1", "three loops", three_loops<Plain>, 1},
          {"2", "loop order", loop_order<Plain>, 1},
          {"3", "blocks", blocks<Plain>, 1},
          {"4", "register tile", register_tile<Plain>, 1},
          {"5", "packing", packing<Plain>, 1},
          {"6", "vectors", vectors<Plain>, 1},
          {"7", "threads", threads, all_threads},
          {"8", "the library, 1 thread", library, 1},
          {"8", "the library, all threads", library, all_threads}};
}

float* numbers(const gradus::Tensor& x) { return x.data_ptr<float>(); }

int run(int64_t n) {
  const int all_threads = gradus::kernels::get_num_threads();
  const gradus::Tensor A = gradus::rand({n, n}) - 0.5;
  const gradus::Tensor B = gradus::rand({n, n}) - 0.5;
  const gradus::Tensor C = gradus::empty({n, n});
  const gradus::Tensor expected = gradus::empty({n, n});
  loop_order<Plain>(numbers(expected), numbers(A), numbers(B), n);
  const bench::Peaks one = bench::measure_peaks(1, 0.5);
  const bench::Peaks many = bench::measure_peaks(all_threads, 0.5);
  fmt::print(
      "C = A B, {0} x {0} x {0}, float32, on {1}\npeak: {2:.0f} GFLOP/s with 1 thread, {3:.0f} "
      "with {4}\n\n",
      n, bench::processor_name(), one.flops * 1e-9, many.flops * 1e-9, all_threads);
  fmt::print(
      "step                          threads   GFLOP/s   of the peak   times the previous step\n");
  double previous_flops = 0;
  for (const Step& step : steps_with(all_threads)) {
    gradus::kernels::set_num_threads(step.threads);
    const double time =
        bench::best_time({[&] { step.multiply(numbers(C), numbers(A), numbers(B), n); }}, 0.5);
    if (!gradus::allclose(C, expected, 1e-3, 1e-3)) {
      fmt::print(stderr, "bench: step {} is wrong\n", step.name);
      return 1;
    }
    const double flops = 2.0 * static_cast<double>(n * n * n) / time;
    const double peak = (step.threads == 1 ? one : many).flops;
    const bool has_previous_step = previous_flops > 0 && *step.name != '8';
    fmt::print("{}  {:<27}{:>6} {:>10.1f} {:>12.1f}% {:>10}\n", step.name, step.title, step.threads,
               flops * 1e-9, 100 * flops / peak,
               has_previous_step ? fmt::format("{:.1f}", flops / previous_flops) : "");
    std::fflush(stdout);
    previous_flops = flops;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t n = argc > 1 ? std::atoll(argv[1]) : 1024;
  if (argc > 2 || n < 256 || n > 8192 || n % 256 != 0) {
    fmt::print(stderr,
               "usage: ./run bench gemm-steps [N], N a multiple of 256 up to 8192 (1024)\n");
    return 2;
  }
  return run(n);
}
