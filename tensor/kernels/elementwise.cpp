#include "tensor/kernels/elementwise.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tensor/kernels/contiguous_blocks.h"

namespace gradus::kernels {
namespace {

/// Runs a loop that takes any strides.
template <class T, class Y>
void run(BinaryLoop<T, Y> loop, Y* y, const T* a, const T* b, const StridedLoop<3>& strided) {
  for_each_block(strided, [=](const Block<3>& block) {
    const auto [y_stride, a_stride, b_stride] = block.strides;
    for (int64_t r = 0; r < block.rows; ++r) {
      loop(y + block.offset(0, r), y_stride, a + block.offset(1, r), a_stride,
           b + block.offset(2, r), b_stride, block.n);
    }
  });
}

/// bool and BFloat16 as the loops take them.
template <class T>
using InLoops = std::conditional_t<std::is_same_v<T, bool>, uint8_t,
                                   std::conditional_t<std::is_same_v<T, BFloat16>, uint16_t, T>>;
template <class T>
InLoops<T>* in_loops(T* x) {
  return reinterpret_cast<InLoops<T>*>(x);
}
template <class T>
const InLoops<T>* in_loops(const T* x) {
  return reinterpret_cast<const InLoops<T>*>(x);
}

template <class Y, class X>
Y convert(X x) {
  if constexpr (std::is_same_v<X, BFloat16> && !std::is_same_v<Y, BFloat16>) {
    return convert<Y>(static_cast<float>(x));
  } else if constexpr (std::is_same_v<Y, BFloat16> && !std::is_same_v<X, BFloat16>) {
    return BFloat16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<Y, int64_t> && std::is_floating_point_v<X>) {
    return x >= X(-0x1p63) && x < X(0x1p63) ? static_cast<int64_t>(x)
                                            : std::numeric_limits<int64_t>::min();
  } else if constexpr (std::is_same_v<Y, bool>) {
    return x != X(0);
  } else {
    return static_cast<Y>(x);
  }
}

// Floating-point numbers are compared in their own type: in float32, 0.1 is within 0.1 of 0,
// although 0.1f is larger than the double 0.1. Integers are compared in double.
template <class T>
bool is_close(T a, T b, const Tolerance& tolerance) {
  if (a == b) return true;
  using Real = std::conditional_t<std::is_floating_point_v<T>, T, double>;
  const auto x = static_cast<Real>(a);
  const auto y = static_cast<Real>(b);
  if (std::isnan(x) || std::isnan(y)) return tolerance.equal_nan && std::isnan(x) && std::isnan(y);
  const Real error = std::abs(x - y);
  const Real allowed =
      static_cast<Real>(tolerance.atol) + std::abs(static_cast<Real>(tolerance.rtol) * y);
  return std::isfinite(error) && error <= allowed;
}

}  // namespace

template <class T>
void unary(UnaryOp op, T* y, const T* x, const StridedLoop<2>& loop) {
  const UnaryLoop<T> contiguous = GRADUS_DISPATCH(unary_loop<T>(op));
  for_each_block(loop,
                 [=](const Block<2>& block) { run_contiguous<T, 1>(contiguous, y, {x}, block); });
}

template <class T>
void unary_grad(UnaryGrad op, T* dx, const T* dy, const T* saved, const StridedLoop<3>& loop) {
  const UnaryGradLoop<T> contiguous = GRADUS_DISPATCH(unary_grad_loop<T>(op));
  for_each_block(loop, [=](const Block<3>& block) {
    run_contiguous<T, 2>(contiguous, dx, {dy, saved}, block);
  });
}

template <class T>
void binary(BinaryOp op, T* y, const T* a, const T* b, const StridedLoop<3>& loop) {
  run(GRADUS_DISPATCH(binary_loop<T>(op)), y, a, b, loop);
}

template <class T>
void add_in_this_thread(T* x, const T* y, int64_t n) {
  GRADUS_DISPATCH(binary_loop<T>(BinaryOp::add))(x, 1, x, 1, y, 1, n);
}

template <class T>
void compare(CompareOp op, bool* y, const T* a, const T* b, const StridedLoop<3>& loop) {
  run(GRADUS_DISPATCH(compare_loop<InLoops<T>>(op)), in_loops(y), in_loops(a), in_loops(b), loop);
}

template <class T>
void where(T* y, const bool* condition, const T* a, const T* b, const StridedLoop<4>& loop) {
  for_each_block(loop, [=](const Block<4>& block) {
    const auto [y_stride, c_stride, a_stride, b_stride] = block.strides;
    const bool even =
        y_stride == 1 && c_stride == 1 && a_stride + b_stride > 0 && a_stride <= 1 && b_stride <= 1;
    for (int64_t r = 0; r < block.rows; ++r) {
      T* const to = y + block.offset(0, r);
      const bool* const c = condition + block.offset(1, r);
      const T* const p = a + block.offset(2, r);
      const T* const q = b + block.offset(3, r);
      if (even) {
        GRADUS_DISPATCH(where_row(in_loops(to), in_loops(c), in_loops(p), a_stride, in_loops(q),
                                  b_stride, block.n));
      } else {
        for (int64_t i = 0; i < block.n; ++i)
          to[i * y_stride] = c[i * c_stride] ? p[i * a_stride] : q[i * b_stride];
      }
    }
  });
}

template <class T>
void replace_nonfinite(T* y, const T* x, const StridedLoop<2>& loop, T nan, T posinf, T neginf) {
  const auto contiguous = [=](T* to, const T* from, int64_t n) {
    GRADUS_DISPATCH(replace_nonfinite(to, from, n, nan, posinf, neginf));
  };
  for_each_block(loop,
                 [=](const Block<2>& block) { run_contiguous<T, 1>(contiguous, y, {x}, block); });
}

template <class T>
bool all_close(const T* a, const T* b, const StridedLoop<2>& loop, const Tolerance& tolerance) {
  std::atomic<bool> all = true;
  for_each_block(loop, [&](const Block<2>& block) {
    for (int64_t r = 0; r < block.rows; ++r) {
      for (int64_t i = 0; i < block.n; ++i) {
        const T p = a[block.offset(0, r) + i * block.strides[0]];
        const T q = b[block.offset(1, r) + i * block.strides[1]];
        if (!is_close(p, q, tolerance)) all.store(false, std::memory_order_relaxed);
      }
    }
  });
  return all;
}

template <class T>
void fill(T* x, int64_t n, T value) {
  const bool has_zero_bits = value == T(0) && !std::signbit(static_cast<double>(value));
  parallel_for(n, 1 << 16, [&](int64_t begin, int64_t end) {
    if (has_zero_bits)
      std::memset(x + begin, 0, static_cast<size_t>(end - begin) * sizeof(T));
    else
      std::fill(x + begin, x + end, value);
  });
}

namespace {

constexpr int64_t kTile = 16;  // rows and columns transposed together: a cache line of floats

template <class Y, class X>
void copy_blocks(Y* y, const X* x, const StridedLoop<2>& loop) {
  for_each_block(loop, [=](const Block<2>& block) {
    const auto [y_stride, x_stride] = block.strides;
    for (int64_t r = 0; r < block.rows; ++r) {
      Y* const to = y + block.offset(0, r);
      const X* const from = x + block.offset(1, r);
      if constexpr (std::is_same_v<X, Y>) {
        if (y_stride == 1 && x_stride == 1)
          std::copy_n(from, block.n, to);
        else if (y_stride == 1 && x_stride == -1)
          GRADUS_DISPATCH(reverse_row(in_loops(to), in_loops(from - block.n + 1), block.n));
        else
          copy_strided(to, y_stride, from, x_stride, block.n);
      } else {
        for (int64_t i = 0; i < block.n; ++i)
          to[i * y_stride] = convert<Y>(from[i * x_stride]);
      }
    }
  });
}

/// Copies a tile of x, of stride 1 down its `rows` rows, to y, of stride 1 along its rows.
template <class T>
void transpose_tile(T* y, int64_t y_stride, const T* x, int64_t x_stride, int64_t rows,
                    int64_t columns) {
  T tile[kTile][kTile];
  for (int64_t c = 0; c < columns; ++c)
    copy_strided(tile[c], 1, x + c * x_stride, 1, rows);
  for (int64_t r = 0; r < rows; ++r)
    copy_strided(y + r * y_stride, 1, tile[0] + r, kTile, columns);
}

/// Copies x to y, where y is contiguous along the last loop and x along loop d: by tiles, so that
/// every cache line is fetched once.
template <class T>
void copy_transposed(T* y, const T* x, const StridedLoop<2>& loop, size_t d) {
  const auto last = static_cast<size_t>(loop.dims - 1);
  const int64_t R = loop.sizes[d];
  const int64_t C = loop.sizes[last];
  const int64_t y_stride = loop.strides[0][d];
  const int64_t x_stride = loop.strides[1][last];
  StridedLoop<2> matrices = loop;
  matrices.sizes[d] = 1;
  matrices.sizes[last] = 1;
  const int64_t strips = (R + kTile - 1) / kTile;  // of kTile rows of y
  parallel_for(count(matrices) * strips, grain_for(kTile * C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t r = i % strips * kTile;
      const int64_t rows = std::min(kTile, R - r);
      const int64_t matrix = i / strips;
      for_each_block_between(matrices, matrix, matrix + 1, [&](const Block<2>& block) {
        T* const to = y + block.offsets[0] + r * y_stride;
        const T* const from = x + block.offsets[1] + r;
        for (int64_t c = 0; c < C; c += kTile)
          transpose_tile(to + c, y_stride, from + c * x_stride, x_stride, rows,
                         std::min(kTile, C - c));
      });
    }
  });
}

}  // namespace

