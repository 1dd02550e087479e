// One block of a product, C (M, N) = A (M, K) B (K, N) + start. The loops:
//
//   a pass over some parts of K
//     columns of B                 all, or as many as are kept packed
//       a strip of rows            pack A          rows x K, in the L2 cache
//         some panels of 32 columns
//           a part of K            pack B          a slab of panels of depth x 32
//             32 columns
//               kTileRows rows     micro-kernel    a tile of C
//
// The sums of a strip and a slab wait in a buffer between the parts, so C is written once. While
// the tiles of a slab are computed, the next slab of B is packed. If several strips use it, it is
// kept.
//
// This file is compiled for AVX512_BF16 and for AMX, which differ in their micro-kernels.
#if defined(GRADUS_AMX)
#include "tensor/kernels/bfloat16/tile_amx.h"
#else
#include "tensor/kernels/bfloat16/tile_avx512.h"
#endif

namespace gradus::kernels::GRADUS_ISA {
namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

/// B in slabs: a part of the depth of some panels of 32 columns, side by side. They are used in
/// this order: all parts of some columns, then those of the next columns.
struct SlabsOfB {
  const Matrix<const float>& B;
  int64_t N;
  int64_t K;
  SlabShape shape;
  int terms;

  int64_t parts() const { return divide_up(K, shape.depth); }
  int64_t count() const { return divide_up(N, shape.columns) * parts(); }
  int64_t part(int64_t slab) const { return slab % parts(); }
  int64_t k(int64_t slab) const { return part(slab) * shape.depth; }
  int64_t n(int64_t slab) const { return slab / parts() * shape.columns; }
  int64_t columns(int64_t slab) const { return smaller(shape.columns, N - n(slab)); }
  int64_t panels(int64_t slab) const { return divide_up(columns(slab), kBf16Columns); }
  /// Of one term, rounded up to what the micro-kernels read.
  int64_t pairs(int64_t slab) const {
    return divide_up(smaller(shape.depth, K - k(slab)), 2 * kLane) * kLane;
  }
  Lines lines(int64_t slab) const {
    if (slab >= count()) return {};
    return {B.data + k(slab) * B.row_stride + n(slab) * B.col_stride, B.row_stride, B.col_stride,
            N - n(slab), smaller(shape.depth, K - k(slab))};
  }
};

/// Where slabs of B are packed: all of them if several strips use them, or this one and the next.
struct PackedB {
  uint32_t* data;
  int64_t panel_size;
  int64_t slab_size;
  bool keeps_all;

  uint32_t* at(int64_t slab) const { return data + (keeps_all ? slab : slab % 2) * slab_size; }
};

/// A slab that is packed in some steps.
PackAhead pack_ahead_of(const SlabsOfB& slabs, int64_t slab, const PackedB& packed, int64_t steps) {
  if (slab >= slabs.count()) return {};
  PackAhead ahead{.columns = slabs.lines(slab),
                  .to = packed.at(slab),
                  .panel_size = packed.panel_size,
                  .terms = slabs.terms,
                  .across = slabs.panels(slab) * kBf16Columns / kLane,
                  .down = slabs.pairs(slab) / kLane,
                  .steps = steps};
  constexpr int64_t kCached = 100'000;  // numbers of B
  if (slabs.N * slabs.K > kCached) {
    ahead.later = prefetch_of_later_squares({ahead.columns, slabs.columns(slab)});
    ahead.following = prefetch_of_first_squares({slabs.lines(slab + 1), slabs.columns(slab + 1)});
    const int64_t in_all = ahead.later.count() + ahead.following.count();
    ahead.prefetches = divide_up(in_all, steps);
  }
  return ahead;
}

/// Rows m0 ... m0 + rows - 1 of a block of C.
struct Strip {
  const MatrixProduct<float>& block;
  int64_t m0;
  int64_t rows;
  int64_t a_stride;
  bool c_is_cached;
  uint32_t* packed_a;
  float* sums;  // (panels of a slab, packed_rows(), 32)

