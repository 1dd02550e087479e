#include "tensor/kernels/gemm.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <type_traits>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/isa.h"
#include "tensor/kernels/parallel.h"

namespace gradus::kernels {

template <class T> void gemm_reference(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N,
                                       int64_t K, bool accumulate) {
  using Sum = Accumulator<T>;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      T& c = C.data[m * C.row + n * C.col];
      Sum sum = accumulate ? static_cast<Sum>(c) : Sum{0};
      for (int64_t k = 0; k < K; ++k) {
        sum += static_cast<Sum>(A.data[m * A.row + k * A.col]) * static_cast<Sum>(B.data[k * B.row + n * B.col]);
      }
      c = static_cast<T>(sum);
    }
  }
}

// The fast version computes C in tiles of MR x NR numbers that stay in registers while k runs. A tile reads MR numbers
// of A and NR of B for each k, so both are first copied ("packed") into panels where these lie side by side.

namespace {

template <class T> struct Tiling {
  using Tile = void (*)(T* c, int64_t c_row, const T* a, const T* b, int64_t b_row, int64_t K, bool accumulate);
  int mr, nr;
  Tile full, four, one;  // mr, 4 and 1 rows high
  T (*dot)(const T* a, const T* b, int64_t K);
};

#if defined(__clang__)
#define GRADUS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define GRADUS_UNROLL _Pragma("GCC unroll 16")
#endif

#define GRADUS_ISA portable
#define GRADUS_TARGET
#define GRADUS_BYTES 16
#define GRADUS_MR 6
#include "tensor/kernels/gemm_tile.inc"

#if defined(__x86_64__)
#define GRADUS_ISA avx2
#define GRADUS_TARGET __attribute__((target("avx2,fma")))
#define GRADUS_BYTES 32
#define GRADUS_MR 6
#include "tensor/kernels/gemm_tile.inc"

#define GRADUS_ISA avx512
#define GRADUS_TARGET __attribute__((target("avx512f,avx2,fma")))
#define GRADUS_BYTES 64
#define GRADUS_MR 14
#include "tensor/kernels/gemm_tile.inc"
#endif

template <class T> Tiling<T> tiling_of_machine() {
#if defined(__x86_64__)
  if (isa() == Isa::avx512) return avx512::tiling<T>();
  if (isa() == Isa::avx2) return avx2::tiling<T>();
#endif
  return portable::tiling<T>();
}

constexpr int64_t kRows = 252;   // of A in one packed block, a multiple of every mr: with kDepth it fits the L2 cache
constexpr int64_t kDepth = 256;  // of k in one packed block: a panel of B fits the L1 cache
constexpr int64_t kMaxTile = 14 * 32;

/// panel[k * width + i] = x[k * k_stride + i * i_stride] for i < n, and 0 for the rest of the width.
template <class T>
void pack(T* panel, const T* x, int64_t k_stride, int64_t i_stride, int64_t K, int64_t n, int64_t width) {
  if (n < width) std::fill(panel, panel + K * width, T{0});
  if (i_stride == 1) {
    for (int64_t k = 0; k < K; ++k) {
      std::memcpy(panel + k * width, x + k * k_stride, static_cast<size_t>(n) * sizeof(T));
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < K; ++k) panel[k * width + i] = x[k * k_stride + i * i_stride];
  }
}

/// One block of C in one thread: at most kRows rows. `buffer` holds kRows * kDepth packed numbers of A and a panel of
/// B.
template <class T> void gemm_block(const Tiling<T>& t, Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M,
                                   int64_t N, int64_t K, bool accumulate, T* buffer) {
  T* const a_panels = buffer;
  T* const b_panel = buffer + kRows * kDepth;
  for (int64_t k = 0; k < K; k += kDepth) {
    const int64_t depth = std::min(kDepth, K - k);
    const bool add = accumulate || k > 0;
    const auto height = [&](int64_t m) { return M - m > 4 ? t.mr : (M - m > 1 ? 4 : 1); };
    for (int64_t m = 0; m < M; m += height(m)) {
      pack(a_panels + m * depth, A.data + m * A.row + k * A.col, A.col, A.row, depth,
           std::min<int64_t>(height(m), M - m), height(m));
    }
    for (int64_t n = 0; n < N; n += t.nr) {
      const int64_t columns = std::min<int64_t>(t.nr, N - n);
      const T* b = B.data + k * B.row + n * B.col;
      int64_t b_row = B.row;
      // Rows of B that already lie side by side are copied only if many tiles read them.
      if (B.col != 1 || columns < t.nr || M > 2 * t.mr) {
        pack(b_panel, b, B.row, B.col, depth, columns, t.nr);
        b = b_panel;
        b_row = t.nr;
      }
      for (int64_t m = 0; m < M; m += height(m)) {
        const int64_t h = height(m), rows = std::min(h, M - m);
        const auto compute = h == t.mr ? t.full : (h == 4 ? t.four : t.one);
        T* const c = C.data + m * C.row + n * C.col;
        if (rows == h && columns == t.nr && C.col == 1) {
          compute(c, C.row, a_panels + m * depth, b, b_row, depth, add);
          continue;
        }
        T part[kMaxTile];
        compute(part, t.nr, a_panels + m * depth, b, b_row, depth, false);
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t j = 0; j < columns; ++j) {
            T& out = c[i * C.row + j * C.col];
            out = add ? out + part[i * t.nr + j] : part[i * t.nr + j];
          }
        }
      }
    }
  }
}