template <class Y, class X>
void copy(Y* y, const X* x, const StridedLoop<2>& loop) {
  if constexpr (std::is_same_v<X, Y>) {
    const auto last = static_cast<size_t>(loop.dims - 1);
    size_t d = 0;
    while (d < last && (loop.strides[1][d] != 1 || loop.sizes[d] < kTile))
      ++d;
    if (d < last && loop.strides[0][last] == 1 && count(loop) > 0)
      return copy_transposed(y, x, loop, d);
  }
  copy_blocks(y, x, loop);
}

#define GRADUS_INSTANTIATE_COPY(Y)                               \
  template void copy(Y*, const float*, const StridedLoop<2>&);   \
  template void copy(Y*, const double*, const StridedLoop<2>&);  \
  template void copy(Y*, const int64_t*, const StridedLoop<2>&); \
  template void copy(Y*, const bool*, const StridedLoop<2>&);    \
  template void copy(Y*, const BFloat16*, const StridedLoop<2>&);
#define GRADUS_INSTANTIATE_ALL(T)                                                       \
  template void compare(CompareOp, bool*, const T*, const T*, const StridedLoop<3>&);   \
  template void where(T*, const bool*, const T*, const T*, const StridedLoop<4>&);      \
  template bool all_close(const T*, const T*, const StridedLoop<2>&, const Tolerance&); \
  template void fill(T*, int64_t, T);                                                   \
  GRADUS_INSTANTIATE_COPY(T)
GRADUS_INSTANTIATE_ALL(float)
GRADUS_INSTANTIATE_ALL(double)
GRADUS_INSTANTIATE_ALL(int64_t)
GRADUS_INSTANTIATE_ALL(bool)
GRADUS_INSTANTIATE_COPY(BFloat16)

#define GRADUS_INSTANTIATE_NUMBERS(T)                                            \
  template void unary(UnaryOp, T*, const T*, const StridedLoop<2>&);             \
  template void binary(BinaryOp, T*, const T*, const T*, const StridedLoop<3>&); \
  template void add_in_this_thread(T*, const T*, int64_t);
GRADUS_INSTANTIATE_NUMBERS(float)
GRADUS_INSTANTIATE_NUMBERS(double)
GRADUS_INSTANTIATE_NUMBERS(int64_t)

#define GRADUS_INSTANTIATE_FLOATS(T)                                                  \
  template void unary_grad(UnaryGrad, T*, const T*, const T*, const StridedLoop<3>&); \
  template void replace_nonfinite(T*, const T*, const StridedLoop<2>&, T, T, T);
GRADUS_INSTANTIATE_FLOATS(float)
GRADUS_INSTANTIATE_FLOATS(double)

}  // namespace gradus::kernels
