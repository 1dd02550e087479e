// Nested loops over several strided arrays at once: the same loops serve contiguous, transposed and
// broadcast arrays.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/kernels/max_dims.h"
#include "tensor/kernels/parallel.h"

namespace gradus::kernels {

/// Nested loops over N arrays: the size of each loop, outermost first, and the stride of each array
/// in each loop, in elements.
template <size_t N>
struct StridedLoop {
  int dims = 1;
  std::array<int64_t, kMaxDims> sizes;
  std::array<std::array<int64_t, kMaxDims>, N> strides;

  /// One loop of n elements, with the same stride for every array.
  explicit StridedLoop(int64_t n = 1, int64_t stride = 0) {
    sizes[0] = n;
    for (auto& array_strides : strides)
      array_strides[0] = stride;
  }
};

/// The dimensions of an array; strides are in elements.
struct Layout {
  size_t dims;
  const int64_t* sizes;
  const int64_t* strides;
};

/// Loops over `sizes`, to which each array is broadcast. Neighbouring dimensions become one loop
/// where every array's strides allow it.
template <size_t N>
StridedLoop<N> strided_loop(size_t dims, const int64_t* sizes,
                            const std::array<Layout, N>& arrays) {
  StridedLoop<N> loop;
  size_t loops = 0;
  for (size_t d = 0; d < dims; ++d) {
    if (sizes[d] == 1) continue;
    std::array<int64_t, N> stride{};
    bool merges = loops > 0;  // this dimension continues the previous loop
    for (size_t i = 0; i < N; ++i) {
      const Layout& array = arrays[i];
      const size_t missing = dims - array.dims;  // leading dimensions
      if (d >= missing && array.sizes[d - missing] != 1) stride[i] = array.strides[d - missing];
      merges = merges && loop.strides[i][loops - 1] == stride[i] * sizes[d];
    }
    if (!merges) ++loops;
    loop.sizes[loops - 1] = merges ? loop.sizes[loops - 1] * sizes[d] : sizes[d];
    for (size_t i = 0; i < N; ++i)
      loop.strides[i][loops - 1] = stride[i];
  }
  loop.dims = loops == 0 ? 1 : static_cast<int>(loops);
  return loop;
}

/// The number of elements that the loops visit.
template <size_t N>
int64_t count(const StridedLoop<N>& loop) {
  int64_t total = 1;
  for (int d = 0; d < loop.dims; ++d)
    total *= loop.sizes[static_cast<size_t>(d)];
  return total;
}

/// Whether the loops may visit an element of their array more than once. They do not if, sorted by
/// stride, each loop's stride exceeds what the loops of smaller strides span.
inline bool has_internal_overlap(const StridedLoop<1>& loop) {
  if (count(loop) == 0) return false;
  struct Dimension {
    int64_t stride;
    int64_t size;
  };
  std::array<Dimension, kMaxDims> sorted;
  const auto dims = static_cast<size_t>(loop.dims);
  for (size_t d = 0; d < dims; ++d)
    sorted[d] = {loop.strides[0][d], loop.sizes[d]};
  std::sort(sorted.begin(), sorted.begin() + dims,
            [](const Dimension& a, const Dimension& b) { return a.stride < b.stride; });
  int64_t span = 1;
  for (size_t d = 0; d < dims; ++d) {
    if (sorted[d].size <= 1) continue;
    if (sorted[d].stride < span) return true;
    span += sorted[d].stride * (sorted[d].size - 1);
  }
  return false;
}

/// The two innermost loops: `rows` rows of n elements. Array i starts at element offsets[i].
template <size_t N>
struct Block {
  int64_t rows;
  int64_t n;
  std::array<int64_t, N> offsets{};
  std::array<int64_t, N> row_strides{};
  std::array<int64_t, N> strides{};  // within a row

