// A product computes C in tiles (tile.h). Where many tiles read the same numbers, these are first
// copied ("packed") into panels in which they lie side by side.
#include "tensor/kernels/simd/gemm.h"

#include "tensor/kernels/simd/tile.h"
#include "tensor/kernels/simd/transpose.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// Numbers of A or B that are read where they lie, since they fit a cache.
template <class T>
constexpr int64_t kGemmDirect = 256 * 1024 / sizeof(T);
/// Numbers so far apart, or a multiple of that, share one set of the L1 cache.
template <class T>
constexpr int64_t kSameSet = 4096 / sizeof(T);

/// How the n rows of a part of A, or the columns of one of B, are cut into panels.
struct Cut {
  int64_t n, size, longer,
      unit;  // the first `longer` panels have one more than `size`; memory comes in units
  int64_t begin(int64_t panel) const { return min(n, panel * size + min(panel, longer)); }
  int64_t count(int64_t panel) const { return begin(panel + 1) - begin(panel); }
  int64_t width(int64_t panel) const { return (count(panel) + unit - 1) / unit * unit; }
};

/// Panel after panel, panel[k * width + i] = x[k * k_stride + (begin + i) * i_stride] for i <
/// count; what lies between count and width does not matter.
template <class T>
void pack(T* panels, const T* x, int64_t k_stride, int64_t i_stride, int64_t K, const Cut& cut) {
  constexpr int64_t W = kWidth<T>;
  constexpr int64_t kRows =
      32;  // rows copied at a time, whose pages the processor then still knows
  for (int64_t k0 = 0; i_stride == 1 && k0 < K; k0 += kRows) {
    const int64_t k1 = min(K, k0 + kRows);
    for (int64_t panel = 0; cut.begin(panel) < cut.n; ++panel) {
      const int64_t begin = cut.begin(panel);
      const int64_t count = cut.count(panel);
      const int64_t width = cut.width(panel);
      const T* from = x + k0 * k_stride + begin;
      T* to = panels + begin * K + k0 * width;
      for (int64_t k = k0; k < k1; ++k, from += k_stride, to += width) {
        for (int64_t i = 0; i < count; i += W)
          store_up_to(to + i, load_up_to(from + i, count - i), count - i);
      }
    }
  }
  if (i_stride == 1) return;
  for (int64_t panel = 0; cut.begin(panel) < cut.n; ++panel) {
    const int64_t begin = cut.begin(panel);
    const int64_t count = cut.count(panel);
    const int64_t width = cut.width(panel);
    const T* const from = x + begin * i_stride;
    T* const to = panels + begin * K;
    if (k_stride == 1) {
      transpose_to(to, width, from, i_stride, count, K);
      continue;
    }
    for (int64_t k = 0; k < K; ++k) {
      for (int64_t i = 0; i < count; ++i)
        to[k * width + i] = from[k * k_stride + i * i_stride];
    }
  }
}

/// A tile of C that is ragged or whose columns do not lie side by side: computed apart, then
/// copied.
template <class T>
void compute_apart(Compute<T> compute, Tiles<T> t, const Matrix<T>& c, const Matrix<const T>& start,
                   int64_t rows, int64_t columns) {
  T part[kTileRows * 2 * kWidth<T>];
  t.c = part;
  t.c_row = 2 * kWidth<T>;
  t.start = nullptr;
  t.count = 1;
  compute(t);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const T sum = part[i * t.c_row + j];
      c.data[i * c.row + j * c.col] =
          start.data ? sum + start.data[i * start.row + j * start.col] : sum;
    }
  }
}

template <class M>
M at(const M& matrix, int64_t i, int64_t j) {
  return {matrix.data ? matrix.data + i * matrix.row + j * matrix.col : nullptr, matrix.row,
          matrix.col};
}

}  // namespace

template <class T>
TileSize gemm_tile() {
  return {kTileRows, 2 * kWidth<T>};
}

