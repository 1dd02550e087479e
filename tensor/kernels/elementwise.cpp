#include "tensor/kernels/elementwise.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace gradus::kernels {
namespace {

constexpr int64_t kPiece = 256;  // numbers brought side by side at a time
constexpr int64_t kTile = 16;    // rows and columns transposed together: a cache line of floats

template <class T>
void spread(T* y, const T* x, int64_t y_step, int64_t x_step, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    y[i * y_step] = x[i * x_step];
}

}  // namespace

template <class T>
void map(T* y, const T* x, const StridedLoop<2>& walk, Map op) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t sy = walk.steps[0][last];
  const int64_t sx = walk.steps[1][last];
  for_each_row(walk, [&](int64_t n, const std::array<int64_t, 2>& at) {
    if (sy == 1 && sx == 1) return GRADUS_DISPATCH(map_vectors(op, y + at[0], x + at[1], n));
    T piece[kPiece];
    for (int64_t i = 0; i < n; i += kPiece) {
      const int64_t count = std::min(kPiece, n - i);
      spread(piece, x + at[1] + i * sx, 1, sx, count);
      GRADUS_DISPATCH(map_vectors(op, piece, piece, count));
      spread(y + at[0] + i * sy, piece, sy, 1, count);
    }
  });
}

template <class T>
void zip(T* dx, const T* dy, const T* x, const StridedLoop<3>& walk, Gradient op) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t s_dx = walk.steps[0][last];
  const int64_t s_dy = walk.steps[1][last];
  const int64_t s_x = walk.steps[2][last];
  for_each_row(walk, [&](int64_t n, const std::array<int64_t, 3>& at) {
    if (s_dx == 1 && s_dy == 1 && s_x == 1) {
      return GRADUS_DISPATCH(gradient_vectors(op, dx + at[0], dy + at[1], x + at[2], n));
    }
    T p[kPiece];
    T q[kPiece];
    for (int64_t i = 0; i < n; i += kPiece) {
      const int64_t count = std::min(kPiece, n - i);
      spread(p, dy + at[1] + i * s_dy, 1, s_dy, count);
      spread(q, x + at[2] + i * s_x, 1, s_x, count);
      GRADUS_DISPATCH(gradient_vectors(op, p, p, q, count));
      spread(dx + at[0] + i * s_dx, p, s_dx, 1, count);
    }
  });
}

template <class T>
void choose(T* y, const bool* condition, const T* a, const T* b, const StridedLoop<4>& walk) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t sy = walk.steps[0][last];
  const int64_t sc = walk.steps[1][last];
  const int64_t sa = walk.steps[2][last];
  const int64_t sb = walk.steps[3][last];
  for_each_row(walk, [&](int64_t n, const std::array<int64_t, 4>& at) {
    T* const to = y + at[0];
    const bool* const c = condition + at[1];
    const T* const p = a + at[2];
    const T* const q = b + at[3];
    if constexpr (std::is_floating_point_v<T>) {
      if (sy == 1 && sc == 1 && sa + sb > 0 && sa <= 1 && sb <= 1) {
        return GRADUS_DISPATCH(choose_vectors(to, c, p, sa, q, sb, n));
      }
    }
    for (int64_t i = 0; i < n; ++i)
      to[i * sy] = c[i * sc] ? p[i * sa] : q[i * sb];
  });
}

template <class T>
void fill(T* x, int64_t n, T value) {
  const T zero{};
  const bool clears = std::memcmp(&value, &zero, sizeof(T)) == 0;  // not so -0.0
  parallel_for(n, 1 << 16, [&](int64_t begin, int64_t end) {
    if (clears)
      std::memset(x + begin, 0, static_cast<size_t>(end - begin) * sizeof(T));
    else
      std::fill(x + begin, x + end, value);
  });
}

template <class T>
void copy(T* y, const T* x, const StridedLoop<2>& walk) {
  // Where x steps evenly down y's columns, a tile at a time is read along one and written along the
  // other: then every cache line is brought once.
  const auto last = static_cast<size_t>(walk.dims - 1);
  size_t d = 0;
  while (d < last && (walk.steps[1][d] != 1 || walk.sizes[d] < kTile))
    ++d;
  const int64_t R = walk.sizes[d];
  const int64_t C = walk.sizes[last];
  const int64_t sy = walk.steps[0][d];
  const int64_t sx = walk.steps[1][last];
  if (d == last || walk.steps[0][last] != 1 || count(walk) == 0) {
    return for_each_row(walk, [&](int64_t n, const std::array<int64_t, 2>& at) {
      if (walk.steps[0][last] == 1 && sx == 1)
        std::copy_n(x + at[1], n, y + at[0]);
      else
        spread(y + at[0], x + at[1], walk.steps[0][last], sx, n);
    });
  }
  StridedLoop<2> rest = walk;
  rest.sizes[d] = rest.sizes[last] = 1;
  const int64_t strips = (R + kTile - 1) / kTile;
  parallel_for(count(rest) * strips, grain_for(kTile * C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t r0 = i % strips * kTile;
      const int64_t rows = std::min(kTile, R - r0);
      for_each_row_between(
          rest, i / strips, i / strips + 1, [&](int64_t, const std::array<int64_t, 2>& at) {
            for (int64_t c0 = 0; c0 < C; c0 += kTile) {
              const int64_t columns = std::min(kTile, C - c0);
              T tile[kTile][kTile];
              for (int64_t c = 0; c < columns; ++c)
                spread(tile[c], x + at[1] + r0 + (c0 + c) * sx, 1, 1, rows);
              for (int64_t r = 0; r < rows; ++r)
                spread(y + at[0] + (r0 + r) * sy + c0, tile[0] + r, 1, kTile, columns);
            }
          });
    }
  });
}

#define GRADUS_INSTANTIATE(T)                                                       \
  template void fill(T*, int64_t, T);                                               \
  template void choose(T*, const bool*, const T*, const T*, const StridedLoop<4>&); \
  template void copy(T*, const T*, const StridedLoop<2>&);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)
GRADUS_INSTANTIATE(bool)

template void map(float*, const float*, const StridedLoop<2>&, Map);
template void zip(float*, const float*, const float*, const StridedLoop<3>&, Gradient);
template void map(double*, const double*, const StridedLoop<2>&, Map);
template void zip(double*, const double*, const double*, const StridedLoop<3>&, Gradient);

}  // namespace gradus::kernels
