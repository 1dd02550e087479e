// One block of a matrix product, C (M, N) = A (M, K) B (K, N), by the algorithm of Goto and van de
// Geijn, "Anatomy of high-performance matrix multiplication" (2008). Five loops surround the
// micro-kernel (tile.h), each with a part of the operands that stays in a cache:
//
//   kGemmPackedDepth of K     pack A                   M x kGemmPackedDepth
//     NC columns of B and C
//       KC of the depth       pack B                   KC x NC, in the L2 cache
//         MR rows of A and C                           MR x KC of A, in the L1 cache
//           NR columns of B   micro-kernel             MR x NR of C, in registers
//
// "Packing" copies an operand into panels, in exactly the order in which the micro-kernel reads it:
// a panel of A has MR rows, a panel of B has NR columns, and
//
//   panel of A: panel[k * rows + i]        panel of B: panel[k * columns + j]
//
// Packing costs a pass over the operand, so an operand that can be read as fast in place is not
// packed: see should_pack_a and should_pack_b.
#include "tensor/kernels/simd/gemm.h"

#include "tensor/kernels/simd/tile.h"
#include "tensor/kernels/simd/transpose.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// An operand of at most this many numbers stays in the L2 cache whether it is packed or not.
template <class T>
constexpr int64_t kFitsCache = 256 * 1024 / sizeof(T);
/// Numbers whose distance is a multiple of this compete for one set of the L1 cache.
template <class T>
constexpr int64_t kSameCacheSet = 4096 / sizeof(T);

/// The columns of a block of B, NC above.
constexpr int64_t kNC = kTallTiles ? kGemmNC : kGemmNC / 2;
/// The rows that are packed at a time.
constexpr int64_t kPackedRows = 8;

/// The split of the rows of A, or the columns of a block of B, into panels.
struct Panels {
  int64_t n;       // rows or columns in all
  int64_t size;    // rows or columns of a panel; the last panel may have fewer
  int64_t longer;  // the first `longer` panels have one more
  int64_t unit;    // the width of a packed panel is a multiple of this
  int64_t begin(int64_t panel) const { return min(n, panel * size + min(panel, longer)); }
  int64_t count(int64_t panel) const { return begin(panel + 1) - begin(panel); }
  int64_t width(int64_t panel) const { return (count(panel) + unit - 1) / unit * unit; }
};

/// ceil(M / MR) panels of nearly equal heights: a last panel of one or two rows would be slow.
Panels row_panels(int64_t M) {
  const int64_t panels = (M + kMR - 1) / kMR;
  return {.n = M, .size = M / panels, .longer = M % panels, .unit = 1};
}

template <class T>
Panels column_panels(int64_t columns) {
  return {.n = columns, .size = kNR<T>, .longer = 0, .unit = kWidth<T>};
}

/// Rows of x, k_stride apart, on the way to a panel of a packed matrix.
template <class T>
struct RowsToPack {
  T* to;
  int64_t width;  // of the panel
  const T* from;
  int64_t k_stride;
  int64_t count;  // numbers of a row

  /// Copies the next `rows` rows as full vectors. If count does not fill them, more is copied: the
  /// next row of the panel will overwrite it.
  template <int VECTORS>
  void copy_vectors(int64_t rows) {
    for (int64_t row = 0; row < rows; ++row) {
      GRADUS_UNROLL
      for (int j = 0; j < VECTORS; ++j)
        store(to + j * kWidth<T>, load(from + j * kWidth<T>));
      next();
    }
  }
  void copy_exactly(int64_t rows) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t i = 0; i < count; i += kWidth<T>)
        store_up_to(to + i, load_up_to(from + i, count - i), count - i);
      next();
    }
  }
  void next() {
    __builtin_prefetch(from + kPackedRows * k_stride);
    from += k_stride;
    to += width;
  }
};