  /// Where row r of array i starts.
  int64_t offset(size_t i, int64_t r) const { return offsets[i] + r * row_strides[i]; }
  /// Whether all elements of array i follow each other.
  bool is_contiguous(size_t i) const {
    return strides[i] == 1 && (rows == 1 || row_strides[i] == n);
  }
};

/// Calls body(Block) for blocks that cover the elements begin to end - 1 in row-major order. All
/// rows are complete except, possibly, the first and the last.
template <size_t N, class Body>
void for_each_block_between(const StridedLoop<N>& loop, int64_t begin, int64_t end,
                            const Body& body) {
  if (begin >= end) return;
  const auto last = static_cast<size_t>(loop.dims - 1);
  Block<N> block{.rows = 1, .n = end - begin};
  if (last == 0) {  // the usual case
    for (size_t i = 0; i < N; ++i) {
      block.strides[i] = loop.strides[i][0];
      block.offsets[i] = begin * block.strides[i];
    }
    return body(block);
  }
  for (size_t i = 0; i < N; ++i) {
    block.strides[i] = loop.strides[i][last];
    block.row_strides[i] = loop.strides[i][last - 1];
  }
  std::array<int64_t, kMaxDims> index{};
  int64_t rest = begin;
  for (size_t d = last + 1; rest > 0 && d-- > 0; rest /= loop.sizes[d]) {
    index[d] = rest % loop.sizes[d];
    for (size_t i = 0; i < N; ++i)
      block.offsets[i] += index[d] * loop.strides[i][d];
  }
  while (true) {
    const int64_t row_rest = loop.sizes[last] - index[last];
    const bool complete = index[last] == 0 && row_rest <= end - begin;
    block.n = std::min(row_rest, end - begin);
    block.rows = 1;
    if (complete) {
      block.rows = std::min(loop.sizes[last - 1] - index[last - 1], (end - begin) / block.n);
    }
    body(block);
    begin += block.rows * block.n;
    if (begin >= end) return;
    // Advances to the next block; a loop that has ended advances the one outside it.
    size_t d = last;
    int64_t steps = block.n;
    if (complete) {
      d = last - 1;
      steps = block.rows;
    }
    index[d] += steps;
    for (size_t i = 0; i < N; ++i)
      block.offsets[i] += steps * loop.strides[i][d];
    for (; d > 0 && index[d] == loop.sizes[d]; --d) {
      index[d] = 0;
      ++index[d - 1];
      for (size_t i = 0; i < N; ++i)
        block.offsets[i] += loop.strides[i][d - 1] - loop.sizes[d] * loop.strides[i][d];
    }
  }
}

/// The same for all elements, shared between threads.
template <size_t N, class Body>
void for_each_block(const StridedLoop<N>& loop, const Body& body) {
  parallel_for(count(loop), 1 << 15,
               [&](int64_t begin, int64_t end) { for_each_block_between(loop, begin, end, body); });
}

/// Calls row(n, offsets) for each run of n elements along the innermost loop, for the elements
/// begin to end - 1 in row-major order; array i starts at element offsets[i].
template <size_t N, class Row>
void for_each_row_between(const StridedLoop<N>& loop, int64_t begin, int64_t end, const Row& row) {
  for_each_block_between(loop, begin, end, [&](const Block<N>& block) {
    std::array<int64_t, N> offsets = block.offsets;
    for (int64_t r = 0; r < block.rows; ++r) {
      row(block.n, offsets);
      for (size_t i = 0; i < N; ++i)
        offsets[i] += block.row_strides[i];
    }
  });
}

/// The same for all elements, shared between threads.
template <size_t N, class Row>
void for_each_row(const StridedLoop<N>& loop, const Row& row) {
  parallel_for(count(loop), 1 << 15,
               [&](int64_t begin, int64_t end) { for_each_row_between(loop, begin, end, row); });
}

/// Each array's element offsets in row-major order.
template <size_t N>
std::array<std::vector<int64_t>, N> offsets(const StridedLoop<N>& loop) {
  std::array<std::vector<int64_t>, N> all;
  const auto last = static_cast<size_t>(loop.dims - 1);
  for_each_row_between(loop, 0, count(loop), [&](int64_t n, const std::array<int64_t, N>& first) {
    for (size_t i = 0; i < N; ++i)
      for (int64_t j = 0; j < n; ++j)
        all[i].push_back(first[i] + j * loop.strides[i][last]);
  });
  return all;
}

}  // namespace gradus::kernels
