#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {

// All are (A, R, C) and contiguous; each of the A * C columns of R numbers is a row of logits.
// float, double. In a softmax a column that is all -inf, or has +inf or NaN, gives NaN, as in
// PyTorch. An output may be one of its inputs.

/// row(y, x...) for each column of R numbers. Where they do not lie side by side (C is not 1),
/// copies of them do.
template <class T, class Row, class... X>
void for_each_column(int64_t A, int64_t R, int64_t C, const Row& row, T* y, const X*... x) {
  const int64_t some = 1 + (1 << 16) / (R * C + 1);  // of the A blocks, as many as the cache holds
  for (int64_t a = 0; C != 1 && a < A; a += some) {
    const int64_t count = std::min(some, A - a);
    const int64_t at = a * R * C;
    std::vector<T> rows(static_cast<size_t>(count * R * C));
    for_each_column(count * C, R, 1, row, rows.data(),
                    transposed_last_two(x + at, count, R, C).data()...);
    transpose_last_two(y + at, rows.data(), count, C, R);
  }
  if (C != 1) return;
  parallel_for(A, grain_for(8 * R), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * R; i < end * R; i += R)
      row(y + i, (x + i)...);
  });
}

/// y = exp(x) / sum of exp(x) over R.
template <class T>
void softmax(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  for_each_column(
      A, R, C, [R](T* to, const T* from) { GRADUS_DISPATCH(softmax_row(to, from, R)); }, y, x);
}

/// y = x - log of the sum of exp(x) over R.
template <class T>
void log_softmax(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  const auto row = [R](T* to, const T* from) {
    const auto [largest, sum] = GRADUS_DISPATCH(log_sum(from, R));
    GRADUS_DISPATCH(subtract_row(to, from, largest, static_cast<T>(std::log(sum)), R));
  };
  for_each_column(A, R, C, row, y, x);
}

/// dx = y (dy - sum of dy y over R), with y from softmax.
template <class T>
void softmax_backward(T* dx, const T* dy, const T* y, int64_t A, int64_t R, int64_t C) {
  const auto row = [R](T* to, const T* g, const T* p) {
    GRADUS_DISPATCH(softmax_backward_row(to, g, p, R));
  };
  for_each_column(A, R, C, row, dx, dy, y);
}

/// dx = dy - exp(y) sum of dy over R, with y from log_softmax.
template <class T>
void log_softmax_backward(T* dx, const T* dy, const T* y, int64_t A, int64_t R, int64_t C) {
  const auto row = [R](T* to, const T* g, const T* log_p) {
    GRADUS_DISPATCH(log_softmax_backward_row(to, g, log_p, R));
  };
  for_each_column(A, R, C, row, dx, dy, y);
}

/// y (A, C) = log of the sum of exp(x) over R; -inf if R = 0 or every x is -inf.
template <class T>
void logsumexp(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  if (C != 1) return logsumexp(y, transposed_last_two(x, A, R, C).data(), A * C, R, 1);
  parallel_for(A, grain_for(8 * R), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      auto [largest, total] = GRADUS_DISPATCH(log_sum(x + i * R, R));
      if (!std::isfinite(largest)) {  // inf - inf would make NaN of the limits that exp and log
                                      // give by themselves
        largest = 0;
        total = 0;
        for (int64_t r = 0; r < R; ++r)
          total += std::exp(x[i * R + r]);
      }
      y[i] = largest + static_cast<T>(std::log(total));
    }
  });
}

}  // namespace gradus::kernels
