// One block of a product, C (M, N) = A (M, K) B (K, N) + start. The loops:
//
//   up to kMostDepth of K
//     up to kBf16Rows rows       pack A          rows x depth, in the L2 cache
//       32 columns               pack B          depth x 32
//         kTileRows rows         micro-kernel    a tile of C
//
// While the tiles of a panel of B are computed, the next panel is packed, a part before each tile:
// the processor then waits for the memory of one while it computes the other.
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

/// The panels of B in the order in which they are used: those of a part of the depth, then those of
/// the next.
struct PanelsOfB {
  const Matrix<const float>& B;
  int64_t N;
  int64_t K;
  int64_t depth;  // of a part; a multiple of 32
  int terms;

  int64_t in_part() const { return divide_up(N, kBf16Columns); }
  int64_t count() const { return in_part() * divide_up(K, depth); }
  int64_t k(int64_t panel) const { return panel / in_part() * depth; }
  int64_t n(int64_t panel) const { return panel % in_part() * kBf16Columns; }
  int64_t columns(int64_t panel) const { return smaller(kBf16Columns, N - n(panel)); }
  /// Of one term, rounded up to what the micro-kernels read.
  int64_t pairs(int64_t panel) const {
    return divide_up(smaller(depth, K - k(panel)), 2 * kLane) * kLane;
  }
};

/// One of `count` parts of a panel, in squares of 16 pairs (of each term).
struct Share {
  int64_t panel;
  int64_t number;
  int64_t count;

  int64_t begin(const PanelsOfB& panels) const {
    return panels.pairs(panel) / kLane * number / count;
  }
  int64_t end(const PanelsOfB& panels) const {
    return panels.pairs(panel) / kLane * (number + 1) / count;
  }
  Share next() const {
    return number + 1 < count ? Share{panel, number + 1, count} : Share{panel + 1, 0, count};
  }
};

/// The columns of a panel from a pair on.
Lines lines_of(const PanelsOfB& panels, int64_t panel, int64_t square) {
  const Matrix<const float>& B = panels.B;
  const int64_t k = panels.k(panel);
  const int64_t n = panels.n(panel);
  const Lines lines{B.data + k * B.row_stride + n * B.col_stride, B.row_stride, B.col_stride,
                    panels.N - n, smaller(panels.depth, panels.K - k)};
  return lines.from(0, square * 2 * kLane);
}

void pack_share(uint32_t* to, const PanelsOfB& panels, const Share& share) {
  if (share.panel >= panels.count()) return;
  for (int64_t s = share.begin(panels); s < share.end(panels); ++s) {
    const Lines lines = lines_of(panels, share.panel, s);
    uint32_t* const square = to + s * panels.terms * kLane * kBf16Columns;
    for (int64_t i = 0; i < kBf16Columns; i += kLane) {
      pack_pairs<0>(square + i, kBf16Columns, lines.from(i, 0));
      if (panels.terms == 2)
        pack_pairs<1>(square + kLane * kBf16Columns + i, kBf16Columns, lines.from(i, 0));
    }
  }
}

/// What a share is packed from.
Prefetch prefetch_of_share(const PanelsOfB& panels, const Share& share, int64_t calls) {
  if (share.panel >= panels.count() || share.begin(panels) == share.end(panels)) return {};
  const Lines lines = lines_of(panels, share.panel, share.begin(panels));
  const int64_t K = smaller(lines.K, (share.end(panels) - share.begin(panels)) * 2 * kLane);
  const int64_t columns = panels.columns(share.panel);
  if (lines.i_stride == 1) return prefetch_of_rows(lines.data, K, columns, lines.k_stride, calls);
  if (lines.k_stride == 1) return prefetch_of_rows(lines.data, columns, K, lines.i_stride, calls);
  return {};
}

/// Packs rows of A, rounded up to a multiple of 32.
void pack_a(uint32_t* to, int64_t stride, const Lines& lines, int terms) {
  for (int64_t i = 0; i < divide_up(lines.count, 2 * kLane) * 2 * kLane; i += kLane) {
    for (int64_t k = 0; k < lines.K; k += 2 * kLane) {
      uint32_t* const square = to + i * stride + k / 2 * terms;
      pack_lines<0>(square, stride, lines.from(i, k));
      if (terms == 2) pack_lines<1>(square + kLane, stride, lines.from(i, k));
    }
  }
}