// B is taken in parts of kGemmDepth x kGemmColumns, which stay in the L2 cache while all tiles of
// A, one after the other in the L1 cache, meet them. The columns of C that belong to such a part
// stay close until k is through.
template <class T>
void gemm_block(const GemmBlock<T>& block, T* buffer) {
  const auto& [C, A, B, start, M, N, K] = block;
  constexpr int64_t W = kWidth<T>;
  T* const a_parts = buffer;
  T* const b_part = buffer + kGemmRows * kGemmPackedDepth;
  // Tiles of nearly equal heights.
  const int64_t tiles = (M + kTileRows - 1) / kTileRows;
  const Cut rows_of_a{M, M / tiles, M % tiles, 1};
  // What few tiles read, or what lies close together, is read where it is. So is what can be read
  // as fast as a copy: rows of A, unless they all meet in one set of the L1 cache; and, for the
  // tall tiles of AVX-512, rows of A' or B that begin at whole vectors.
  const auto whole_vectors = [](const T* x, int64_t row) {
    return kTallTiles && row % W == 0 && reinterpret_cast<uintptr_t>(x) % sizeof(Vector<T>) == 0;
  };
  const bool a_lies_well = A.col == 1 ? A.row % kSameSet<T> != 0
                                      : A.row == 1 && (N <= 16 * W || whole_vectors(A.data, A.col));
  const bool pack_a = M * K > kGemmDirect<T> && N > 4 * W && !a_lies_well;
  const bool pack_b =
      B.col != 1 || (N * K > kGemmDirect<T> && tiles > 2 && !whole_vectors(B.data, B.row));

  for (int64_t k0 = 0; k0 < K; k0 += kGemmPackedDepth) {
    const int64_t k1 = min(K, k0 + kGemmPackedDepth);
    for (int64_t k = k0; pack_a && k < k1; k += kGemmDepth)
      pack(a_parts + (k - k0) * M, at(A, 0, k).data, A.col, A.row, min(k1 - k, kGemmDepth),
           rows_of_a);
    for (int64_t n0 = 0; n0 < N; n0 += kGemmColumns) {
      const Cut columns_of_b{min(N - n0, kGemmColumns), 2 * W, 0, W};
      for (int64_t k = k0; k < k1; k += kGemmDepth) {
        const int64_t depth = min(k1 - k, kGemmDepth);
        // A ragged last tile cannot read whole vectors where B lies.
        const int64_t ragged =
            columns_of_b.n % W != 0 ? columns_of_b.n / (2 * W) * 2 * W : columns_of_b.n;
        const int64_t packed_from = pack_b ? 0 : ragged;
        if (packed_from < columns_of_b.n)
          pack(b_part, at(B, k, n0 + packed_from).data, B.row, B.col, depth,
               {columns_of_b.n - packed_from, 2 * W, 0, W});
        for (int64_t tile = 0; tile < tiles; ++tile) {
          const int64_t m = rows_of_a.begin(tile);
          const int64_t rows = rows_of_a.count(tile);
          const T* const packed = a_parts + (k - k0) * M + m * depth;
          const Matrix<const T> a = pack_a ? Matrix<const T>{packed, 1, rows} : at(A, m, k);
          for (int64_t n = 0; n < columns_of_b.n;) {
            const int64_t left = columns_of_b.n - n;
            const int64_t columns = min(left, 2 * W);
            const bool two = columns > W;
            const bool packed_b = n >= packed_from;
            const Matrix<const T> b =
                packed_b ? Matrix<const T>{b_part + (n - packed_from) * depth, two ? 2 * W : W, 1}
                         : at(B, k, n0 + n);
            const Matrix<T> c = at(C, m, n0 + n);
            const Matrix<const T> from =
                k > 0 ? Matrix<const T>{c.data, c.row, c.col} : at(start, m, n0 + n);
            const Compute<T> compute =
                pack_a ? compute_for<T, true>(rows, two) : compute_for<T, false>(rows, two);
            const int64_t count = columns == 2 * W ? left / (2 * W) : 1;
            const int64_t b_step = packed_b ? 2 * W * depth : 2 * W;
            const Tiles<T> t{c.data, a.data, b.data,   from.data, c.row, a.row,
                             a.col,  b.row,  from.row, depth,     count, b_step};
            if (columns % W == 0 && c.col == 1 && (from.col == 1 || !from.data)) {
              compute(t);
              n += count * columns;
            } else {
              compute_apart(compute, t, c, from, rows, columns);
              n += columns;
            }
          }
        }
      }
    }
  }
}

template <class T>
T dot(const T* a, const T* b, int64_t K) {
  return static_cast<T>(sum_of<T>(K, [=](int64_t k, int64_t left) {
    return load_up_to(a + k, left) * load_up_to(b + k, left);
  }));
}

#define GRADUS_INSTANTIATE(T)                        \
  template TileSize gemm_tile<T>();                  \
  template void gemm_block(const GemmBlock<T>&, T*); \
  template T dot(const T*, const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
