#include "tensor/kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels {
namespace {

constexpr int64_t kLanes = kSumColumns;  // columns summed side by side
constexpr int64_t kRows = 64;            // rows added one after the other; longer columns are halved
constexpr int64_t kPartial = 32 * 1024;  // rows of one partial sum where few columns are long

/// total[c] = sum of column c over r < R, for c < width <= kLanes; add(total, x, R, stride, width) adds a few rows to
/// it. Pairwise: the two halves are summed apart, so the rounding error grows with log R.
template <class Sum, class T, class Add>
void sum_columns(Sum* total, const T* x, int64_t R, int64_t stride, int64_t width, const Add& add) {
  if (R <= kRows) {
    std::fill(total, total + width, Sum{0});
    return add(total, x, R, stride, width);
  }
  Sum rest[kLanes];
  sum_columns(total, x, R / 2, stride, width, add);
  sum_columns(rest, x + R / 2 * stride, R - R / 2, stride, width, add);
  for (int64_t c = 0; c < width; ++c) total[c] += rest[c];
}

/// The same for one contiguous column, read as the rows of a matrix with kLanes columns.
template <class Sum, class T, class Add> Sum sum_contiguous(const T* x, int64_t n, const Add& add) {
  Sum lanes[kLanes], rest[kLanes];
  const int64_t rows = n / kLanes, left = n % kLanes;
  sum_columns(lanes, x, rows, kLanes, kLanes, add);
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  sum_columns(rest, x + rows * kLanes, 1, 0, left, add);
  for (int64_t i = 0; i < left; ++i) lanes[0] += rest[i];
  return lanes[0];
}

/// Sums of `width` neighbouring columns of a (R, C) matrix.
template <class Sum, class T, class Add>
void sum_block(Sum* total, const T* x, int64_t R, int64_t C, int64_t width, const Add& add) {
  if (C == 1) {
    *total = sum_contiguous<Sum>(x, R, add);
  } else {
    sum_columns(total, x, R, C, width, add);
  }
}

const auto plain = []<class Sum, class T>(Sum* total, const T* x, int64_t R, int64_t stride, int64_t width) {
  if constexpr (std::is_same_v<Sum, double>) {
    GRADUS_BEST(add_rows(total, x, R, stride, width));
  } else {
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < width; ++c) total[c] += static_cast<Sum>(x[r * stride + c]);
    }
  }
};

/// body(a, c, width) for each block of columns c .. c + width of each a, in parallel.
template <class Body> void for_each_block(int64_t A, int64_t R, int64_t C, const Body& body) {
  const int64_t blocks = (C + kLanes - 1) / kLanes;
  parallel_for(A * blocks, grain_for(R * std::min(C, kLanes) / 4), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t c = i % blocks * kLanes;
      body(i / blocks, c, std::min(kLanes, C - c));
    }
  });
}

/// body(i, start) for column i of the A * C columns: its numbers lie at start + r * C.
template <class Body> void for_each_column(int64_t A, int64_t R, int64_t C, const Body& body) {
  parallel_for(A * C, grain_for(4 * R), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i, i / C * R * C + i % C);
  });
}

template <class T> bool is_nan(T value) { return value != value; }

template <class T, class Better>
void select(T* y, int64_t* index, const T* x, int64_t A, int64_t R, int64_t C, const Better& better) {
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

}  // namespace

template <class S, class T> void sum(S* y, const T* x, int64_t A, int64_t R, int64_t C) {
  using Sum = Accumulator<T>;
  const auto total_of = [&](auto* out, const auto* in, int64_t a_count, int64_t r_count) {
    using Out = std::remove_pointer_t<decltype(out)>;
    for_each_block(a_count, r_count, C, [&](int64_t a, int64_t c, int64_t width) {
      Sum total[kLanes];
      sum_block(total, in + a * r_count * C + c, r_count, C, width, plain);
      for (int64_t i = 0; i < width; ++i) out[a * C + c + i] = static_cast<Out>(total[i]);
    });
  };
  // A few long columns: sums of pieces first, so that threads can share one column.
  if (A * C > 0 && A * C < kLanes && R >= 2 * kPartial) {
    const int64_t pieces = R / kPartial;
    std::vector<Sum> partial(static_cast<size_t>((pieces + 1) * C));
    for (int64_t a = 0; a < A; ++a) {
      const T* const column = x + a * R * C;
      total_of(partial.data(), column, pieces, kPartial);
      total_of(partial.data() + pieces * C, column + pieces * kPartial * C, 1, R - pieces * kPartial);
      total_of(y + a * C, partial.data(), 1, pieces + 1);
    }
    return;
  }
  total_of(y, x, A, R);
}

