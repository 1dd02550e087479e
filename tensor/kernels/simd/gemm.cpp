// A product computes C in tiles of up to kTileRows x 2 vectors that stay in registers while k runs. For each k a tile
// reads one column of A and one row of B. Where many tiles read the same numbers, these are first copied ("packed")
// into panels in which they lie side by side.
#include "tensor/kernels/simd/gemm.h"

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

// The sums, two vectors of B and a number of A fill the registers: 32 of them with AVX-512, else 16.
constexpr int kTileRows = GRADUS_BYTES == 64 ? 14 : 6;

/// Numbers of A or B that are read where they lie, since they fit a cache.
template <class T> constexpr int64_t kGemmDirect = 32 * 1024 / sizeof(T);

template <class T> struct Tile {
  T* c;
  const T *a, *b, *start;
  int64_t c_row, a_row, a_col, b_row, start_row, K;
};

/// c (ROWS, VECTORS vectors) = a b + start. A packed a has columns of ROWS numbers.
template <class T, int ROWS, int VECTORS, bool PACKED> void compute(const Tile<T>& t) {
  Vector<T> sum[ROWS][VECTORS] = {};
  const T *a = t.a, *b = t.b;
  const int64_t a_row = PACKED ? 1 : t.a_row, a_col = PACKED ? ROWS : t.a_col, b_row = t.b_row;
  for (int64_t k = t.K; k > 0; --k, a += a_col, b += b_row) {
    Vector<T> row[VECTORS];
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j) row[j] = load(b + j * kWidth<T>);
    GRADUS_UNROLL
    for (int i = 0; i < ROWS; ++i) {
      GRADUS_UNROLL
      for (int j = 0; j < VECTORS; ++j) sum[i][j] += a[i * a_row] * row[j];
    }
  }
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j) {
      const int64_t at = j * kWidth<T>;
      store(t.c + i * t.c_row + at, t.start ? sum[i][j] + load(t.start + i * t.start_row + at) : sum[i][j]);
    }
  }
}

template <class T> using Compute = void (*)(const Tile<T>&);

/// The function for a tile of `rows` rows and one or two vectors.
template <class T, bool PACKED, int ROWS = 1> Compute<T> compute_for(int64_t rows, bool two) {
  if constexpr (ROWS < kTileRows) {
    if (rows > ROWS) return compute_for<T, PACKED, ROWS + 1>(rows, two);
  }
  return two ? compute<T, ROWS, 2, PACKED> : compute<T, ROWS, 1, PACKED>;
}

template <int... LANE> struct Lanes {};
template <int N, int... LANE> struct FirstLanes : FirstLanes<N - 1, N - 1, LANE...> {};
template <int... LANE> struct FirstLanes<0, LANE...> { using Type = Lanes<LANE...>; };

/// Exchanges the upper right of a block of 2 S x 2 S numbers, of which p and q are rows S apart, with its lower left.
template <int S, class T, int... LANE> GRADUS_INLINE void exchange(Vector<T>& p, Vector<T>& q, Lanes<LANE...>) {
  constexpr int W = kWidth<T>;
  const Vector<T> x = p, y = q;
  p = GRADUS_SHUFFLE(T, x, y, ((LANE & S) != 0 ? W + LANE - S : LANE)...);
  q = GRADUS_SHUFFLE(T, x, y, ((LANE & S) != 0 ? W + LANE : LANE + S)...);
}

/// Transposes the W x W numbers of r: first halves, then quarters, down to pairs.
template <class T, int S = kWidth<T> / 2> GRADUS_INLINE void transpose(Vector<T>* r) {
  if constexpr (S > 0) {
    GRADUS_UNROLL
    for (int i = 0; i < kWidth<T>; ++i) {
      if ((i & S) == 0) exchange<S, T>(r[i], r[i + S], typename FirstLanes<kWidth<T>>::Type());
    }
    transpose<T, S / 2>(r);
  }
}

/// panel[k * width + i] = x[k * k_stride + i * i_stride] for i < n; what lies between n and width does not matter.
/// It stores whole vectors, from the last to the first: what one writes too much the next writes over, and at the end
/// of the panel up to a vector is written beyond.
template <class T>
void pack(T* panel, const T* x, int64_t k_stride, int64_t i_stride, int64_t K, int64_t n, int64_t width) {
  constexpr int64_t W = kWidth<T>;
  for (int64_t i = (n - 1) / W * W; i >= 0; i -= W) {
    const int64_t lanes = n - i < W ? n - i : W;
    const T* const from = x + i * i_stride;
    T* const to = panel + i;
    int64_t k = 0;
    if (i_stride == 1) {
      const int64_t whole = lanes == W ? K : k_stride < W ? 0 : K - 1;  // rows that a vector may read past
      for (; k < whole; ++k) store(to + k * width, load(from + k * k_stride));
    } else if (k_stride == 1) {
      for (; k + W <= K; k += W) {
        Vector<T> rows[W];
        GRADUS_UNROLL
        for (int r = 0; r < W; ++r) rows[r] = load(from + (r < lanes ? r : 0) * i_stride + k);
        transpose<T>(rows);
        GRADUS_UNROLL
        for (int r = 0; r < W; ++r) store(to + (k + r) * width, rows[r]);
      }
    }
    for (; k < K; ++k) {
      Vector<T> column = {};
      for (int64_t lane = 0; lane < lanes; ++lane) column[lane] = from[k * k_stride + lane * i_stride];
      store(to + k * width, column);
    }
  }
}

