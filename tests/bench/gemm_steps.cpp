// ./run bench gemm-steps: from three loops to the library's matrix product, one idea at a time,
// each measured. tensor/kernels/README.md explains the steps. C = A B for square row-major matrices
// whose size is a multiple of all block sizes.
//
// This file is compiled for the machine it runs on, without automatic vectorisation, so that each
// step measures one idea only.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "gradus.h"
#include "tensor/kernels/gemm.h"
#include "tensor/kernels/parallel.h"
#include "tests/bench/peaks.h"
#include "tests/bench/protocol.h"

namespace {

using gradus::kernels::parallel_for;

// 1. The definition.
void three_loops(float* C, const float* A, const float* B, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < n; ++k)
        sum += A[i * n + k] * B[k * n + j];
      C[i * n + j] = sum;
    }
  }
}

// 2. The same sums with the innermost loop along rows.
void loop_order(float* C, const float* A, const float* B, int64_t n) {
  std::fill(C, C + n * n, 0.0F);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t j = 0; j < n; ++j)
        C[i * n + j] += A[i * n + k] * B[k * n + j];
    }
  }
}

// A block of B: 128 KiB.
constexpr int64_t kDepth = 256;
constexpr int64_t kColumns = 128;

// 3. A block of B is used for all rows of A before the next one is read.
void blocks(float* C, const float* A, const float* B, int64_t n) {
  std::fill(C, C + n * n, 0.0F);
  for (int64_t j0 = 0; j0 < n; j0 += kColumns) {
    for (int64_t k0 = 0; k0 < n; k0 += kDepth) {
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t k = k0; k < k0 + kDepth; ++k) {
          for (int64_t j = j0; j < j0 + kColumns; ++j)
            C[i * n + j] += A[i * n + k] * B[k * n + j];
        }
      }
    }
  }
}

/// A part of a row-major or packed matrix: element (i, j) is data[i * row_stride + j * col_stride].
struct Part {
  const float* data;
  int64_t row_stride;
  int64_t col_stride;
};

// 4. A tile of C stays in registers while k runs: c += a b.
struct ScalarTile {
  static constexpr int64_t kRows = 4;
  static constexpr int64_t kColumns = 2;
  static void add(float* c, int64_t c_row_stride, Part a, Part b) {
    float sum[kRows][kColumns] = {};
    for (int64_t k = 0; k < kDepth; ++k) {
#pragma GCC unroll 16
      for (int64_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
        for (int64_t j = 0; j < kColumns; ++j)
          sum[i][j] += a.data[i * a.row_stride] * b.data[j];
      }
      a.data += a.col_stride;
      b.data += b.row_stride;
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
      for (int64_t j = 0; j < kColumns; ++j)
        c[i * c_row_stride + j] += sum[i][j];
    }
  }
};

void register_tile(float* C, const float* A, const float* B, int64_t n) {
  std::fill(C, C + n * n, 0.0F);
  for (int64_t j0 = 0; j0 < n; j0 += kColumns) {
    for (int64_t k0 = 0; k0 < n; k0 += kDepth) {
      for (int64_t i = 0; i < n; i += ScalarTile::kRows) {
        for (int64_t j = j0; j < j0 + kColumns; j += ScalarTile::kColumns)
          ScalarTile::add(C + i * n + j, n, {A + i * n + k0, n, 1}, {B + k0 * n + j, n, 1});
      }
    }
  }
}

// 5. The numbers that a tile reads are first copied ("packed") in the order in which it reads them.
constexpr int64_t kRows = 128;  // of A in a packed block: 128 KiB

/// The rows i0 ... i0 + kRows - 1 and kDepth columns of A, in panels of Tile::kRows rows.
template <class Tile>
void pack_a(float* packed, const float* A, int64_t n, int64_t i0, int64_t k0) {
  for (int64_t i = i0; i < i0 + kRows; i += Tile::kRows) {
    for (int64_t k = k0; k < k0 + kDepth; ++k) {
      for (int64_t r = 0; r < Tile::kRows; ++r)
        *packed++ = A[(i + r) * n + k];
    }
  }
}