/// pack for i_stride 1. A few rows k of x are copied to all panels before the next rows are read:
/// so few that they do not evict each other from the L1 cache, wherever they begin.
template <class T>
void pack_contiguous(T* packed, const T* x, int64_t k_stride, int64_t K, const Panels& panels) {
  constexpr int64_t W = kWidth<T>;
  for (int64_t k = 0; k < K; k += kPackedRows) {
    const int64_t rows = min(K - k, kPackedRows);
    for (int64_t panel = 0; panels.begin(panel) < panels.n; ++panel) {
      const int64_t begin = panels.begin(panel);
      const int64_t count = panels.count(panel);
      const int64_t width = panels.width(panel);
      const int64_t vectors = (count + W - 1) / W;
      const bool reads_only_x = begin + vectors * W <= panels.n;
      const bool writes_only_next_row = vectors * W <= 2 * width;
      const int64_t whole = reads_only_x && writes_only_next_row ? min(rows, K - 1 - k) : 0;
      RowsToPack<T> part{.to = packed + begin * K + k * width,
                         .width = width,
                         .from = x + k * k_stride + begin,
                         .k_stride = k_stride,
                         .count = count};
      if (vectors == 1) part.template copy_vectors<1>(whole);
      if (vectors == 2) part.template copy_vectors<2>(whole);
      part.copy_exactly(vectors <= 2 ? rows - whole : rows);
    }
  }
}

/// Packs one panel after the other: panel[k * width + i] = x[k * k_stride + (begin + i) * i_stride]
/// for i < count. Numbers between count and width are not written.
template <class T>
void pack(T* packed, const T* x, int64_t k_stride, int64_t i_stride, int64_t K,
          const Panels& panels) {
  if (i_stride == 1) return pack_contiguous(packed, x, k_stride, K, panels);
  for (int64_t panel = 0; panels.begin(panel) < panels.n; ++panel) {
    const int64_t begin = panels.begin(panel);
    const int64_t count = panels.count(panel);
    const int64_t width = panels.width(panel);
    const T* const from = x + begin * i_stride;
    T* const to = packed + begin * K;
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

/// Whether rows of x are read as fast in place as packed: with AVX-512, whose vectors are as long
/// as a cache line, if all vectors are aligned. But the processor does not prefetch parts of rows
/// that are far apart.
template <class T>
bool reads_fast_in_place(const T* x, int64_t row_stride) {
  constexpr int64_t kMostApart = 12 * 1024 / sizeof(T);
  return kTallTiles && row_stride <= kMostApart && row_stride % kWidth<T> == 0 &&
         reinterpret_cast<uintptr_t>(x) % sizeof(Vector<T>) == 0;
}

template <class T>
bool should_pack_a(const MatrixProduct<T>& block) {
  constexpr int64_t W = kWidth<T>;
  const Matrix<const T>& A = block.A;
  const bool fits_cache = block.M * block.K <= kFitsCache<T>;
  const bool is_read_by_few_tiles = block.N <= 2 * kNR<T>;
  // A transposed: MR contiguous numbers for each k, from a new cache line each time. A low tile
  // uses so few of them that packing pays even if A is in the cache.
  const bool is_transposed = A.row_stride == 1 && A.col_stride != 1;
  const bool may_stay = fits_cache && (kTallTiles || !is_transposed);
  if (may_stay || is_read_by_few_tiles) return false;
  // The micro-kernel reads MR contiguous rows as MR streams. That is as fast as a panel unless all
  // of them compete for one set of the L1 cache.
  if (A.col_stride == 1) return A.row_stride % kSameCacheSet<T> == 0;
  if (is_transposed) return block.N > 16 * W;
  return true;
}

template <class T>
bool should_pack_b(const MatrixProduct<T>& block) {
  const Matrix<const T>& B = block.B;
  if (B.col_stride != 1) return true;  // the micro-kernel loads vectors along the rows
  const bool is_read_by_few_tiles = block.M <= 2 * kMR;
  // Low tiles read B so often that packing pays even if B is in the cache.
  const bool is_read_by_many_low_tiles = !kTallTiles && block.M > 24 * kMR;
  const bool fits_cache = block.N * block.K <= kFitsCache<T>;
  const bool may_stay = fits_cache && !is_read_by_many_low_tiles;
  return !may_stay && !is_read_by_few_tiles && !reads_fast_in_place(B.data, B.row_stride);
}

/// The part of a matrix that begins at row i and column j. A null matrix stays null.
template <class M>
M submatrix(const M& matrix, int64_t i, int64_t j) {
  return {matrix.data ? matrix.data + i * matrix.row_stride + j * matrix.col_stride : nullptr,
          matrix.row_stride, matrix.col_stride};
}

/// A block of C with the decisions about packing, and the memory for packed operands.
template <class T>
struct Plan {
  const MatrixProduct<T>& block;
  Panels rows;  // of A and C
  bool packs_a;
  bool packs_b;
  T* packed_a;  // M x kGemmPackedDepth: for each KC of the depth, all panels
  T* packed_b;  // KC x NC
};

/// The part of B for which the three inner loops run: `depth` rows from row k, `columns` columns
/// from column n.
template <class T>
struct BlockOfB {
  int64_t k;
  int64_t depth;
  int64_t n;
  int64_t columns;
  int64_t packed_from;  // columns from here on, counted from n, are packed
  const T* packed_a;    // the packed A of these k
};

/// The first column of a block of B that is packed. Where B is read in place, its last columns are
/// packed nevertheless if they do not fill a vector: a vector loaded there would reach past the end
/// of the row.
template <class T>
int64_t first_packed_column(const Plan<T>& plan, int64_t columns) {
  if (plan.packs_b) return 0;
  return columns % kWidth<T> != 0 ? columns / kNR<T> * kNR<T> : columns;
}

/// Computes a tile of C in a buffer and copies its rows x columns numbers to c: for tiles that end
/// in an incomplete vector, and where the columns of c or start are not contiguous.
template <class T>
void compute_in_buffer(MicroKernel<T> micro_kernel, Tiles<T> tile, const Matrix<T>& c,
                       const Matrix<const T>& start, int64_t rows, int64_t columns) {
  T buffer[kMR * kNR<T>];
  tile.c = buffer;
  tile.c_row_stride = kNR<T>;
  tile.start = nullptr;
  tile.count = 1;
  micro_kernel(tile);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const T sum = buffer[i * kNR<T> + j];
      c.data[i * c.row_stride + j * c.col_stride] =
          start.data ? sum + start.data[i * start.row_stride + j * start.col_stride] : sum;
    }
  }
}