/// Memory for packing, kept by each calling thread; one part for every worker.
template <class T> T* packing_buffer(int64_t workers, int64_t* part) {
  *part = kRows * kDepth + 128 / static_cast<int64_t>(sizeof(T)) * kDepth;
  thread_local std::unique_ptr<T[]> memory;
  thread_local int64_t size = 0;
  constexpr int64_t kLine = 64 / sizeof(T);
  if (size < workers * *part) {
    size = 0;
    memory = std::make_unique_for_overwrite<T[]>(static_cast<size_t>(workers * *part + kLine));
    size = workers * *part;
  }
  const auto address = reinterpret_cast<uintptr_t>(memory.get());
  return memory.get() + (64 - address % 64) % 64 / sizeof(T);
}

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

double work(int64_t M, int64_t N, int64_t K) {
  return static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K);
}

/// What needs no packing: an empty K, int64, tiny products, and rows of A times columns of B when both are contiguous.
template <class T>
bool gemm_simple(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K, bool accumulate) {
  if constexpr (!std::is_floating_point_v<T>) {
    parallel_for(M, grain_for(N * K), [&](int64_t begin, int64_t end) {
      gemm_reference<T>({C.data + begin * C.row, C.row, C.col}, {A.data + begin * A.row, A.row, A.col}, B, end - begin,
                        N, K, accumulate);
    });
    return true;
  } else {
    if (K == 0 || work(M, N, K) <= 200) {
      gemm_reference(C, A, B, M, N, K, accumulate);
      return true;
    }
    if (M > 1 || A.col != 1 || B.row != 1) return false;
    const auto dot = tiling_of_machine<T>().dot;
    parallel_for(N, grain_for(K / 8), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        T& c = C.data[n * C.col];
        const T product = dot(A.data, B.data + n * B.col, K);
        c = accumulate ? c + product : product;
      }
    });
    return true;
  }
}

}  // namespace

template <class T>
void gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, int64_t M, int64_t N, int64_t K, bool accumulate) {
  const int64_t zero = 0;
  batched_gemm<T>(C, A, B, &zero, &zero, &zero, 1, M, N, K, accumulate);
}

template <class T> void batched_gemm(Matrix<T> C, Matrix<const T> A, Matrix<const T> B, const int64_t* c_offsets,
                                     const int64_t* a_offsets, const int64_t* b_offsets, int64_t batch, int64_t M,
                                     int64_t N, int64_t K, bool accumulate) {
  if (batch == 0 || M == 0 || N == 0) return;
  if (N == 1 && M > 1) {  // a product with a column is computed as one with a row: C' = B' A'
    return batched_gemm<T>({C.data, C.col, C.row}, {B.data, B.col, B.row}, {A.data, A.col, A.row}, c_offsets, b_offsets,
                           a_offsets, batch, N, M, K, accumulate);
  }
  const auto c_of = [&](int64_t b) { return Matrix<T>{C.data + c_offsets[b], C.row, C.col}; };
  const auto a_of = [&](int64_t b) { return Matrix<const T>{A.data + a_offsets[b], A.row, A.col}; };
  const auto b_of = [&](int64_t b) { return Matrix<const T>{B.data + b_offsets[b], B.row, B.col}; };
  if (gemm_simple<T>(c_of(0), a_of(0), b_of(0), M, N, K, accumulate)) {
    const int64_t cost = static_cast<int64_t>(std::min(work(M, N, K), 1e9));
    parallel_for(batch - 1, grain_for(cost), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin + 1; b <= end; ++b) gemm_simple<T>(c_of(b), a_of(b), b_of(b), M, N, K, accumulate);
    });
    return;
  }
  if constexpr (std::is_floating_point_v<T>) {
    const Tiling<T> t = tiling_of_machine<T>();
    const bool serial = static_cast<double>(batch) * work(M, N, K) < 200'000;
    const int64_t threads = serial ? 1 : get_num_threads();
    // C is cut into blocks, a few for each thread, of near-equal heights that are multiples of a tile's.
    const int64_t height = divide_up(divide_up(M, divide_up(M, kRows)), t.mr) * t.mr;
    const int64_t row_blocks = divide_up(M, height);
    const int64_t wanted = threads == 1 ? 1 : divide_up(2 * threads, batch * row_blocks);
    const int64_t width = divide_up(divide_up(N, wanted), t.nr) * t.nr;
    const int64_t column_blocks = divide_up(N, width);
    const int64_t blocks = batch * row_blocks * column_blocks;
    const int64_t workers = std::min(threads, blocks);
    int64_t part = 0;
    T* const buffer = packing_buffer<T>(workers, &part);
    parallel_for(workers, 1, [&](int64_t first, int64_t last) {
      for (int64_t w = first; w < last; ++w) {
        for (int64_t block = w; block < blocks; block += workers) {
          const int64_t n = block % column_blocks * width, m = block / column_blocks % row_blocks * height;
          const int64_t b = block / (column_blocks * row_blocks);
          const Matrix<T> c{c_of(b).data + m * C.row + n * C.col, C.row, C.col};
          gemm_block<T>(t, c, {a_of(b).data + m * A.row, A.row, A.col}, {b_of(b).data + n * B.col, B.row, B.col},
                        std::min(height, M - m), std::min(width, N - n), K, accumulate, buffer + w * part);
        }
      }
    });
  }
}

#define GRADUS_INSTANTIATE(T)                                                                                 \
  template void gemm_reference(Matrix<T>, Matrix<const T>, Matrix<const T>, int64_t, int64_t, int64_t, bool); \
  template void gemm(Matrix<T>, Matrix<const T>, Matrix<const T>, int64_t, int64_t, int64_t, bool);           \
  template void batched_gemm(Matrix<T>, Matrix<const T>, Matrix<const T>, const int64_t*, const int64_t*,     \
                             const int64_t*, int64_t, int64_t, int64_t, int64_t, bool);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)

}  // namespace gradus::kernels