/// Rows m0 ... m0 + rows - 1 of a block of C.
struct Strip {
  const MatrixProduct<float>& block;
  int64_t m0;
  int64_t rows;
  int64_t a_stride;
  uint32_t* packed_a;
  bool prefetches;  // B and C are too large for the cache
};

/// The tile of C from row m of the strip on, for one part of the depth. `next` is the part of B
/// that is packed after it.
Tile tile_of(const Strip& strip, const PanelsOfB& panels, int64_t panel, int64_t m,
             const uint32_t* packed_b, const Share& next) {
  const MatrixProduct<float>& block = strip.block;
  const int64_t n = panels.n(panel);
  const int64_t row = strip.m0 + m;
  float* const c = block.C.data + row * block.C.row_stride + n;
  const bool is_first = panels.k(panel) == 0;  // later parts of the depth are added to C
  const float* const start =
      block.start.data ? block.start.data + row * block.start.row_stride + n : nullptr;
  const int64_t calls = panels.pairs(panel) / kPairsPerPrefetch;
  return {.c = c,
          .a = strip.packed_a + m * strip.a_stride,
          .b = packed_b,
          .start = is_first ? start : c,
          .c_stride = block.C.row_stride,
          .a_stride = strip.a_stride,
          .start_stride = is_first ? block.start.row_stride : block.C.row_stride,
          .pairs = panels.pairs(panel),
          .terms = panels.terms,
          .columns = panels.columns(panel),
          .prefetches = strip.prefetches,
          .next_b = strip.prefetches ? prefetch_of_share(panels, next, calls) : Prefetch{},
          .next_c = prefetch_of_rows(c, smaller(kTileRows, strip.rows - m), panels.columns(panel),
                                     block.C.row_stride, calls)};
}

void multiply_strip(const Strip& strip, const PanelsOfB& panels, uint32_t* b_buffer) {
  const Matrix<const float>& A = strip.block.A;
  uint32_t* packed = b_buffer;
  uint32_t* next = b_buffer + kBf16Columns * kBf16Depth / 2;
  const int64_t tiles = divide_up(strip.rows, kTileRows);
  pack_share(packed, panels, {0, 0, 1});
  for (int64_t panel = 0; panel < panels.count(); ++panel) {
    const int64_t k = panels.k(panel);
    if (panels.n(panel) == 0) {
      pack_a(strip.packed_a, strip.a_stride,
             {A.data + strip.m0 * A.row_stride + k * A.col_stride, A.col_stride, A.row_stride,
              strip.rows, smaller(panels.depth, panels.K - k)},
             panels.terms);
    }
    for (int64_t t = 0; t < tiles; ++t) {
      const Share share{panel + 1, t, tiles};
      pack_share(next, panels, share);
      const int64_t m = t * kTileRows;
      multiply_tile(smaller(kTileRows, strip.rows - m),
                    tile_of(strip, panels, panel, m, packed, share.next()));
    }
    uint32_t* const free = packed;
    packed = next;
    next = free;
  }
}

}  // namespace

TileSize bf16_tile_size() { return {.rows = kTileRows, .columns = kBf16Columns}; }

void bf16_gemm_block(const MatrixProduct<float>& block, int terms, uint32_t* buffer) {
  [[maybe_unused]] const TileUnit unit;
  const int64_t parts = divide_up(block.K, kMostDepth / terms);
  const int64_t depth = divide_up(divide_up(block.K, parts), 2 * kLane) * 2 * kLane;
  const PanelsOfB panels{block.B, block.N, block.K, depth, terms};
  const int64_t strips = divide_up(block.M, kMostRows);
  const int64_t rows = divide_up(divide_up(block.M, strips), kTileRows) * kTileRows;
  constexpr int64_t kCached = 400'000;  // numbers of B and C
  const bool prefetches = block.N * (block.K + block.M) > kCached;
  for (int64_t m = 0; m < block.M; m += rows)
    multiply_strip(
        {block, m, smaller(rows, block.M - m), packed_stride(depth * terms), buffer, prefetches},
        panels, buffer + kBf16PackedA);
}

}  // namespace gradus::kernels::GRADUS_ISA
