// The product of a few rows and a matrix, C (M, N) = A (M, K) W^T, where W (N, K) is a matrix of
// contiguous rows: M N dot products, as in a linear layer for a few tokens. Every number of W is
// read once for all rows of A, so the time is that of reading W from memory. A single pass from the
// first row of W to its last does not reach the memory's bandwidth: the processor prefetches only a
// little ahead, and less at the end of a page. So several parts of W, far from one another, are
// read at once; here they are called streams.
#include "tensor/kernels/simd/gemm.h"
#include "tensor/kernels/simd/reductions.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// Streams for a number of rows: their sums should fit the registers.
constexpr int streams_for(int rows) {
  const int sums = GRADUS_BYTES == 64 ? 16 : 8;
  const int streams = sums / rows;
  return streams > 4 ? 4 : streams;
}

/// W elements as they are multiplied.
GRADUS_INLINE Vector<float> load_stored(const float* p) { return load(p); }
GRADUS_INLINE Vector<double> load_stored(const double* p) { return load(p); }
GRADUS_INLINE Vector<float> load_stored(const BFloat16* p) {
  constexpr int W = kWidth<float>;
  typedef uint16_t Halves __attribute__((vector_size(2 * W), aligned(2), may_alias));
  typedef uint32_t Bits __attribute__((vector_size(4 * W)));
  const Bits bits = __builtin_convertvector(*reinterpret_cast<const Halves*>(p), Bits) << 16;
  return (Vector<float>)bits;
}

/// The same for the first n < W elements; the others are 0.
GRADUS_INLINE Vector<float> load_stored_part(const float* p, int64_t n) { return load_part(p, n); }
GRADUS_INLINE Vector<double> load_stored_part(const double* p, int64_t n) {
  return load_part(p, n);
}
GRADUS_INLINE Vector<float> load_stored_part(const BFloat16* p, int64_t n) {
  BFloat16 part[kWidth<float>];
  for (int i = 0; i < kWidth<float>; ++i)
    part[i].bits = i < n ? p[i].bits : uint16_t{0};
  return load_stored(part);
}

/// sums[s][m] = row m of A times row n + s * part of W: each sum is added in the order of sum_of.
template <int ROWS, int STREAMS, class T, class Stored>
GRADUS_INLINE void dot_products(Sum<T> (&sums)[STREAMS][ROWS], const RowsTimesRows<T, Stored>& product,
                                int64_t n, int64_t part) {
  constexpr int64_t W = kWidth<T>;
  constexpr int kTogether = 8;
  const T* const a = product.A.data;
  const Stored* const w = product.W.data + n * product.W.row_stride;
  const int64_t a_stride = product.A.row_stride;
  const int64_t distance = part * product.W.row_stride;
  const int64_t K = product.K;
  int64_t k = 0;
  for (; k + kTogether * W <= K; k += kTogether * W) {
    Vector<T> parts[STREAMS][ROWS] = {};
    GRADUS_UNROLL
    for (int v = 0; v < kTogether; ++v) {
      GRADUS_UNROLL
      for (int s = 0; s < STREAMS; ++s) {
        const Vector<T> weights = load_stored(w + s * distance + k + v * W);
        GRADUS_UNROLL
        for (int m = 0; m < ROWS; ++m)
          parts[s][m] += load(a + m * a_stride + k + v * W) * weights;
      }
    }
    GRADUS_UNROLL
    for (int s = 0; s < STREAMS; ++s) {
      GRADUS_UNROLL
      for (int m = 0; m < ROWS; ++m)
        sums[s][m].add(parts[s][m]);
    }
  }
  for (; k < K; k += W) {
    const int64_t left = K - k;
    for (int s = 0; s < STREAMS; ++s) {
      const Stored* const at = w + s * distance + k;
      const Vector<T> weights = left < W ? load_stored_part(at, left) : load_stored(at);
      for (int m = 0; m < ROWS; ++m)
        sums[s][m].add(load_up_to(a + m * a_stride + k, left) * weights);
    }
  }
}

/// Computes columns n, n + part, ... of C.
template <int ROWS, int STREAMS, class T, class Stored>
void compute_columns(const RowsTimesRows<T, Stored>& product, int64_t n, int64_t part) {
  Sum<T> sums[STREAMS][ROWS];
  dot_products(sums, product, n, part);
  const Matrix<T>& C = product.C;
  const Matrix<const T>& start = product.start;
  for (int s = 0; s < STREAMS; ++s) {
    const int64_t column = n + s * part;
    for (int m = 0; m < ROWS; ++m) {
      T sum = static_cast<T>(sums[s][m].total());
      if (start.data) sum += start.data[m * start.row_stride + column * start.col_stride];
      C.data[m * C.row_stride + column * C.col_stride] = sum;
    }
  }
}

template <int ROWS, class T, class Stored>
void compute(const RowsTimesRows<T, Stored>& product) {
  if (product.M != ROWS) {
    if constexpr (ROWS < kFewRows) compute<ROWS + 1>(product);
    return;
  }
  constexpr int kStreams = streams_for(ROWS);
  const int64_t part = product.N / kStreams;
  for (int64_t n = 0; n < part; ++n)
    compute_columns<ROWS, kStreams>(product, n, part);
  for (int64_t n = kStreams * part; n < product.N; ++n)
    compute_columns<ROWS, 1>(product, n, 0);
}

}  // namespace

template <class T, class Stored>
void gemm_few_rows(const RowsTimesRows<T, Stored>& product) {
  compute<1>(product);
}

void widen(float* y, const BFloat16* x, int64_t n) {
  constexpr int W = kWidth<float>;
  int64_t i = 0;
  for (; i + W <= n; i += W)
    store(y + i, load_stored(x + i));
  if (i < n) store_part(y + i, load_stored_part(x + i, n - i), n - i);
}

template void gemm_few_rows(const RowsTimesRows<float, float>&);
template void gemm_few_rows(const RowsTimesRows<double, double>&);
template void gemm_few_rows(const RowsTimesRows<float, BFloat16>&);

}  // namespace gradus::kernels::GRADUS_ISA
