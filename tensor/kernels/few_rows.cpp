#include "tensor/kernels/few_rows.h"

#include <algorithm>

#include "tensor/kernels/memory.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/gemm.h"

namespace gradus::kernels {

void multiply_bfloat16_reference(const RowsTimesRows<float, BFloat16>& product) {
  const auto& [C, A, W, start, M, N, K] = product;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      double sum = start.data ? start.data[m * start.row_stride + n * start.col_stride] : 0;
      for (int64_t k = 0; k < K; ++k) {
        const float weight = W.data[n * W.row_stride + k];
        sum += static_cast<double>(A.data[m * A.row_stride + k]) * static_cast<double>(weight);
      }
      C.data[m * C.row_stride + n * C.col_stride] = static_cast<float>(sum);
    }
  }
}

namespace {

template <class M>
M columns_from(const M& matrix, int64_t n) {
  return {matrix.data ? matrix.data + n * matrix.col_stride : nullptr, matrix.row_stride,
          matrix.col_stride};
}

/// Columns n ... n + columns - 1 of C.
template <class T, class Stored>
RowsTimesRows<T, Stored> part_of(const RowsTimesRows<T, Stored>& product, int64_t n,
                                 int64_t columns) {
  RowsTimesRows<T, Stored> part = product;
  part.C = columns_from(product.C, n);
  part.W.data += n * product.W.row_stride;
  part.start = columns_from(product.start, n);
  part.N = columns;
  return part;
}

/// C for the rows of W, whose numbers are converted to float first.
void multiply_widened(const RowsTimesRows<float, BFloat16>& product, float* widened) {
  const auto& [C, A, W, start, M, N, K] = product;
  parallel_for(N, grain_for(K), [&, K = K, W = W](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n)
      GRADUS_DISPATCH(widen(widened + n * K, W.data + n * W.row_stride, K));
  });
  gemm<float>(C, A, {.data = widened, .row_stride = 1, .col_stride = K}, M, N, K, start);
}

}  // namespace

template <class T, class Stored>
void multiply_few_rows(const RowsTimesRows<T, Stored>& product) {
  const int64_t work_of_column = product.M * product.K / 8;
  parallel_for(product.N, grain_for(work_of_column), [&](int64_t begin, int64_t end) {
    GRADUS_DISPATCH(gemm_few_rows(part_of(product, begin, end - begin)));
  });
}

void multiply_bfloat16(const RowsTimesRows<float, BFloat16>& product) {
  if (product.M <= kFewRows) return multiply_few_rows(product);
  constexpr int64_t kCached = 1 << 20;  // numbers that are converted at a time
  const int64_t rows = std::clamp<int64_t>(kCached / std::max<int64_t>(product.K, 1), 1, product.N);
  thread_local ThreadBuffer buffer;
  auto* const widened =
      static_cast<float*>(buffer.get(static_cast<size_t>(rows * product.K) * sizeof(float)));
  for (int64_t n = 0; n < product.N; n += rows)
    multiply_widened(part_of(product, n, std::min(rows, product.N - n)), widened);
}

template void multiply_few_rows(const RowsTimesRows<float, float>&);
template void multiply_few_rows(const RowsTimesRows<double, double>&);
template void multiply_few_rows(const RowsTimesRows<float, BFloat16>&);

}  // namespace gradus::kernels
