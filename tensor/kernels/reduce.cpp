#include "tensor/kernels/reduce.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "tensor/kernels/accumulator.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/sums.h"

namespace gradus::kernels {

void sum_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner) {
  for (int64_t a = 0; a < outer; ++a) {
    for (int64_t c = 0; c < inner; ++c) {
      double total = 0;
      for (int64_t r = 0; r < size; ++r)
        total += x[(a * size + r) * inner + c];
      y[a * inner + c] = total;
    }
  }
}

void mean_and_m2_reference(double* mean, double* m2, const double* x, int64_t outer, int64_t size,
                           int64_t inner) {
  sum_reference(mean, x, outer, size, inner);
  for (int64_t i = 0; i < outer * inner; ++i)
    mean[i] /= static_cast<double>(size);
  std::vector<double> squares(static_cast<size_t>(outer * size * inner));
  for (int64_t i = 0; i < outer * size * inner; ++i) {
    const double difference = x[i] - mean[i / (size * inner) * inner + i % inner];
    squares[static_cast<size_t>(i)] = difference * difference;
  }
  sum_reference(m2, squares.data(), outer, size, inner);
}

// The fast sums take kSumColumns neighbouring columns at a time (simd/sums.cpp adds their rows) and
// share these blocks of columns between threads. In every function, a center is an array with one
// number per column: the squared differences from it are summed instead of the numbers. A null
// center means plain sums.

namespace {

constexpr int64_t kRowsInOrder = 64;  // rows added one after another; longer columns are halved
constexpr int64_t kPieceRows = 32 * 1024;  // rows of one partial sum where few columns are long

/// total[c] = sum of column c, for c < width <= kSumColumns; the rows are `stride` apart. The sum
/// is pairwise: the two halves of a column are summed separately, so that the rounding error grows
/// with log size.
template <class T, class Sum>
void sum_columns(Sum* total, const T* x, const Sum* center, int64_t size, int64_t stride,
                 int64_t width) {
  if (size <= kRowsInOrder) {
    std::fill(total, total + width, Sum{0});
    GRADUS_DISPATCH(add_rows(total, x, center, size, stride, width));
    return;
  }
  Sum second_half[kSumColumns];
  const int64_t half = size / 2;
  sum_columns(total, x, center, half, stride, width);
  sum_columns(second_half, x + half * stride, center, size - half, stride, width);
  for (int64_t c = 0; c < width; ++c)
    total[c] += second_half[c];
}

/// The sum of a single contiguous column: it is read as a matrix with kSumColumns columns, whose
/// sums are then added pairwise.
template <class T, class Sum>
Sum sum_single_column(const T* x, const Sum* center, int64_t size) {
  Sum centers[kSumColumns];  // the one center, for each of the matrix's columns
  if (center != nullptr) {
    std::fill(centers, centers + kSumColumns, *center);
    center = centers;
  }
  const int64_t rows = size / kSumColumns;
  const int64_t tail = size % kSumColumns;
  Sum lanes[kSumColumns];
  sum_columns(lanes, x, center, rows, kSumColumns, kSumColumns);
  for (int64_t half = kSumColumns / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i)
      lanes[i] += lanes[i + half];
  }
  Sum rest[kSumColumns];
  sum_columns(rest, x + rows * kSumColumns, center, 1, 0, tail);
  return std::accumulate(rest, rest + tail, lanes[0]);
}

/// total[c] = sum of column first + c of the matrix x (size, inner), for c < width <= kSumColumns.
template <class T, class Sum>
void sum_block(Sum* total, const T* x, const Sum* center, int64_t first, int64_t width,
               int64_t size, int64_t inner) {
  if (inner == 1) {
    *total = sum_single_column(x, center, size);
    return;
  }
  const Sum* const block_center = center == nullptr ? nullptr : center + first;
  sum_columns(total, x + first, block_center, size, inner, width);
}

