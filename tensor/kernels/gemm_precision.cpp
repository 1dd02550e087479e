#include "tensor/kernels/gemm_precision.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "tensor/kernels/bfloat16/gemm.h"
#include "tensor/kernels/parallel.h"

namespace gradus::kernels {
namespace {

std::atomic<MatmulPrecision> chosen_precision{MatmulPrecision::highest};

}  // namespace

void set_matmul_precision(MatmulPrecision precision) {
  chosen_precision.store(precision, std::memory_order_relaxed);
}

MatmulPrecision matmul_precision() { return chosen_precision.load(std::memory_order_relaxed); }

bool has_bfloat16_products() { return isa() >= Isa::avx512_bf16; }

#if defined(__x86_64__)

namespace {

Magnitudes joined(const Magnitudes& a, const Magnitudes& b) {
  return {.largest = std::max(a.largest, b.largest),
          .smallest = std::min(a.smallest - 1, b.smallest - 1) + 1};  // 0: there is none
}

/// The magnitudes of `batch` matrices (rows, columns) at x.data + offsets[b].
Magnitudes magnitudes_of(Matrix<const float> x, const int64_t* offsets, int64_t batch, int64_t rows,
                         int64_t columns) {
  if (x.row_stride == 1) {
    std::swap(x.row_stride, x.col_stride);
    std::swap(rows, columns);
  }
  const int64_t rows_of_part = std::clamp<int64_t>((1 << 16) / columns, 1, rows);
  const int64_t parts = (rows + rows_of_part - 1) / rows_of_part;
  std::vector<Magnitudes> found(static_cast<size_t>(batch * parts));
  parallel_for(batch * parts, grain_for(rows_of_part * columns / 16),
               [&](int64_t from, int64_t to) {
                 for (int64_t i = from; i < to; ++i) {
                   const int64_t b = i / parts;
                   if (b > 0 && offsets[b] == offsets[b - 1]) continue;  // the same matrix again
                   const int64_t row = i % parts * rows_of_part;
                   Matrix<const float> part = x;
                   part.data += offsets[b] + row * x.row_stride;
                   found[static_cast<size_t>(i)] =
                       amx::bf16_magnitudes(part, std::min(rows_of_part, rows - row), columns);
                 }
               });
  Magnitudes all{};
  for (const Magnitudes& one : found)
    all = joined(all, one);
  return all;
}

/// Whether the numbers of both factors can be split into two bfloat16 numbers of which neither is
/// infinite or, where it matters, denormal (then it would count as 0): magnitudes below 2^-100
/// have such a second term, and products below that have such parts.
bool can_be_split(const BatchedGemm<float>& products) {
  const auto& [C, A, B, start, c_offsets, a_offsets, b_offsets, batch, M, N, K] = products;
  constexpr uint32_t kRoundsToInfinity = 0x7f7f8000;
  const Magnitudes a = magnitudes_of(A, a_offsets, batch, M, K);
  const Magnitudes b = magnitudes_of(B, b_offsets, batch, K, N);
  if (std::max(a.largest, b.largest) >= kRoundsToInfinity) return false;
  const auto exponent = [](const Magnitudes& x) {
    return x.smallest == 0 ? 0 : static_cast<int>(x.smallest >> 23) - 127;
  };
  constexpr int kLeast = -100;
  return std::min({exponent(a), exponent(b), exponent(a) + exponent(b)}) >= kLeast;
}

template <int TERMS>
void multiply_by_amx(const MatrixProduct<float>& block, void* buffer) {
  amx::bf16_gemm_block(block, TERMS, static_cast<uint32_t*>(buffer));
}
void multiply_by_avx512_bf16(const MatrixProduct<float>& block, void* buffer) {
  avx512_bf16::bf16_gemm_block(block, 1, static_cast<uint32_t*>(buffer));
}

}  // namespace

int bf16_terms(const BatchedGemm<float>& products) {
  const bool is_in_rows =
      products.C.col_stride == 1 && (!products.start.data || products.start.col_stride == 1);
  const MatmulPrecision precision = matmul_precision();
  if (precision == MatmulPrecision::highest || !is_in_rows || !has_bfloat16_products()) return 0;
  if (precision == MatmulPrecision::medium) return 1;
  return isa() == Isa::amx && can_be_split(products) ? 2 : 0;
}

BlockMethod<float> bf16_method(int terms, int64_t M) {
  const int64_t bytes = bf16_buffer_size(M) * static_cast<int64_t>(sizeof(uint32_t));
  if (isa() == Isa::amx) {
    // A block of all rows packs its columns of B once.
    return {amx::bf16_tile_size(), M, bytes, terms == 1 ? multiply_by_amx<1> : multiply_by_amx<2>};
  }
  return {avx512_bf16::bf16_tile_size(), kGemmMC, bytes, multiply_by_avx512_bf16};
}

#else

int bf16_terms(const BatchedGemm<float>& /*products*/) { return 0; }
BlockMethod<float> bf16_method(int /*terms*/, int64_t /*M*/) { return {}; }

#endif

}  // namespace gradus::kernels
