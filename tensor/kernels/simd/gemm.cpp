// A product computes C in tiles of up to kTileRows x 2 vectors that stay in registers while k runs. For each k a tile
// reads one column of A and one row of B. Where many tiles read the same numbers, these are first copied ("packed")
// into panels in which they lie side by side.
#include "tensor/kernels/simd/gemm.h"

#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

// The sums, two vectors of B and a number of A fill the registers: 32 of them with AVX-512, else 16.
constexpr int kTileRows = GRADUS_BYTES == 64 ? 14 : 6;

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

/// panel[k * width + i] = x[k * k_stride + i * i_stride] for i < n, and 0 for the rest of the width.
template <class T>
void pack(T* panel, const T* x, int64_t k_stride, int64_t i_stride, int64_t K, int64_t n, int64_t width) {
  constexpr int W = kWidth<T>;
  for (int64_t i = n; i < width; ++i) {
    for (int64_t k = 0; k < K; ++k) panel[k * width + i] = 0;
  }
  int64_t i = 0;
  if (i_stride == 1) {
    for (; i + W <= n; i += W) {
      for (int64_t k = 0; k < K; ++k) store(panel + k * width + i, load(x + k * k_stride + i));
    }
  } else if (k_stride == 1) {
    for (; i + W <= n; i += W) {
      for (int64_t k = 0; k + W <= K; k += W) {
        Vector<T> rows[W];
        GRADUS_UNROLL
        for (int r = 0; r < W; ++r) rows[r] = load(x + (i + r) * i_stride + k);
        transpose<T>(rows);
        GRADUS_UNROLL
        for (int r = 0; r < W; ++r) store(panel + (k + r) * width + i, rows[r]);
      }
      for (int64_t k = K / W * W; k < K; ++k) {
        for (int64_t r = i; r < i + W; ++r) panel[k * width + r] = x[k + r * i_stride];
      }
    }
  }
  for (; i < n; ++i) {
    for (int64_t k = 0; k < K; ++k) panel[k * width + i] = x[k * k_stride + i * i_stride];
  }
}

}  // namespace

template <class T> int64_t tile_height() { return kTileRows; }
template <class T> int64_t tile_width() { return 2 * kWidth<T>; }

template <class T> void gemm_block(const GemmBlock<T>& block, T* buffer) {
  const auto& [C, A, B, start, M, N, K] = block;
  constexpr int64_t W = kWidth<T>;
  T* const a_panels = buffer;
  T* const b_panel = buffer + kGemmRows * kGemmDepth;
  // Tiles of nearly equal heights: `tall` of them have a row more.
  const int64_t tiles = (M + kTileRows - 1) / kTileRows, height = M / tiles, tall = M % tiles;
  const bool pack_a = A.col != 1 || N > 4 * W;
  for (int64_t k = 0; k < K; k += kGemmDepth) {
    const int64_t depth = K - k < kGemmDepth ? K - k : kGemmDepth;
    const T* const a_begin = A.data + k * A.col;
    for (int64_t tile = 0, m = 0; pack_a && tile < tiles; ++tile) {
      const int64_t rows = height + (tile < tall);
      pack(a_panels + m * depth, a_begin + m * A.row, A.col, A.row, depth, rows, rows);
      m += rows;
    }
    for (int64_t n = 0; n < N; n += 2 * W) {
      const int64_t columns = N - n < 2 * W ? N - n : 2 * W, vectors = columns > W ? 2 : 1;
      const bool whole = columns == vectors * W && C.col == 1;
      const T* b = B.data + k * B.row + n * B.col;
      int64_t b_row = B.row;
      // Rows of B that already lie side by side are copied only if many tiles read them.
      if (B.col != 1 || columns < vectors * W || tiles > 2) {
        pack(b_panel, b, B.row, B.col, depth, columns, vectors * W);
        b = b_panel;
        b_row = vectors * W;
      }
      for (int64_t tile = 0, m = 0; tile < tiles; ++tile) {
        const int64_t rows = height + (tile < tall);
        const T* const a = pack_a ? a_panels + m * depth : a_begin + m * A.row;
        T* const c = C.data + m * C.row + n * C.col;
        const Matrix<const T> from =
            k > 0 ? Matrix<const T>{c, C.row, C.col}
                  : Matrix<const T>{start.data ? start.data + m * start.row + n * start.col : nullptr, start.row,
                                    start.col};
        const auto run = pack_a ? compute_for<T, true>(rows, vectors == 2) : compute_for<T, false>(rows, vectors == 2);
        if (whole && (from.data == nullptr || from.col == 1)) {
          run({c, a, b, from.data, C.row, A.row, A.col, b_row, from.row, depth});
        } else {
          T part[kTileRows * 2 * W];
          run({part, a, b, nullptr, vectors * W, A.row, A.col, b_row, 0, depth});
          for (int64_t i = 0; i < rows; ++i) {
            for (int64_t j = 0; j < columns; ++j) {
              const T sum = part[i * vectors * W + j];
              c[i * C.row + j * C.col] = from.data ? sum + from.data[i * from.row + j * from.col] : sum;
            }
          }
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
  template int64_t tile_height<T>();                 \
  template int64_t tile_width<T>();                  \
  template void gemm_block(const GemmBlock<T>&, T*); \
  template T dot(const T*, const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