/// Computes rows m ... m + rows - 1 of C from column n of the block of B on: all full tiles that
/// follow, or one narrower tile. Returns the number of columns computed.
template <class T>
int64_t compute_tiles(const Plan<T>& plan, const BlockOfB<T>& part, const Matrix<const T>& a,
                      int64_t m, int64_t rows, int64_t n) {
  constexpr int64_t W = kWidth<T>;
  const int64_t columns_left = part.columns - n;
  const int64_t columns = min(columns_left, kNR<T>);
  const bool two_vectors = columns > W;
  const bool b_is_packed = n >= part.packed_from;
  const T* const packed_b = plan.packed_b + (n - part.packed_from) * part.depth;
  const Matrix<const T> b = b_is_packed ? Matrix<const T>{packed_b, two_vectors ? kNR<T> : W, 1}
                                        : submatrix(plan.block.B, part.k, part.n + n);
  const Matrix<T> c = submatrix(plan.block.C, m, part.n + n);
  const bool is_first = part.k == 0;  // later parts of the depth are added to C
  const Matrix<const T> start = is_first ? submatrix(plan.block.start, m, part.n + n)
                                         : Matrix<const T>{c.data, c.row_stride, c.col_stride};
  const MicroKernel<T> micro_kernel = plan.packs_a ? micro_kernel_for<T, true>(rows, two_vectors)
                                                   : micro_kernel_for<T, false>(rows, two_vectors);
  const Tiles<T> tiles{.c = c.data,
                       .a = a.data,
                       .b = b.data,
                       .start = start.data,
                       .c_row_stride = c.row_stride,
                       .a_row_stride = a.row_stride,
                       .a_col_stride = a.col_stride,
                       .b_row_stride = b.row_stride,
                       .start_row_stride = start.row_stride,
                       .K = part.depth,
                       .count = columns == kNR<T> ? columns_left / kNR<T> : 1,
                       .b_tile_stride = b_is_packed ? kNR<T> * part.depth : kNR<T>};
  const bool stores_full_vectors =
      columns % W == 0 && c.col_stride == 1 && (start.col_stride == 1 || !start.data);
  if (stores_full_vectors) {
    micro_kernel(tiles);
    return tiles.count * columns;
  }
  compute_in_buffer(micro_kernel, tiles, c, start, rows, columns);
  return columns;
}

