#include "tensor/kernels/index.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "tensor/kernels/arithmetic.h"
#include "tensor/kernels/parallel.h"

namespace gradus::kernels {

template <class T>
void gather_rows(T* y, const T* x, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                 int64_t inner) {
  parallel_for(outer * n, grain_for(inner), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* const row = x + (i / n * size + ids[i % n]) * inner;
      std::copy(row, row + inner, y + i * inner);
    }
  });
}

template <class T>
void scatter_add_rows(T* x, const T* y, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                      int64_t inner) {
  // Threads share blocks of columns, not the ids: two equal ids would race for one row of x.
  constexpr int64_t kWidth = 64;
  const int64_t blocks = (inner + kWidth - 1) / kWidth;
  const int64_t grain = grain_for(n * std::min(inner, kWidth));
  parallel_for(outer * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t a = b / blocks;
      const int64_t first = b % blocks * kWidth;
      const int64_t last = std::min(first + kWidth, inner);
      for (int64_t i = 0; i < n; ++i) {
        T* const to = x + (a * size + ids[i]) * inner;
        const T* const from = y + (a * n + i) * inner;
        for (int64_t c = first; c < last; ++c)
          to[c] += from[c];
      }
    }
  });
}

template <class T>
void topk(T* values, int64_t* indices, const T* x, int64_t outer, int64_t size, int64_t inner,
          int64_t k, bool largest) {
  std::vector<int64_t> all(static_cast<size_t>(size));
  std::vector<int64_t> chosen(static_cast<size_t>(outer * inner * k));
  std::iota(all.begin(), all.end(), int64_t{0});
  parallel_for(outer * inner, grain_for(8 * size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t a = i / inner;
      const int64_t c = i % inner;
      const T* const column = x + a * size * inner + c;
      const auto comes_first = [&](int64_t p, int64_t q) {
        const T x_p = column[p * inner];
        const T x_q = column[q * inner];
        const bool p_nan = x_p != x_p;
        const bool q_nan = x_q != x_q;
        if (p_nan != q_nan) return p_nan == largest;
        if (x_p == x_q || p_nan) return p < q;
        return largest ? x_p > x_q : x_p < x_q;
      };
      int64_t* const best = chosen.data() + i * k;
      std::partial_sort_copy(all.begin(), all.end(), best, best + k, comes_first);
      for (int64_t j = 0; j < k; ++j) {
        values[(a * k + j) * inner + c] = column[best[j] * inner];
        indices[(a * k + j) * inner + c] = best[j];
      }
    }
  });
}

template <class T>
void gather(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop) {
  const auto last = static_cast<size_t>(loop.dims - 1);
  const int64_t ids_stride = loop.strides[0][last];
  const int64_t y_stride = loop.strides[1][last];
  const int64_t x_stride = loop.strides[2][last];
  for_each_row(loop, [&](int64_t n, const std::array<int64_t, 3>& offsets) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t id = ids[offsets[0] + i * ids_stride];
      y[offsets[1] + i * y_stride] = x[offsets[2] + i * x_stride + id * stride];
    }
  });
}

template <class T>
void scatter_add(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop) {
  const auto last = static_cast<size_t>(loop.dims - 1);
  const int64_t ids_stride = loop.strides[0][last];
  const int64_t x_stride = loop.strides[1][last];
  const int64_t y_stride = loop.strides[2][last];
  for_each_row_between(loop, 0, count(loop), [&](int64_t n, const std::array<int64_t, 3>& offsets) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t id = ids[offsets[0] + i * ids_stride];
      T& to = y[offsets[2] + i * y_stride + id * stride];
      to = wrapping_add(to, x[offsets[1] + i * x_stride]);
    }
  });
}

int64_t find_outside(const int64_t* ids, int64_t n, int64_t size, int64_t allowed) {
  const auto outside = [=](int64_t id) { return id != allowed && (id < 0 || id >= size); };
  return std::find_if(ids, ids + n, outside) - ids;
}

#define GRADUS_INSTANTIATE(T)                                                                  \
  template void gather_rows(T*, const T*, const int64_t*, int64_t, int64_t, int64_t, int64_t); \
  template void topk(T*, int64_t*, const T*, int64_t, int64_t, int64_t, int64_t, bool);        \
  template void gather(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&);          \
  template void scatter_add(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)
template void gather_rows(bool*, const bool*, const int64_t*, int64_t, int64_t, int64_t, int64_t);
template void gather(bool*, const bool*, const int64_t*, int64_t, const StridedLoop<3>&);
template void scatter_add_rows(float*, const float*, const int64_t*, int64_t, int64_t, int64_t,
                               int64_t);
template void scatter_add_rows(double*, const double*, const int64_t*, int64_t, int64_t, int64_t,
                               int64_t);

}  // namespace gradus::kernels
