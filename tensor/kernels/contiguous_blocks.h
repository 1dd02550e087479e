// Runs a loop over contiguous arrays on arrays of any strides.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "tensor/kernels/strided_loop.h"

namespace gradus::kernels {

/// y[i y_stride] = x[i x_stride] for n elements.
template <class T>
void copy_strided(T* y, int64_t y_stride, const T* x, int64_t x_stride, int64_t n) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const T first = x[0];
    const T second = x[x_stride];
    const T third = x[2 * x_stride];
    const T fourth = x[3 * x_stride];
    y[0] = first;
    y[y_stride] = second;
    y[2 * y_stride] = third;
    y[3 * y_stride] = fourth;
    x += 4 * x_stride;
    y += 4 * y_stride;
  }
  for (; i < n; ++i) {
    *y = *x;
    x += x_stride;
    y += y_stride;
  }
}

/// Copies `count` elements of a block's array `i`, counted row by row from `begin` on, to `y`.
template <class T, size_t N>
void gather(T* y, const T* x, const Block<N>& block, size_t i, int64_t begin, int64_t count) {
  const int64_t stride = block.strides[i];
  int64_t r = begin / block.n;
  int64_t column = begin % block.n;
  for (const T* const end = y + count; y < end; ++r, column = 0) {
    const int64_t n = std::min<int64_t>(end - y, block.n - column);
    copy_strided(y, 1, x + block.offset(i, r) + column * stride, stride, n);
    y += n;
  }
}
/// The same elements of the output, array 0, from x.
template <class T, size_t N>
void scatter(T* y, const T* x, const Block<N>& block, int64_t begin, int64_t count) {
  const int64_t stride = block.strides[0];
  int64_t r = begin / block.n;
  int64_t column = begin % block.n;
  for (const T* const end = x + count; x < end; ++r, column = 0) {
    const int64_t n = std::min<int64_t>(end - x, block.n - column);
    copy_strided(y + block.offset(0, r) + column * stride, stride, x, 1, n);
    x += n;
  }
}

/// Calls loop(y, x..., n) for contiguous arrays that cover a block of any strides. Where an array
/// is not contiguous, or has only short rows with gaps between them, it is copied to a small buffer
/// (the output: from one).
template <class T, size_t INPUTS, class Loop>
void run_contiguous(const Loop& loop, T* y, const std::array<const T*, INPUTS>& x,
                    const Block<INPUTS + 1>& block) {
  constexpr int64_t kShortRow = 16;
  constexpr int64_t kBufferSize = 256;
  constexpr auto kInputs = std::make_index_sequence<INPUTS>();
  const auto call = [&loop]<size_t... I>(T * to, const std::array<const T*, INPUTS>& from,
                                         int64_t n, std::index_sequence<I...>) {
    loop(to, from[I]..., n);
  };
  const bool rows_are_contiguous = std::all_of(block.strides.begin(), block.strides.end(),
                                               [](int64_t stride) { return stride == 1; });
  std::array<const T*, INPUTS> from;
  if (rows_are_contiguous && (block.rows == 1 || block.n >= kShortRow)) {
    for (int64_t r = 0; r < block.rows; ++r) {
      for (size_t i = 0; i < INPUTS; ++i)
        from[i] = x[i] + block.offset(i + 1, r);
      call(y + block.offset(0, r), from, block.n, kInputs);
    }
    return;
  }
  T buffers[INPUTS][kBufferSize];
  const int64_t total = block.rows * block.n;
  for (int64_t begin = 0; begin < total; begin += kBufferSize) {
    const int64_t size = std::min(kBufferSize, total - begin);
    for (size_t i = 0; i < INPUTS; ++i) {
      from[i] = buffers[i];
      if (block.is_contiguous(i + 1))
        from[i] = x[i] + block.offsets[i + 1] + begin;
      else
        gather(buffers[i], x[i], block, i + 1, begin, size);
    }
    if (block.is_contiguous(0)) {
      call(y + block.offsets[0] + begin, from, size, kInputs);
    } else {
      call(buffers[0], from, size, kInputs);
      scatter(y, buffers[0], block, begin, size);
    }
  }
}

}  // namespace gradus::kernels
