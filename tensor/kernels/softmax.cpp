#include "tensor/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {
namespace {

/// body(start) for each column: its numbers lie at start + r * C.
template <class Body> void for_each_column(int64_t A, int64_t R, int64_t C, const Body& body) {
  parallel_for(A * C, grain_for(8 * R), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i / C * R * C + i % C);
  });
}

/// Subtracting the largest number changes no softmax, and keeps exp from overflowing.
template <class T> T largest_of(const T* x, int64_t R, int64_t C) {
  T largest = -std::numeric_limits<T>::infinity();
  for (int64_t r = 0; r < R; ++r) largest = std::max(largest, x[r * C]);
  return largest;
}

/// body(start) for each row where C is 1; says whether it is.
template <class Body> bool for_each_row(int64_t A, int64_t R, int64_t C, const Body& body) {
  if (C != 1) return false;
  for_each_column(A, R, 1, body);
  return true;
}

}  // namespace

// Columns whose numbers lie side by side go to the vectors of simd/; the loops below them say what is computed.

template <class T> void softmax(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  if (for_each_row(A, R, C, [&](int64_t i) { GRADUS_BEST(softmax_row(y + i, x + i, R)); })) return;
  for_each_column(A, R, C, [&](int64_t start) {
    const T largest = largest_of(x + start, R, C);
    double sum = 0;
    for (int64_t i = start; i < start + R * C; i += C) {
      y[i] = std::exp(x[i] - largest);
      sum += y[i];
    }
    for (int64_t i = start; i < start + R * C; i += C) y[i] /= static_cast<T>(sum);
  });
}

template <class T> void log_softmax(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  const auto row = [&](int64_t i) {
    const auto [largest, sum] = GRADUS_BEST(log_sum(x + i, R));
    GRADUS_BEST(subtract_row(y + i, x + i, largest, static_cast<T>(std::log(sum)), R));
  };
  if (for_each_row(A, R, C, row)) return;
  for_each_column(A, R, C, [&](int64_t start) {
    const T largest = largest_of(x + start, R, C);
    double sum = 0;
    for (int64_t i = start; i < start + R * C; i += C) sum += std::exp(x[i] - largest);
    const T log_sum = static_cast<T>(std::log(sum));
    for (int64_t i = start; i < start + R * C; i += C) y[i] = x[i] - largest - log_sum;
  });
}

template <class T> void softmax_backward(T* dx, const T* dy, const T* y, int64_t A, int64_t R, int64_t C) {
  const auto row = [&](int64_t i) { GRADUS_BEST(softmax_backward_row(dx + i, dy + i, y + i, R)); };
  if (for_each_row(A, R, C, row)) return;
  for_each_column(A, R, C, [&](int64_t start) {
    double sum = 0;
    for (int64_t i = start; i < start + R * C; i += C) sum += static_cast<double>(dy[i]) * static_cast<double>(y[i]);
    for (int64_t i = start; i < start + R * C; i += C) dx[i] = y[i] * (dy[i] - static_cast<T>(sum));
  });
}

template <class T> void log_softmax_backward(T* dx, const T* dy, const T* y, int64_t A, int64_t R, int64_t C) {
  const auto row = [&](int64_t i) { GRADUS_BEST(log_softmax_backward_row(dx + i, dy + i, y + i, R)); };
  if (for_each_row(A, R, C, row)) return;
  for_each_column(A, R, C, [&](int64_t start) {
    double sum = 0;
    for (int64_t i = start; i < start + R * C; i += C) sum += dy[i];
    for (int64_t i = start; i < start + R * C; i += C) dx[i] = dy[i] - std::exp(y[i]) * static_cast<T>(sum);
  });
}

#define GRADUS_INSTANTIATE(T)                                                        \
  template void softmax(T*, const T*, int64_t, int64_t, int64_t);                    \
  template void log_softmax(T*, const T*, int64_t, int64_t, int64_t);                \
  template void softmax_backward(T*, const T*, const T*, int64_t, int64_t, int64_t); \
  template void log_softmax_backward(T*, const T*, const T*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