/// A tile's worth of C where it is ragged or its columns do not lie side by side: computed apart, then copied.
template <class T> void compute_apart(Compute<T> compute, Tile<T> t, const Matrix<T>& c, const Matrix<const T>& start,
                                      int64_t rows, int64_t columns) {
  T part[kTileRows * 2 * kWidth<T>];
  t.c = part;
  t.c_row = 2 * kWidth<T>;
  t.start = nullptr;
  compute(t);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const T sum = part[i * t.c_row + j];
      c.data[i * c.row + j * c.col] = start.data ? sum + start.data[i * start.row + j * start.col] : sum;
    }
  }
}

template <class M> M at(const M& matrix, int64_t i, int64_t j) {
  return {matrix.data ? matrix.data + i * matrix.row + j * matrix.col : nullptr, matrix.row, matrix.col};
}

}  // namespace

template <class T> TileSize gemm_tile() { return {kTileRows, 2 * kWidth<T>}; }

// Of A a part of M x kGemmDepth is packed, of B one of kGemmDepth x kGemmColumns, which stays in the L2 cache while all
// tiles of the part of A, one after the other in the L1 cache, meet it.
template <class T> void gemm_block(const GemmBlock<T>& block, T* buffer) {
  const auto& [C, A, B, start, M, N, K] = block;
  constexpr int64_t W = kWidth<T>;
  T* const a_part = buffer;
  T* const b_part = buffer + kGemmRows * kGemmDepth;
  // Tiles of nearly equal heights: the first `tall` have a row more than `height`.
  const int64_t tiles = (M + kTileRows - 1) / kTileRows, height = M / tiles, tall = M % tiles;
  // What few tiles read, or what lies close together, is read where it is.
  const bool pack_a = M * K > kGemmDirect<T> && N > 4 * W;
  const bool pack_b = B.col != 1 || N % W != 0 || (N * K > kGemmDirect<T> && tiles > 2);
  for (int64_t k = 0; k < K; k += kGemmDepth) {
    const int64_t depth = K - k < kGemmDepth ? K - k : kGemmDepth;
    const Matrix<const T> a_k = at(A, 0, k);
    for (int64_t tile = 0, m = 0; pack_a && tile < tiles; ++tile) {
      const int64_t rows = height + (tile < tall);
      pack(a_part + m * depth, at(a_k, m, 0).data, A.col, A.row, depth, rows, rows);
      m += rows;
    }
    for (int64_t n0 = 0; n0 < N; n0 += kGemmColumns) {
      const int64_t n1 = N - n0 < kGemmColumns ? N : n0 + kGemmColumns;
      for (int64_t n = n0; pack_b && n < n1; n += 2 * W) {
        const int64_t columns = n1 - n < 2 * W ? n1 - n : 2 * W;
        pack(b_part + (n - n0) * depth, at(B, k, n).data, B.row, B.col, depth, columns, columns > W ? 2 * W : W);
      }
      for (int64_t tile = 0, m = 0; tile < tiles; ++tile) {
        const int64_t rows = height + (tile < tall);
        const Matrix<const T> a = pack_a ? Matrix<const T>{a_part + m * depth, 1, rows} : at(a_k, m, 0);
        for (int64_t n = n0; n < n1; n += 2 * W) {
          const int64_t columns = n1 - n < 2 * W ? n1 - n : 2 * W;
          const bool two = columns > W;
          const Matrix<T> c = at(C, m, n);
          const Matrix<const T> from = k > 0 ? Matrix<const T>{c.data, c.row, c.col} : at(start, m, n);
          const Compute<T> compute = pack_a ? compute_for<T, true>(rows, two) : compute_for<T, false>(rows, two);
          Tile<T> t{c.data, a.data, at(B, k, n).data, from.data, C.row, a.row, a.col, B.row, from.row, depth};
          if (pack_b) {
            t.b = b_part + (n - n0) * depth;
            t.b_row = two ? 2 * W : W;
          }
          if (columns % W == 0 && C.col == 1 && (from.col == 1 || !from.data)) compute(t);
          else compute_apart(compute, t, c, from, rows, columns);
        }
        m += rows;
      }
    }
  }
}

template <class T> T dot(const T* a, const T* b, int64_t K) {
  constexpr int W = kWidth<T>;
  Vector<T> sum[4] = {};
  int64_t k = 0;
  for (; k + 4 * W <= K; k += 4 * W) {
    GRADUS_UNROLL
    for (int v = 0; v < 4; ++v) sum[v] += load(a + k + v * W) * load(b + k + v * W);
  }
  double total = 0;
  for (; k < K; ++k) total += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  for (int v = 0; v < 4; ++v) {
    for (int i = 0; i < W; ++i) total += static_cast<double>(sum[v][i]);
  }
  return static_cast<T>(total);
}

#define GRADUS_INSTANTIATE(T)                        \
  template TileSize gemm_tile<T>();                  \
  template void gemm_block(const GemmBlock<T>&, T*); \
  template T dot(const T*, const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
