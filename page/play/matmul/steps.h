// From three loops to a fast matrix product, one idea at a time. C = A B for square row-major
// matrices whose size n is a multiple of all block sizes. tensor/kernels/README.md explains the
// steps; ./run bench gemm-steps measures them, and the page play_matmul shows what they touch.
//
// M says what the numbers are in: memory that is measured (plain.h) or memory that notes every
// access (trace.h). It has
//
//   M::Out, M::In                          a pointer, and a pointer to constant numbers
//   M::kRows, M::kDepth, M::kColumns       of a block
//   M::Vector, M::kWidth, M::kVectorRows   a vector of kWidth numbers, and the rows of its tile
//   M::load(In), M::add_to(Out, Vector)    reads a vector; adds one
//   M::Buffer(name, n)                     memory for n packed numbers, with data() -> Out
//
// A number of A is read before one of B, by a statement of its own: C++ does not order the operands
// of a product.
#pragma once
#include <cstdint>

namespace gradus::page {

template <class M>
void set_to_zero(typename M::Out C, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    C[i] = 0.0F;
}

// 1. The definition.
template <class M>
void three_loops(typename M::Out C, typename M::In A, typename M::In B, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < n; ++k) {
        const float a = A[i * n + k];
        sum += a * B[k * n + j];
      }
      C[i * n + j] = sum;
    }
  }
}

// 2. The same sums with the innermost loop along rows.
template <class M>
void loop_order(typename M::Out C, typename M::In A, typename M::In B, int64_t n) {
  set_to_zero<M>(C, n * n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t j = 0; j < n; ++j) {
        const float a = A[i * n + k];
        C[i * n + j] += a * B[k * n + j];
      }
    }
  }
}

// 3. A block of B is used for all rows of A before the next one is read.
template <class M>
void blocks(typename M::Out C, typename M::In A, typename M::In B, int64_t n) {
  set_to_zero<M>(C, n * n);
  for (int64_t j0 = 0; j0 < n; j0 += M::kColumns) {
    for (int64_t k0 = 0; k0 < n; k0 += M::kDepth) {
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t k = k0; k < k0 + M::kDepth; ++k) {
          for (int64_t j = j0; j < j0 + M::kColumns; ++j) {
            const float a = A[i * n + k];
            C[i * n + j] += a * B[k * n + j];
          }
        }
      }
    }
  }
}

/// A part of a row-major or packed matrix: element (i, j) is data[i * row_stride + j * col_stride].
template <class M>
struct Part {
  typename M::In data;
  int64_t row_stride;
  int64_t col_stride;
};

// 4. A tile of C stays in registers while k runs: c += a b.
template <class M>
struct ScalarTile {
  static constexpr int64_t kRows = 4;
  static constexpr int64_t kColumns = 2;
  static void add(typename M::Out c, int64_t c_row_stride, Part<M> a, Part<M> b) {
    float sum[kRows][kColumns] = {};
    for (int64_t k = 0; k < M::kDepth; ++k) {
      float right[kColumns];
#pragma GCC unroll 16
      for (int64_t j = 0; j < kColumns; ++j)
        right[j] = b.data[j];
#pragma GCC unroll 16
      for (int64_t i = 0; i < kRows; ++i) {
        const float left = a.data[i * a.row_stride];
#pragma GCC unroll 16
        for (int64_t j = 0; j < kColumns; ++j)
          sum[i][j] += left * right[j];
      }
      a.data += a.col_stride;
      b.data += b.row_stride;
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
      for (int64_t j = 0; j < kColumns; ++j)
        c[i * c_row_stride + j] += sum[i][j];
    }
  }
};