/// All rows of C, for the columns and the depth of one block of B.
template <class T>
void multiply_by_block_of_b(const Plan<T>& plan, const BlockOfB<T>& part) {
  if (part.packed_from < part.columns) {
    const Matrix<const T> b = submatrix(plan.block.B, part.k, part.n + part.packed_from);
    pack(plan.packed_b, b.data, b.row_stride, b.col_stride, part.depth,
         column_panels<T>(part.columns - part.packed_from));
  }
  for (int64_t panel = 0; plan.rows.begin(panel) < plan.rows.n; ++panel) {
    const int64_t m = plan.rows.begin(panel);
    const int64_t rows = plan.rows.count(panel);
    const Matrix<const T> a = plan.packs_a
                                  ? Matrix<const T>{part.packed_a + m * part.depth, 1, rows}
                                  : submatrix(plan.block.A, m, part.k);
    for (int64_t n = 0; n < part.columns;)
      n += compute_tiles(plan, part, a, m, rows, n);
  }
}

/// Packs A for the depth k_begin ... k_end - 1, KC after KC.
template <class T>
void pack_a(const Plan<T>& plan, int64_t k_begin, int64_t k_end) {
  const MatrixProduct<T>& block = plan.block;
  for (int64_t k = k_begin; k < k_end; k += kGemmKC) {
    const Matrix<const T> a = submatrix(block.A, 0, k);
    pack(plan.packed_a + (k - k_begin) * block.M, a.data, a.col_stride, a.row_stride,
         min(k_end - k, kGemmKC), plan.rows);
  }
}

}  // namespace

template <class T>
TileSize gemm_tile_size() {
  return {.rows = kMR, .columns = kNR<T>};
}

template <class T>
void gemm_block(const MatrixProduct<T>& block, T* buffer) {
  const Plan<T> plan{.block = block,
                     .rows = row_panels(block.M),
                     .packs_a = should_pack_a(block),
                     .packs_b = should_pack_b(block),
                     .packed_a = buffer,
                     .packed_b = buffer + kGemmMC * kGemmPackedDepth};
  // If one block of B has all columns, each packed KC of A is used once: the next one may replace
  // it.
  const int64_t packed_depth = block.N <= kNC ? kGemmKC : kGemmPackedDepth;
  for (int64_t k_begin = 0; k_begin < block.K; k_begin += packed_depth) {
    const int64_t k_end = min(block.K, k_begin + packed_depth);
    if (plan.packs_a) pack_a(plan, k_begin, k_end);
    for (int64_t n = 0; n < block.N; n += kNC) {
      const int64_t columns = min(block.N - n, kNC);
      for (int64_t k = k_begin; k < k_end; k += kGemmKC) {
        multiply_by_block_of_b<T>(plan, {.k = k,
                                         .depth = min(k_end - k, kGemmKC),
                                         .n = n,
                                         .columns = columns,
                                         .packed_from = first_packed_column(plan, columns),
                                         .packed_a = plan.packed_a + (k - k_begin) * block.M});
      }
    }
  }
}

#define GRADUS_INSTANTIATE(T)            \
  template TileSize gemm_tile_size<T>(); \
  template void gemm_block(const MatrixProduct<T>&, T*);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