/// body(a, first, width) for each block of columns first .. first + width of each matrix a, in
/// parallel.
template <class Body>
void for_each_block(int64_t outer, int64_t size, int64_t inner, const Body& body) {
  const int64_t blocks = (inner + kSumColumns - 1) / kSumColumns;
  const int64_t grain = grain_for(size * std::min(inner, kSumColumns) / 4);
  parallel_for(outer * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * kSumColumns;
      body(i / blocks, first, std::min(kSumColumns, inner - first));
    }
  });
}

/// y (outer, inner) = sums of x (outer, size, inner).
template <class S, class T>
void sum_blocks(S* y, const T* x, const Accumulator<T>* center, int64_t outer, int64_t size,
                int64_t inner) {
  for_each_block(outer, size, inner, [&](int64_t a, int64_t first, int64_t width) {
    Accumulator<T> total[kSumColumns];
    sum_block(total, x + a * size * inner, center, first, width, size, inner);
    for (int64_t c = 0; c < width; ++c)
      y[a * inner + first + c] = static_cast<S>(total[c]);
  });
}

/// The same where there are a few long columns: threads share the pieces of a column, whose sums
/// are then added.
template <class S, class T>
void sum_pieces(S* y, const T* x, const Accumulator<T>* center, int64_t outer, int64_t size,
                int64_t inner) {
  using Sum = Accumulator<T>;
  const int64_t pieces = size / kPieceRows;
  std::vector<Sum> partial(static_cast<size_t>((pieces + 1) * inner));
  for (int64_t a = 0; a < outer; ++a) {
    const T* const matrix = x + a * size * inner;
    sum_blocks(partial.data(), matrix, center, pieces, kPieceRows, inner);
    sum_blocks(partial.data() + pieces * inner, matrix + pieces * kPieceRows * inner, center, 1,
               size - pieces * kPieceRows, inner);
    sum_blocks<S, Sum>(y + a * inner, partial.data(), nullptr, 1, pieces + 1, inner);
  }
}

template <class S, class T>
void sum_all(S* y, const T* x, const Accumulator<T>* center, int64_t outer, int64_t size,
             int64_t inner) {
  const int64_t columns = outer * inner;
  if (columns > 0 && columns < kSumColumns && size >= 2 * kPieceRows)
    sum_pieces(y, x, center, outer, size, inner);
  else
    sum_blocks(y, x, center, outer, size, inner);
}

template <class T>
bool is_nan(T value) {
  return value != value;
}

/// extreme, where better(value, best) says whether value replaces best.
template <class T, class Better>
void select_extreme(T* y, int64_t* index, const T* x, int64_t outer, int64_t size, int64_t inner,
                    const Better& better) {
  for_each_block(outer, size, inner, [&](int64_t a, int64_t first, int64_t width) {
    const T* const rows = x + a * size * inner + first;
    T* const best = y + a * inner + first;
    int64_t* const best_index = index == nullptr ? nullptr : index + a * inner + first;
    std::copy(rows, rows + width, best);
    if (best_index != nullptr) std::fill(best_index, best_index + width, 0);
    for (int64_t r = 1; r < size; ++r) {
      for (int64_t c = 0; c < width; ++c) {
        const T value = rows[r * inner + c];
        if (!better(value, best[c]) && !(is_nan(value) && !is_nan(best[c]))) continue;
        best[c] = value;
        if (best_index != nullptr) best_index[c] = r;
      }
    }
  });
}

/// y[c] = op(y[c], x[c]) for n bools, eight at a time. A bool is a byte of 0 or 1.
template <class Op>
void combine_bools(bool* y, const bool* x, int64_t n, const Op& op) {
  int64_t c = 0;
  for (; c + 8 <= n; c += 8) {
    uint64_t a = 0;
    uint64_t b = 0;
    std::memcpy(&a, y + c, 8);
    std::memcpy(&b, x + c, 8);
    a = op(a, b);
    std::memcpy(y + c, &a, 8);
  }
  for (; c < n; ++c)
    y[c] = op(uint64_t{y[c]}, uint64_t{x[c]}) != 0;
}