template <class M>
void register_tile(typename M::Out C, typename M::In A, typename M::In B, int64_t n) {
  using Tile = ScalarTile<M>;
  set_to_zero<M>(C, n * n);
  for (int64_t j0 = 0; j0 < n; j0 += M::kColumns) {
    for (int64_t k0 = 0; k0 < n; k0 += M::kDepth) {
      for (int64_t i = 0; i < n; i += Tile::kRows) {
        for (int64_t j = j0; j < j0 + M::kColumns; j += Tile::kColumns)
          Tile::add(C + i * n + j, n, {A + i * n + k0, n, 1}, {B + k0 * n + j, n, 1});
      }
    }
  }
}

// 5. The numbers that a tile reads are first copied ("packed") in the order in which it reads them.

/// The rows i0 ... i0 + M::kRows - 1 and M::kDepth columns of A, in panels of `height` rows.
template <class M>
void pack_a(typename M::Out packed, typename M::In A, int64_t n, int64_t i0, int64_t k0,
            int64_t height) {
  for (int64_t i = i0; i < i0 + M::kRows; i += height) {
    for (int64_t k = k0; k < k0 + M::kDepth; ++k) {
      for (int64_t r = 0; r < height; ++r) {
        *packed = A[(i + r) * n + k];
        packed += 1;
      }
    }
  }
}

/// The rows `begin` ... `end` - 1 of C.
template <class M, class Tile>
void packed_rows(typename M::Out C, typename M::In A, typename M::In B, int64_t n, int64_t begin,
                 int64_t end) {
  typename M::Buffer a_block("packed A", M::kRows * M::kDepth);
  typename M::Buffer b_panel("packed B", Tile::kColumns * M::kDepth);
  set_to_zero<M>(C + begin * n, (end - begin) * n);
  for (int64_t i0 = begin; i0 < end; i0 += M::kRows) {
    for (int64_t k0 = 0; k0 < n; k0 += M::kDepth) {
      pack_a<M>(a_block.data(), A, n, i0, k0, Tile::kRows);
      for (int64_t j = 0; j < n; j += Tile::kColumns) {
        for (int64_t k = 0; k < M::kDepth; ++k) {
          for (int64_t c = 0; c < Tile::kColumns; ++c)
            b_panel.data()[k * Tile::kColumns + c] = B[(k0 + k) * n + j + c];
        }
        for (int64_t i = i0; i < i0 + M::kRows; i += Tile::kRows) {
          Tile::add(C + i * n + j, n, {a_block.data() + (i - i0) * M::kDepth, 1, Tile::kRows},
                    {b_panel.data(), Tile::kColumns, 1});
        }
      }
    }
  }
}

template <class M>
void packing(typename M::Out C, typename M::In A, typename M::In B, int64_t n) {
  packed_rows<M, ScalarTile<M>>(C, A, B, n, 0, n);
}

// 6. The same tile with rows of vectors: one instruction multiplies and adds kWidth numbers.
template <class M>
struct VectorTile {
  using Vector = typename M::Vector;
  static constexpr int64_t kRows = M::kVectorRows;
  static constexpr int64_t kColumns = 2 * M::kWidth;
  static void add(typename M::Out c, int64_t c_row_stride, Part<M> a, Part<M> b) {
    Vector sum[kRows][2] = {};
    for (int64_t k = 0; k < M::kDepth; ++k) {
      const Vector left = M::load(b.data);
      const Vector right = M::load(b.data + M::kWidth);
#pragma GCC unroll 16
      for (int64_t i = 0; i < kRows; ++i) {
        const float x = a.data[i * a.row_stride];
        sum[i][0] += x * left;
        sum[i][1] += x * right;
      }
      a.data += a.col_stride;
      b.data += b.row_stride;
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kRows; ++i) {
      M::add_to(c + i * c_row_stride, sum[i][0]);
      M::add_to(c + i * c_row_stride + M::kWidth, sum[i][1]);
    }
  }
};

template <class M>
void vectors(typename M::Out C, typename M::In A, typename M::In B, int64_t n) {
  packed_rows<M, VectorTile<M>>(C, A, B, n, 0, n);
}

}  // namespace gradus::page