template <class Tile>
void packed_rows(float* C, const float* A, const float* B, int64_t n, int64_t begin, int64_t end) {
  std::vector<float> a_block(kRows * kDepth);
  std::vector<float> b_panel(Tile::kColumns * kDepth);
  std::fill(C + begin * n, C + end * n, 0.0F);
  for (int64_t i0 = begin; i0 < end; i0 += kRows) {
    for (int64_t k0 = 0; k0 < n; k0 += kDepth) {
      pack_a<Tile>(a_block.data(), A, n, i0, k0);
      for (int64_t j = 0; j < n; j += Tile::kColumns) {
        for (int64_t k = 0; k < kDepth; ++k)
          std::copy_n(B + (k0 + k) * n + j, Tile::kColumns, b_panel.data() + k * Tile::kColumns);
        for (int64_t i = i0; i < i0 + kRows; i += Tile::kRows) {
          Tile::add(C + i * n + j, n, {a_block.data() + (i - i0) * kDepth, 1, Tile::kRows},
                    {b_panel.data(), Tile::kColumns, 1});
        }
      }
    }
  }
}

void packing(float* C, const float* A, const float* B, int64_t n) {
  packed_rows<ScalarTile>(C, A, B, n, 0, n);
}

// 6. The same tile with rows of vectors: one instruction multiplies and adds 4, 8 or 16 numbers.
#if defined(__AVX512F__)
constexpr int64_t kBytes = 64;
constexpr int64_t kTileRows = 8;
#elif defined(__AVX__)
constexpr int64_t kBytes = 32;
constexpr int64_t kTileRows = 4;
#else
constexpr int64_t kBytes = 16;
constexpr int64_t kTileRows = 4;
#endif
typedef float Vector __attribute__((vector_size(kBytes), aligned(4), may_alias));

struct VectorTile {
  static constexpr int64_t kWidth = kBytes / 4;
  static constexpr int64_t kRows = kTileRows;
  static constexpr int64_t kColumns = 2 * kWidth;
  static void add(float* c, int64_t c_row_stride, Part a, Part b) {
    Vector sum[kRows][2] = {};
    for (int64_t k = 0; k < kDepth; ++k) {
      const Vector left = *reinterpret_cast<const Vector*>(b.data);
      const Vector right = *reinterpret_cast<const Vector*>(b.data + kWidth);
#pragma GCC unroll 16
      for (int64_t i = 0; i < kRows; ++i) {
        sum[i][0] += a.data[i * a.row_stride] * left;
        sum[i][1] += a.data[i * a.row_stride] * right;
      }
      a.data += a.col_stride;
      b.data += b.row_stride;
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kRows; ++i) {
      *reinterpret_cast<Vector*>(c + i * c_row_stride) += sum[i][0];
      *reinterpret_cast<Vector*>(c + i * c_row_stride + kWidth) += sum[i][1];
    }
  }
};

void vectors(float* C, const float* A, const float* B, int64_t n) {
  packed_rows<VectorTile>(C, A, B, n, 0, n);
}

// 7. Every thread computes its own rows of C.
void threads(float* C, const float* A, const float* B, int64_t n) {
  parallel_for(n / kRows, 1, [=](int64_t begin, int64_t end) {
    packed_rows<VectorTile>(C, A, B, n, begin * kRows, end * kRows);
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
  return {{"1", "three loops", three_loops, 1},
          {"2", "loop order", loop_order, 1},
          {"3", "blocks", blocks, 1},
          {"4", "register tile", register_tile, 1},
          {"5", "packing", packing, 1},
          {"6", "vectors", vectors, 1},
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
  loop_order(numbers(expected), numbers(A), numbers(B), n);
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
