#include "tensor/kernels/reduce.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels {
namespace {

constexpr int64_t kRows = 64;  // rows added one after the other; longer columns are halved
constexpr int64_t kPartial = 32 * 1024;  // rows of one partial sum where few columns are long

/// total[c] = sum of column c over r < R, for c < width <= kSumColumns; with a center, of its
/// squared distances from center[c]. Pairwise: the two halves are summed apart, so the rounding
/// error grows with log R.
template <class T, class Sum>
void sum_columns(Sum* total, const T* x, const Sum* center, int64_t R, int64_t stride,
                 int64_t width) {
  if (R <= kRows) {
    std::fill(total, total + width, Sum{0});
    return GRADUS_DISPATCH(add_rows(total, x, center, R, stride, width));
  }
  Sum rest[kSumColumns];
  sum_columns(total, x, center, R / 2, stride, width);
  sum_columns(rest, x + R / 2 * stride, center, R - R / 2, stride, width);
  for (int64_t c = 0; c < width; ++c)
    total[c] += rest[c];
}

/// The same for `width` neighbouring columns of a (R, C) matrix. A single column is read as the
/// rows of a matrix with kSumColumns columns, of which the center has as many equal numbers.
template <class T, class Sum>
void sum_block(Sum* total, const T* x, const Sum* center, int64_t R, int64_t C, int64_t width) {
  if (C > 1) return sum_columns(total, x, center, R, C, width);
  Sum lanes[kSumColumns];
  Sum rest[kSumColumns];
  const int64_t rows = R / kSumColumns;
  const int64_t left = R % kSumColumns;
  sum_columns(lanes, x, center, rows, kSumColumns, kSumColumns);
  for (int64_t half = kSumColumns / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i)
      lanes[i] += lanes[i + half];
  }
  sum_columns(rest, x + rows * kSumColumns, center, 1, 0, left);
  *total = std::accumulate(rest, rest + left, lanes[0]);
}

/// body(a, c, width) for each block of columns c .. c + width of each a, in parallel.
template <class Body>
void for_each_block(int64_t A, int64_t R, int64_t C, const Body& body) {
  const int64_t blocks = (C + kSumColumns - 1) / kSumColumns;
  parallel_for(A * blocks, grain_for(R * std::min(C, kSumColumns) / 4),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t c = i % blocks * kSumColumns;
                   body(i / blocks, c, std::min(kSumColumns, C - c));
                 }
               });
}

template <class T>
bool is_nan(T value) {
  return value != value;
}

template <class T, class Better>
void select(T* y, int64_t* index, const T* x, int64_t A, int64_t R, int64_t C,
            const Better& better) {
  for_each_block(A, R, C, [&](int64_t a, int64_t c0, int64_t width) {
    const T* const rows = x + a * R * C + c0;
    T* const best = y + a * C + c0;
    int64_t* const place = index == nullptr ? nullptr : index + a * C + c0;
    std::copy(rows, rows + width, best);
    if (place != nullptr) std::fill(place, place + width, 0);
    for (int64_t r = 1; r < R; ++r) {
      for (int64_t c = 0; c < width; ++c) {
        const T value = rows[r * C + c];
        if (!better(value, best[c]) && !(is_nan(value) && !is_nan(best[c]))) continue;
        best[c] = value;
        if (place != nullptr) place[c] = r;
      }
    }
  });
}

/// y (A, C) = sums of x (A, R, C), or of its squared distances from a center.
template <class S, class T>
void add_up(S* y, const T* x, const Accumulator<T>* center, int64_t A, int64_t R, int64_t C) {
  using Sum = Accumulator<T>;
  // A few long columns: sums of pieces first, so that threads can share one column.
  if (A * C > 0 && A * C < kSumColumns && R >= 2 * kPartial) {
    const int64_t pieces = R / kPartial;
    std::vector<Sum> partial(static_cast<size_t>((pieces + 1) * C));
    for (int64_t a = 0; a < A; ++a) {
      const T* const column = x + a * R * C;
      add_up(partial.data(), column, center, pieces, kPartial, C);
      add_up(partial.data() + pieces * C, column + pieces * kPartial * C, center, 1,
             R - pieces * kPartial, C);
      add_up<S, Sum>(y + a * C, partial.data(), nullptr, 1, pieces + 1, C);
    }
    return;
  }
  for_each_block(A, R, C, [&](int64_t a, int64_t c, int64_t width) {
    Sum total[kSumColumns];
    sum_block(total, x + a * R * C + c, center, R, C, width);
    for (int64_t i = 0; i < width; ++i)
      y[a * C + c + i] = static_cast<S>(total[i]);
  });
}

}  // namespace

template <class S, class T>
void sum(S* y, const T* x, int64_t A, int64_t R, int64_t C) {
  add_up<S, T>(y, x, nullptr, A, R, C);
}

template <class T>
double sum_of_squares(const T* x, int64_t n) {
  const double zeros[kSumColumns] = {};
  double total = 0;
  add_up(&total, x, zeros, 1, n, 1);
  return total;
}

template <class T>
void mean_and_m2(T* mean, T* m2, const T* x, int64_t A, int64_t R, int64_t C) {
  for_each_block(A, R, C, [&](int64_t a, int64_t c0, int64_t width) {
    const T* const rows = x + a * R * C + c0;
    double center[kSumColumns];
    double squares[kSumColumns];
    sum_block<T, double>(center, rows, nullptr, R, C, width);
    for (int64_t c = 0; c < width; ++c)
      center[c] /= static_cast<double>(R);
    if (C == 1) std::fill(center + 1, center + kSumColumns, center[0]);
    sum_block(squares, rows, center, R, C, width);
    for (int64_t c = 0; c < width; ++c) {
      mean[a * C + c0 + c] = static_cast<T>(center[c]);
      m2[a * C + c0 + c] = static_cast<T>(squares[c]);
    }
  });
}

template <class T>
void extreme(T* y, int64_t* index, const T* x, int64_t A, int64_t R, int64_t C, bool largest) {
  if (largest)
    select(y, index, x, A, R, C, [](T value, T best) { return value > best; });
  else
    select(y, index, x, A, R, C, [](T value, T best) { return value < best; });
}

template <class T>
void cumsum(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  parallel_for(A * C, grain_for(4 * R), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Accumulator<T> total{0};
      for (int64_t r = 0, at = i / C * R * C + i % C; r < R; ++r, at += C) {
        total += static_cast<Accumulator<T>>(x[at]);
        y[at] = static_cast<T>(total);
      }
    }
  });
}

#define GRADUS_INSTANTIATE(S, T)                              \
  template void sum(S*, const T*, int64_t, int64_t, int64_t); \
  template void extreme(T*, int64_t*, const T*, int64_t, int64_t, int64_t, bool);
GRADUS_INSTANTIATE(float, float)
GRADUS_INSTANTIATE(double, double)
GRADUS_INSTANTIATE(int64_t, int64_t)
GRADUS_INSTANTIATE(int64_t, bool)
#undef GRADUS_INSTANTIATE

template void cumsum(int64_t*, const int64_t*, int64_t, int64_t, int64_t);

#define GRADUS_INSTANTIATE(T)                                    \
  template void cumsum(T*, const T*, int64_t, int64_t, int64_t); \
  template double sum_of_squares(const T*, int64_t);             \
  template void mean_and_m2(T*, T*, const T*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