template <class T> void mean_and_m2(T* mean, T* m2, const T* x, int64_t A, int64_t R, int64_t C) {
  for_each_block(A, R, C, [&](int64_t a, int64_t c0, int64_t width) {
    const T* const rows = x + a * R * C + c0;
    double center[kLanes], squares[kLanes];
    sum_block(center, rows, R, C, width, plain);
    for (int64_t c = 0; c < width; ++c) center[c] /= static_cast<double>(R);
    if (C == 1) std::fill(center + 1, center + kLanes, center[0]);
    sum_block(squares, rows, R, C, width,
              [&](double* total, const T* part, int64_t n, int64_t stride, int64_t columns) {
                GRADUS_BEST(add_squares(total, part, center, n, stride, columns));
              });
    for (int64_t c = 0; c < width; ++c) {
      mean[a * C + c0 + c] = static_cast<T>(center[c]);
      m2[a * C + c0 + c] = static_cast<T>(squares[c]);
    }
  });
}

template <class T> void max(T* y, int64_t* index, const T* x, int64_t A, int64_t R, int64_t C) {
  select(y, index, x, A, R, C, [](T value, T best) { return value > best; });
}

template <class T> void min(T* y, int64_t* index, const T* x, int64_t A, int64_t R, int64_t C) {
  select(y, index, x, A, R, C, [](T value, T best) { return value < best; });
}

template <class T> void cumsum(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  for_each_column(A, R, C, [&](int64_t, int64_t start) {
    Accumulator<T> total{0};
    for (int64_t r = 0; r < R; ++r) {
      total += static_cast<Accumulator<T>>(x[start + r * C]);
      y[start + r * C] = static_cast<T>(total);
    }
  });
}

template <class T> void logsumexp(T* y, const T* x, int64_t A, int64_t R, int64_t C) {
  for_each_column(A, R, C, [&](int64_t i, int64_t start) {
    if (C == 1) {
      const auto [largest, total] = GRADUS_BEST(log_sum(x + start, R));
      if (std::isfinite(largest)) {
        y[i] = largest + static_cast<T>(std::log(total));
        return;
      }
    }
    T largest = -std::numeric_limits<T>::infinity();
    for (int64_t r = 0; r < R; ++r) largest = std::max(largest, x[start + r * C]);
    // Only a finite shift: inf - inf would make NaN of the limits that exp and log give by themselves.
    const T shift = std::isfinite(largest) ? largest : T{0};
    double total = 0;
    for (int64_t r = 0; r < R; ++r) total += std::exp(x[start + r * C] - shift);
    y[i] = shift + static_cast<T>(std::log(total));
  });
}

template void sum(float*, const float*, int64_t, int64_t, int64_t);
template void sum(double*, const double*, int64_t, int64_t, int64_t);
template void sum(int64_t*, const int64_t*, int64_t, int64_t, int64_t);
template void sum(int64_t*, const bool*, int64_t, int64_t, int64_t);

#define GRADUS_INSTANTIATE_SELECT(T)                                    \
  template void max(T*, int64_t*, const T*, int64_t, int64_t, int64_t); \
  template void min(T*, int64_t*, const T*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE_SELECT(float)
GRADUS_INSTANTIATE_SELECT(double)
GRADUS_INSTANTIATE_SELECT(int64_t)
GRADUS_INSTANTIATE_SELECT(bool)

template void cumsum(float*, const float*, int64_t, int64_t, int64_t);
template void cumsum(double*, const double*, int64_t, int64_t, int64_t);
template void cumsum(int64_t*, const int64_t*, int64_t, int64_t, int64_t);

#define GRADUS_INSTANTIATE(T)                                             \
  template void mean_and_m2(T*, T*, const T*, int64_t, int64_t, int64_t); \
  template void logsumexp(T*, const T*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
