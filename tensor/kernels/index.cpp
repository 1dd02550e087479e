#include "tensor/kernels/index.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "tensor/kernels/arithmetic.h"
#include "tensor/kernels/parallel.h"

namespace gradus::kernels {

template <class T>
void gather_rows(T* y, const T* x, const int64_t* ids, int64_t A, int64_t R, int64_t n, int64_t C) {
  parallel_for(A * n, grain_for(C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* const row = x + (i / n * R + ids[i % n]) * C;
      std::copy(row, row + C, y + i * C);
    }
  });
}

template <class T>
void add_rows(T* x, const T* y, const int64_t* ids, int64_t A, int64_t R, int64_t n, int64_t C) {
  // Threads share blocks of columns, never the rows: two equal ids would race for one row.
  constexpr int64_t kWidth = 64;
  const int64_t blocks = (C + kWidth - 1) / kWidth;
  parallel_for(A * blocks, grain_for(n * std::min(C, kWidth)), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t a = b / blocks;
      const int64_t c0 = b % blocks * kWidth;
      const int64_t c1 = std::min(c0 + kWidth, C);
      for (int64_t i = 0; i < n; ++i) {
        T* const to = x + (a * R + ids[i]) * C;
        const T* const from = y + (a * n + i) * C;
        for (int64_t c = c0; c < c1; ++c)
          to[c] += from[c];
      }
    }
  });
}

template <class T>
void topk(T* values, int64_t* indices, const T* x, int64_t A, int64_t R, int64_t C, int64_t k,
          bool largest) {
  std::vector<int64_t> all(static_cast<size_t>(R));
  std::vector<int64_t> first(static_cast<size_t>(A * C * k));
  std::iota(all.begin(), all.end(), int64_t{0});
  parallel_for(A * C, grain_for(8 * R), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t a = i / C;
      const int64_t c = i % C;
      const T* const column = x + a * R * C + c;
      const auto before = [&](int64_t p, int64_t q) {
        const T vp = column[p * C];
        const T vq = column[q * C];
        const bool p_nan = vp != vp;
        const bool q_nan = vq != vq;
        if (p_nan != q_nan) return p_nan == largest;
        if (vp == vq || p_nan) return p < q;
        return largest ? vp > vq : vp < vq;
      };
      int64_t* const place = first.data() + i * k;
      std::partial_sort_copy(all.begin(), all.end(), place, place + k, before);
      for (int64_t j = 0; j < k; ++j) {
        values[(a * k + j) * C + c] = column[place[j] * C];
        indices[(a * k + j) * C + c] = place[j];
      }
    }
  });
}

template <class T>
void gather(T* y, const T* x, const int64_t* ids, int64_t step, const StridedLoop<3>& walk) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t si = walk.steps[0][last];
  const int64_t sy = walk.steps[1][last];
  const int64_t sx = walk.steps[2][last];
  for_each_row(walk, [&](int64_t n, const std::array<int64_t, 3>& at) {
    for (int64_t i = 0; i < n; ++i)
      y[at[1] + i * sy] = x[at[2] + i * sx + ids[at[0] + i * si] * step];
  });
}

template <class T>
void scatter_add(T* y, const T* x, const int64_t* ids, int64_t step, const StridedLoop<3>& walk) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t si = walk.steps[0][last];
  const int64_t sx = walk.steps[1][last];
  const int64_t sy = walk.steps[2][last];
  for_each_row_between(walk, 0, count(walk), [&](int64_t n, const std::array<int64_t, 3>& at) {
    for (int64_t i = 0; i < n; ++i) {
      T& to = y[at[2] + i * sy + ids[at[0] + i * si] * step];
      to = plus(to, x[at[1] + i * sx]);
    }
  });
}

int64_t find_outside(const int64_t* ids, int64_t n, int64_t R, int64_t allowed) {
  return std::find_if(ids, ids + n,
                      [=](int64_t id) { return id != allowed && (id < 0 || id >= R); }) -
         ids;
}

#define GRADUS_INSTANTIATE(T)                                                                  \
  template void gather_rows(T*, const T*, const int64_t*, int64_t, int64_t, int64_t, int64_t); \
  template void topk(T*, int64_t*, const T*, int64_t, int64_t, int64_t, int64_t, bool);        \
  template void gather(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&);          \
  template void scatter_add(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)
template void add_rows(float*, const float*, const int64_t*, int64_t, int64_t, int64_t, int64_t);
template void add_rows(double*, const double*, const int64_t*, int64_t, int64_t, int64_t, int64_t);
template void gather(bool*, const bool*, const int64_t*, int64_t, const StridedLoop<3>&);
template void gather_rows(bool*, const bool*, const int64_t*, int64_t, int64_t, int64_t, int64_t);

}  // namespace gradus::kernels
