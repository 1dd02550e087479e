// The product of a row and a matrix, c (1, N) = a (1, K) B (K, N), where the columns of B are
// contiguous: N dot products, as in a linear layer for one token. Each number of B is used once, so
// the time is that of reading B from memory. A single pass from its first column to its last does
// not reach the memory's bandwidth: the processor prefetches only a little ahead, and less at the
// end of a page. So kStreams parts of B, far from one another, are read at once.
#include "tensor/kernels/simd/gemm.h"
#include "tensor/kernels/simd/reductions.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

constexpr int kStreams = 4;

/// The dot products of a and STREAMS vectors of K numbers that are `distance` apart, b[0 ... K -
/// 1], b[distance ... distance + K - 1], ...: each is added in the order of sum_of.
template <int STREAMS, class T>
GRADUS_INLINE void dot_products(double (&results)[STREAMS], const T* a, const T* b,
                                int64_t distance, int64_t K) {
  constexpr int64_t W = kWidth<T>;
  constexpr int kTogether = 8;
  Sum<T> sums[STREAMS];
  int64_t k = 0;
  for (; k + kTogether * W <= K; k += kTogether * W) {
    GRADUS_UNROLL
    for (int s = 0; s < STREAMS; ++s) {
      const T* const column = b + s * distance + k;
      Vector<T> part = load(a + k) * load(column);
      GRADUS_UNROLL
      for (int v = 1; v < kTogether; ++v)
        part += load(a + k + v * W) * load(column + v * W);
      sums[s].add(part);
    }
  }
  for (; k < K; k += W) {
    GRADUS_UNROLL
    for (int s = 0; s < STREAMS; ++s)
      sums[s].add(load_up_to(a + k, K - k) * load_up_to(b + s * distance + k, K - k));
  }
  GRADUS_UNROLL
  for (int s = 0; s < STREAMS; ++s)
    results[s] = sums[s].total();
}

/// Computes columns n, n + part, ... of c.
template <int STREAMS, class T>
void compute_columns(const MatrixProduct<T>& product, int64_t n, int64_t part) {
  double sums[STREAMS];
  const int64_t distance = part * product.B.col_stride;
  dot_products<STREAMS>(sums, product.A.data, product.B.data + n * product.B.col_stride, distance,
                        product.K);
  for (int s = 0; s < STREAMS; ++s) {
    const int64_t column = n + s * part;
    const T sum = static_cast<T>(sums[s]);
    const T* const start = product.start.data;
    product.C.data[column * product.C.col_stride] =
        start ? start[column * product.start.col_stride] + sum : sum;
  }
}

}  // namespace

template <class T>
void gemm_row(const MatrixProduct<T>& product) {
  const int64_t part = product.N / kStreams;
  for (int64_t n = 0; n < part; ++n)
    compute_columns<kStreams>(product, n, part);
  for (int64_t n = kStreams * part; n < product.N; ++n)
    compute_columns<1>(product, n, 0);
}

template void gemm_row(const MatrixProduct<float>&);
template void gemm_row(const MatrixProduct<double>&);

}  // namespace gradus::kernels::GRADUS_ISA
