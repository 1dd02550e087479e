#include "tensor/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {
namespace {

/// body(offset of a row's first logit) for each row of logits; the next logit is `inner` further.
template <class Body>
void for_each_offset(int64_t outer, int64_t size, int64_t inner, const Body& body) {
  for (int64_t a = 0; a < outer; ++a) {
    for (int64_t c = 0; c < inner; ++c)
      body(a * size * inner + c);
  }
}

/// m + log sum_j exp(x_j - m) of `size` logits, `stride` apart.
double strided_logsumexp(const double* x, int64_t size, int64_t stride) {
  double m = -std::numeric_limits<double>::infinity();
  for (int64_t j = 0; j < size; ++j)
    m = std::max(m, x[j * stride]);
  double sum = 0;
  for (int64_t j = 0; j < size; ++j)
    sum += std::exp(x[j * stride] - m);
  return m + std::log(sum);
}

}  // namespace

void softmax_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner) {
  log_softmax_reference(y, x, outer, size, inner);
  for (int64_t i = 0; i < outer * size * inner; ++i)
    y[i] = std::exp(y[i]);
}

void softmax_backward_reference(double* dx, const double* dy, const double* y, int64_t outer,
                                int64_t size, int64_t inner) {
  for_each_offset(outer, size, inner, [=](int64_t first) {
    double dot = 0;
    for (int64_t j = 0; j < size; ++j)
      dot += dy[first + j * inner] * y[first + j * inner];
    for (int64_t i = 0; i < size; ++i)
      dx[first + i * inner] = y[first + i * inner] * (dy[first + i * inner] - dot);
  });
}

void log_softmax_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner) {
  for_each_offset(outer, size, inner, [=](int64_t first) {
    const double lse = strided_logsumexp(x + first, size, inner);
    for (int64_t i = 0; i < size; ++i)
      y[first + i * inner] = x[first + i * inner] - lse;
  });
}

void log_softmax_backward_reference(double* dx, const double* dy, const double* y, int64_t outer,
                                    int64_t size, int64_t inner) {
  for_each_offset(outer, size, inner, [=](int64_t first) {
    double sum = 0;
    for (int64_t j = 0; j < size; ++j)
      sum += dy[first + j * inner];
    for (int64_t i = 0; i < size; ++i)
      dx[first + i * inner] = dy[first + i * inner] - std::exp(y[first + i * inner]) * sum;
  });
}

void logsumexp_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner) {
  for_each_offset(outer, size, inner, [&](int64_t first) {
    *y = strided_logsumexp(x + first, size, inner);
    ++y;
  });
}

// The fast versions share the rows of logits between threads; simd/rows.cpp computes one row that
// is contiguous. Where inner is not 1 the rows are strided, and are copied to be contiguous first.

namespace {

/// Computes row(y, x...) for each of `rows` contiguous rows of `size` logits.
template <class T, class Row, class... X>
void apply_to_rows(const Row& row, int64_t rows, int64_t size, T* y, const X*... x) {
  parallel_for(rows, grain_for(8 * size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * size; i < end * size; i += size)
      row(y + i, (x + i)...);
  });
}

/// The same for the columns of `outer` matrices (size, inner): they are transposed, as many
/// matrices at a time as the cache holds, and so is the result.
template <class T, class Row, class... X>
void apply_to_columns(const Row& row, int64_t outer, int64_t size, int64_t inner, T* y,
                      const X*... x) {
  const int64_t most = 1 + (1 << 16) / (size * inner + 1);
  for (int64_t a = 0; a < outer; a += most) {
    const int64_t count = std::min(most, outer - a);
    const int64_t offset = a * size * inner;
    std::vector<T> rows(static_cast<size_t>(count * size * inner));
    apply_to_rows(row, count * inner, size, rows.data(),
                  transposed_last_two(x + offset, count, size, inner).data()...);
    transpose_last_two(y + offset, rows.data(), count, inner, size);
  }
}

template <class T, class Row, class... X>
void apply_along(const Row& row, int64_t outer, int64_t size, int64_t inner, T* y, const X*... x) {
  if (inner == 1)
    apply_to_rows(row, outer, size, y, x...);
  else
    apply_to_columns(row, outer, size, inner, y, x...);
}

template <class T>
T row_logsumexp(const T* x, int64_t size) {
  auto [largest, sum] = GRADUS_DISPATCH(log_sum(x, size));
  if (!std::isfinite(largest)) {
    // inf - inf would be NaN. Without the shift, exp and log give the right limits.
    largest = 0;
    sum = 0;
    for (int64_t j = 0; j < size; ++j)
      sum += std::exp(x[j]);
  }
  return largest + static_cast<T>(std::log(sum));
}

template <class T>
void logsumexp_of_rows(T* y, const T* x, int64_t rows, int64_t size) {
  parallel_for(rows, grain_for(8 * size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      y[i] = row_logsumexp(x + i * size, size);
  });
}

}  // namespace

template <class T>
void softmax(T* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  const auto row = [size](T* y_row, const T* x_row) {
    GRADUS_DISPATCH(softmax_row(y_row, x_row, size));
  };
  apply_along(row, outer, size, inner, y, x);
}

template <class T>
void softmax_backward(T* dx, const T* dy, const T* y, int64_t outer, int64_t size, int64_t inner) {
  const auto row = [size](T* dx_row, const T* dy_row, const T* y_row) {
    GRADUS_DISPATCH(softmax_backward_row(dx_row, dy_row, y_row, size));
  };
  apply_along(row, outer, size, inner, dx, dy, y);
}

template <class T>
void log_softmax(T* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  const auto row = [size](T* y_row, const T* x_row) {
    const auto [largest, sum] = GRADUS_DISPATCH(log_sum(x_row, size));
    GRADUS_DISPATCH(subtract_row(y_row, x_row, largest, static_cast<T>(std::log(sum)), size));
  };
  apply_along(row, outer, size, inner, y, x);
}

template <class T>
void log_softmax_backward(T* dx, const T* dy, const T* y, int64_t outer, int64_t size,
                          int64_t inner) {
  const auto row = [size](T* dx_row, const T* dy_row, const T* y_row) {
    GRADUS_DISPATCH(log_softmax_backward_row(dx_row, dy_row, y_row, size));
  };
  apply_along(row, outer, size, inner, dx, dy, y);
}

template <class T>
void logsumexp(T* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  if (inner == 1)
    logsumexp_of_rows(y, x, outer, size);
  else
    logsumexp_of_rows(y, transposed_last_two(x, outer, size, inner).data(), outer * inner, size);
}

#define GRADUS_INSTANTIATE(T)                                                            \
  template void softmax(T*, const T*, int64_t, int64_t, int64_t);                        \
  template void softmax_backward(T*, const T*, const T*, int64_t, int64_t, int64_t);     \
  template void log_softmax(T*, const T*, int64_t, int64_t, int64_t);                    \
  template void log_softmax_backward(T*, const T*, const T*, int64_t, int64_t, int64_t); \
  template void logsumexp(T*, const T*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