  int64_t packed_rows() const { return round_up(rows, 2 * kLane); }
  uint32_t* part_of_a(int64_t part) const { return packed_a + part * packed_rows() * a_stride; }
};

/// Packs a part of the depth of the rows of A in the order of the memory.
void pack_part_of_a(const Strip& strip, const SlabsOfB& slabs, int64_t part) {
  const Matrix<const float>& A = strip.block.A;
  const int64_t k0 = part * slabs.shape.depth;
  const Lines lines{A.data + strip.m0 * A.row_stride + k0 * A.col_stride, A.col_stride,
                    A.row_stride, strip.rows, smaller(slabs.shape.depth, slabs.K - k0)};
  uint32_t* const packed = strip.part_of_a(part);
  const auto pack = [&](int64_t i, int64_t k) {
    const int64_t p = k / 2 * slabs.terms;
    const int64_t stride = kInSquares ? kLane : strip.a_stride;
    const Lines from = lines.from(i, k);
    pack_lines<0>(packed + square_of_a(i, p, strip.a_stride), stride, from);
    if (slabs.terms == 2)
      pack_lines<1>(packed + square_of_a(i, p + kLane, strip.a_stride), stride, from);
  };
  if (lines.i_stride == 1) {
    for (int64_t k = 0; k < lines.K; k += 2 * kLane) {
      for (int64_t i = 0; i < strip.packed_rows(); i += kLane)
        pack(i, k);
    }
  } else {
    for (int64_t i = 0; i < strip.packed_rows(); i += kLane) {
      for (int64_t k = 0; k < lines.K; k += 2 * kLane)
        pack(i, k);
    }
  }
}

/// One of the panels of a slab.
struct Panel {
  int64_t slab;
  int64_t number;
};

/// The tile of C from row m of the strip on, in the columns of a panel, for the part of the depth
/// of its slab.
Tile tile_of(const Strip& strip, const SlabsOfB& slabs, const PackedB& packed_b, const Panel& panel,
             int64_t m) {
  const Matrix<float>& C = strip.block.C;
  const Matrix<const float>& start = strip.block.start;
  const int64_t part = slabs.part(panel.slab);
  const int64_t row = strip.m0 + m;
  const int64_t n = slabs.n(panel.slab) + panel.number * kBf16Columns;
  float* const sums = strip.sums + (panel.number * strip.packed_rows() + m) * kBf16Columns;
  Tile tile{.c = sums,
            .a = strip.part_of_a(part) + m * strip.a_stride,
            .b = packed_b.at(panel.slab) + panel.number * packed_b.panel_size,
            .start = sums,
            .c_stride = kBf16Columns,
            .a_stride = strip.a_stride,
            .start_stride = kBf16Columns,
            .pairs = slabs.pairs(panel.slab),
            .terms = slabs.terms,
            .in_squares = kInSquares,
            .columns = smaller(kBf16Columns, slabs.N - n)};
  if (part == 0) {
    tile.start = start.data ? start.data + row * start.row_stride + n : nullptr;
    tile.start_stride = start.row_stride;
  }
  if (part + 1 == slabs.parts()) {
    tile.c = C.data + row * C.row_stride + n;
    tile.c_stride = C.row_stride;
  }
  return tile;
}

/// What is prefetched of C while a tile is computed: a share of the tile's own rows in each part of
/// the depth but the last, and the rows of the next tile in the last one. Storing a tile takes the
/// time of a memory access for each line that is missing. The next tile is the one below, or the
/// top of the next panel. For a single strip the top is left out: prefetching it as well took the
/// median of products with B in unaligned rows of 200 KB from 1,520 to 1,200 GFLOP/s.
Prefetch prefetch_of_c(const Strip& strip, const SlabsOfB& slabs, const Panel& panel, int64_t m) {
  if (strip.c_is_cached) return {};
  const int64_t before_last = slabs.parts() - 1;
  const int64_t part = slabs.part(panel.slab);
  int64_t n = slabs.n(panel.slab) + panel.number * kBf16Columns;
  int64_t row = m + kTileRows;
  int64_t rows = kTileRows;
  if (part < before_last) {
    rows = divide_up(kTileRows, before_last);
    row = m + part * rows;
  } else if (row >= strip.rows) {
    row = 0;
    n += kBf16Columns;
    if (n >= slabs.N || strip.block.M <= kFewestRows) return {};
  }
  const Matrix<float>& C = strip.block.C;
  return prefetch_of_rows(C.data + (strip.m0 + row) * C.row_stride + n, C.row_stride,
                          smaller(rows, strip.rows - row), kBf16Columns);
}

/// The first strip packs B; later ones find it packed if all of it is kept.
void multiply_strip(const Strip& strip, const SlabsOfB& slabs, const PackedB& packed_b) {
  const bool packs_b = strip.m0 == 0 || !packed_b.keeps_all;
  const int64_t tiles = divide_up(strip.rows, kTileRows);
  for (int64_t part = 0; part < slabs.parts(); ++part)
    pack_part_of_a(strip, slabs, part);
  if (packs_b) {
    PackAhead first_slab = pack_ahead_of(slabs, 0, packed_b, 1);
    pack_ahead(first_slab);
  }
  for (int64_t slab = 0; slab < slabs.count(); ++slab) {
    const int64_t steps = slabs.panels(slab) * tiles * slabs.pairs(slab) / kLane;
    PackAhead ahead;
    if (packs_b) ahead = pack_ahead_of(slabs, slab + 1, packed_b, steps);
    // The three products of two terms leave time to read B from the L3 cache.
    if (slabs.terms == 2 && strip.c_is_cached) ahead.prefetches = 0;
    for (int64_t panel = 0; panel < slabs.panels(slab); ++panel) {
      for (int64_t m = 0; m < strip.rows; m += kTileRows) {
        Tile tile = tile_of(strip, slabs, packed_b, {slab, panel}, m);
        tile.ahead = &ahead;
        ahead.of_c = prefetch_of_c(strip, slabs, {slab, panel}, m);
        ahead.lines_of_c = divide_up(ahead.of_c.count(), tile.pairs / kLane);
        multiply_tile(smaller(kTileRows, strip.rows - m), tile);
      }
    }
  }
}

/// Columns n ... n + columns - 1 of a block.
MatrixProduct<float> columns_of(const MatrixProduct<float>& block, int64_t n, int64_t columns) {
  MatrixProduct<float> part = block;
  part.B.data += n * block.B.col_stride;
  part.C.data += n;
  if (part.start.data) part.start.data += n;
  part.N = smaller(columns, block.N - n);
  return part;
}

/// The product of one pass. A part has shape.depth.
void multiply_parts(const MatrixProduct<float>& block, const SlabShape& shape, int terms,
                    uint32_t* buffer) {
  const int64_t parts = divide_up(block.K, shape.depth);
  const int64_t cached_rows = kMostPackedA / (parts * shape.depth * terms);
  const int64_t most_rows = larger(kFewestRows, smaller(kMostRows, cached_rows));
  const int64_t strips = divide_up(block.M, most_rows);
  const int64_t rows = round_up(divide_up(block.M, strips), kTileRows);
  const bool keeps_b = kKeepsB && strips > 1;
  const PackedB packed_b{.data = buffer + kBf16PackedA + kBf16Sums,
                         .panel_size = shape.depth / 2 * terms * kBf16Columns,
                         .slab_size = shape.pairs() * terms,
                         .keeps_all = keeps_b};
  const int64_t kept_columns = kBf16PackedB / (packed_b.slab_size * parts) * shape.columns;
  const int64_t columns = keeps_b ? kept_columns : block.N;
  float* const sums = reinterpret_cast<float*>(buffer + kBf16PackedA);
  constexpr int64_t kCached = 4'000'000;  // numbers of C, in the L3 cache
  const bool c_is_cached = block.M * block.N <= kCached;
  const int64_t a_stride = packed_stride(shape.depth * terms);
  for (int64_t n = 0; n < block.N; n += columns) {
    const MatrixProduct<float> part = columns_of(block, n, columns);
    const SlabsOfB slabs{part.B, part.N, part.K, shape, terms};
    for (int64_t m = 0; m < block.M; m += rows) {
      const int64_t strip_rows = smaller(rows, block.M - m);
      multiply_strip({part, m, strip_rows, a_stride, c_is_cached, buffer, sums}, slabs, packed_b);
    }
  }
}

}  // namespace

TileSize bf16_tile_size() { return {.rows = kTileRows, .columns = kBf16Columns}; }

void bf16_gemm_block(const MatrixProduct<float>& block, int terms, uint32_t* buffer) {
  [[maybe_unused]] const TileUnit unit;
  SlabShape shape = slab_shape(block, terms);
  const int64_t parts = divide_up(block.K, shape.depth / terms);
  const int64_t passes = divide_up(parts, shape.parts);
  shape.depth = round_up(divide_up(block.K, parts), 2 * kLane);
  const int64_t K = divide_up(parts, passes) * shape.depth;
  for (int64_t k = 0; k < block.K; k += K) {
    MatrixProduct<float> part = block;
    part.A.data += k * block.A.col_stride;
    part.B.data += k * block.B.row_stride;
    part.K = smaller(K, block.K - k);
    if (k > 0) part.start = {block.C.data, block.C.row_stride, block.C.col_stride};
    multiply_parts(part, shape, terms, buffer);
  }
}

}  // namespace gradus::kernels::GRADUS_ISA