/// y = `found` if one of x is `found`, else !found. `op` combines two such results.
template <class Op>
void find_bool(bool* y, const bool* x, bool found, int64_t outer, int64_t size, int64_t inner,
               const Op& op) {
  if (inner == 0) return;  // nothing to write, however large the other dimensions are
  parallel_for(outer, grain_for(size * inner / 8), [&](int64_t begin, int64_t end) {
    for (int64_t a = begin; a < end; ++a) {
      const bool* const block = x + a * size * inner;
      bool* const result = y + a * inner;
      if (inner == 1) {
        const bool absent =
            size == 0 || std::memchr(block, found ? 1 : 0, static_cast<size_t>(size)) == nullptr;
        *result = absent ? !found : found;
        continue;
      }
      std::fill_n(result, inner, !found);
      for (int64_t r = 0; r < size; ++r)
        combine_bools(result, block + r * inner, inner, op);
    }
  });
}

}  // namespace

void any(bool* y, const bool* x, int64_t outer, int64_t size, int64_t inner) {
  find_bool(y, x, true, outer, size, inner, [](uint64_t a, uint64_t b) { return a | b; });
}
void all(bool* y, const bool* x, int64_t outer, int64_t size, int64_t inner) {
  find_bool(y, x, false, outer, size, inner, [](uint64_t a, uint64_t b) { return a & b; });
}

template <class S, class T>
void sum(S* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  sum_all<S, T>(y, x, nullptr, outer, size, inner);
}

template <class T>
void sum_of_squared_differences(double* y, const T* x, const double* center, int64_t outer,
                                int64_t size, int64_t inner) {
  sum_all(y, x, center, outer, size, inner);
}

template <class T>
double sum_of_squares(const T* x, int64_t n) {
  const double zero = 0;
  double total = 0;
  sum_of_squared_differences(&total, x, &zero, 1, n, 1);
  return total;
}

template <class T>
void mean_and_m2(double* mean, double* m2, const T* x, int64_t outer, int64_t size, int64_t inner) {
  for_each_block(outer, size, inner, [&](int64_t a, int64_t first, int64_t width) {
    // Both passes over a block of columns, while the cache still holds it.
    const T* const block = x + a * size * inner + first;
    double center[kSumColumns];
    double squares[kSumColumns];
    sum_block<T, double>(center, block, nullptr, 0, width, size, inner);
    for (int64_t c = 0; c < width; ++c)
      center[c] /= static_cast<double>(size);
    sum_block(squares, block, center, 0, width, size, inner);
    for (int64_t c = 0; c < width; ++c) {
      mean[a * inner + first + c] = center[c];
      m2[a * inner + first + c] = squares[c];
    }
  });
}

template <class T>
void extreme(T* y, int64_t* index, const T* x, int64_t outer, int64_t size, int64_t inner,
             bool largest) {
  if (largest)
    select_extreme(y, index, x, outer, size, inner, [](T value, T best) { return value > best; });
  else
    select_extreme(y, index, x, outer, size, inner, [](T value, T best) { return value < best; });
}

template <class T>
void cumsum(T* y, const T* x, int64_t outer, int64_t size, int64_t inner) {
  parallel_for(outer * inner, grain_for(4 * size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i / inner * size * inner + i % inner;
      Accumulator<T> total{0};
      for (int64_t r = 0; r < size; ++r) {
        total += static_cast<Accumulator<T>>(x[first + r * inner]);
        y[first + r * inner] = static_cast<T>(total);
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

template void sum(double*, const float*, int64_t, int64_t, int64_t);
template void cumsum(int64_t*, const int64_t*, int64_t, int64_t, int64_t);

#define GRADUS_INSTANTIATE(T)                                                                  \
  template void cumsum(T*, const T*, int64_t, int64_t, int64_t);                               \
  template void sum_of_squared_differences(double*, const T*, const double*, int64_t, int64_t, \
                                           int64_t);                                           \
  template double sum_of_squares(const T*, int64_t);                                           \
  template void mean_and_m2(double*, double*, const T*, int64_t, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
