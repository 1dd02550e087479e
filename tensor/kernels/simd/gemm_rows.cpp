// The product of a few rows and a matrix, C (M, N) = A (M, K) W^T, where W (N, K) is a matrix of
// contiguous rows: M N dot products, as in a linear layer for a few tokens. Every number of W is
// read once for all rows of A, so the time is that of reading W from memory. A single pass from the
// first row of W to its last does not reach the memory's bandwidth: the processor prefetches only a
// little ahead, and less at the end of a page. So several parts of W, far from one another, are
// read at once, here called streams, and what comes a page later is prefetched.
#include "tensor/kernels/simd/gemm.h"
#include "tensor/kernels/simd/reductions.h"
#include "tensor/kernels/simd/transpose.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

constexpr int64_t kPrefetched = 4096;  // bytes: the processor does not prefetch beyond a page

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

/// a b + sum, rounded once where the processor can. It does not leave the choice to the compiler,
/// which may decide differently in each place that this is inlined into.
template <class T>
GRADUS_INLINE Vector<T> multiply_add(Vector<T> a, Vector<T> b, Vector<T> sum) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)sum);
  else
    return (Vector<T>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)sum);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)sum);
  else
    return (Vector<T>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)sum);
#else
  return a * b + sum;
#endif
}

/// sums[s][m] += row m of A times row n + s * part of W, from k on: the vectors k, k + W, ... below
/// `end`, a multiple of W further.
template <int ROWS, int STREAMS, class T, class Stored>
GRADUS_INLINE void add_products(Vector<T> (&sums)[STREAMS][ROWS],
                                const RowsTimesRows<T, Stored>& product, const Stored* w,
                                int64_t distance, int64_t k, int64_t end) {
  const T* const a = product.A.data;
  const int64_t a_stride = product.A.row_stride;
  GRADUS_UNROLL_BY(2)
  for (; k < end; k += kWidth<T>) {
    GRADUS_UNROLL
    for (int s = 0; s < STREAMS; ++s) {
      const Stored* const at = w + s * distance + k;
      __builtin_prefetch(reinterpret_cast<const char*>(at) + kPrefetched);
      const Vector<T> weights = load_stored(at);
      GRADUS_UNROLL
      for (int m = 0; m < ROWS; ++m)
        sums[s][m] = multiply_add<T>(load(a + m * a_stride + k), weights, sums[s][m]);
    }
  }
}

/// to = from (rows, n), n < W, followed by zeros: rows of W numbers.
template <int ROWS, class T>
GRADUS_INLINE void pad_rows(T (&to)[ROWS * kWidth<float>], const T* from, int64_t row_stride,
                            int64_t width, int64_t n) {
  for (int64_t i = 0; i < ROWS * width; ++i)
    to[i] = T{};
  for (int64_t i = 0; i < ROWS; ++i) {
    for (int64_t k = 0; k < n; ++k)
      to[i * width + k] = from[i * row_stride + k];
  }
}

/// The same for the fewer than W numbers from k to the end of the rows. They are copied, so that
/// one piece of code adds all products: the bits must not depend on the streams, so on the threads.
template <int ROWS, int STREAMS, class T, class Stored>
GRADUS_INLINE void add_rest(Vector<T> (&sums)[STREAMS][ROWS],
                            const RowsTimesRows<T, Stored>& product, const Stored* w,
                            int64_t distance, int64_t k) {
  constexpr int64_t W = kWidth<T>;
  T a_rest[ROWS * kWidth<float>];
  Stored w_rest[STREAMS * kWidth<float>];
  const int64_t left = product.K - k;
  pad_rows<ROWS>(a_rest, product.A.data + k, product.A.row_stride, W, left);
  pad_rows<STREAMS>(w_rest, w + k, distance, W, left);
  const T* a = a_rest;
  const Stored* rows = w_rest;
  // The compiler must not know these arrays: it would warn of the prefetch beyond their end.
  asm volatile("" : "+r"(a), "+r"(rows) : : "memory");
  RowsTimesRows<T, Stored> rest = product;
  rest.A = {a, W, 1};
  add_products(sums, rest, rows, W, 0, W);
}

/// sums[s][m] = row m of A times row n + s * part of W. Each lane adds up to 256 products in T, as
/// the other matrix products do; these sums are added in double.
template <int ROWS, int STREAMS, class T, class Stored>
GRADUS_INLINE void dot_products(Sum<T> (&sums)[STREAMS][ROWS],
                                const RowsTimesRows<T, Stored>& product, int64_t n, int64_t part) {
  constexpr int64_t W = kWidth<T>;
  const Stored* const w = product.W.data + n * product.W.row_stride;
  const int64_t distance = part * product.W.row_stride;
  const int64_t full = product.K / W * W;
  int64_t k = 0;
  do {
    const int64_t end = min(k + 256 * W, full);
    Vector<T> in_lanes[STREAMS][ROWS] = {};
    add_products(in_lanes, product, w, distance, k, end);
    if (end == full && full < product.K) add_rest(in_lanes, product, w, distance, full);
    GRADUS_UNROLL
    for (int s = 0; s < STREAMS; ++s) {
      GRADUS_UNROLL
      for (int m = 0; m < ROWS; ++m)
        sums[s][m].add(in_lanes[s][m]);
    }
    k = end;
  } while (k < full);
}

/// totals[i] = the sum of the lanes of sums[i], several at a time: by transposing them.
template <int COUNT, class T>
GRADUS_INLINE void add_lanes(double* totals, const Sum<T>* sums) {
  constexpr int W = kWidth<double>;
  for (int i = 0; i < COUNT; i += W) {
    Vector<double> rows[W];
    GRADUS_UNROLL
    for (int j = 0; j < W; ++j)
      rows[j] = i + j < COUNT ? sums[i + j].lanes[0] + sums[i + j].lanes[1] : Vector<double>{};
    transpose<double>(rows);
    Vector<double> total = {};
    GRADUS_UNROLL
    for (int j = 0; j < W; ++j)
      total += rows[j];
    store(totals + i, total);
  }
}

/// Computes columns n, n + part, ... of C.
template <int ROWS, int STREAMS, class T, class Stored>
void compute_columns(const RowsTimesRows<T, Stored>& product, int64_t n, int64_t part) {
  constexpr int kSums = STREAMS * ROWS;
  Sum<T> sums[STREAMS][ROWS];
  dot_products(sums, product, n, part);
  double totals[kSums + kWidth<double>];
  add_lanes<kSums>(totals, &sums[0][0]);
  const Matrix<T>& C = product.C;
  const Matrix<const T>& start = product.start;
  for (int s = 0; s < STREAMS; ++s) {
    const int64_t column = n + s * part;
    for (int m = 0; m < ROWS; ++m) {
      T sum = static_cast<T>(totals[s * ROWS + m]);
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
  for (; i < n; ++i) {
    const uint32_t bits = uint32_t{x[i].bits} << 16;
    __builtin_memcpy(y + i, &bits, sizeof bits);
  }
}

template void gemm_few_rows(const RowsTimesRows<float, float>&);
template void gemm_few_rows(const RowsTimesRows<double, double>&);
template void gemm_few_rows(const RowsTimesRows<float, BFloat16>&);

}  // namespace gradus::kernels::GRADUS_ISA
