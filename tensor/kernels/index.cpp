#include "tensor/kernels/index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <vector>

#include "tensor/kernels/arithmetic.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/elementwise.h"

namespace gradus::kernels {

namespace {

// How values x are written to y: one, and a row of n.
template <class T>
struct Put {
  static constexpr bool adds = false;
  void one(T& y, T x) const { y = x; }
  void row(T* y, const T* x, int64_t n) const { std::copy(x, x + n, y); }
};
template <class T>
struct Add {
  static constexpr bool adds = true;
  BinaryLoop<T, T> loop = GRADUS_DISPATCH(binary_loop<T>(BinaryOp::add));

  void one(T& y, T x) const { y = wrapping_add(y, x); }
  void row(T* y, const T* x, int64_t n) const {
    if (n == 1)
      one(*y, *x);
    else
      loop(y, 1, y, 1, x, 1, n);
  }
};

/// Writes the rows of y (outer, n, inner) to those of x (outer, size, inner) that the ids name.
template <class Write, class T>
void scatter_rows(const Write& write, T* x, const T* y, const int64_t* ids, int64_t outer,
                  int64_t size, int64_t n, int64_t inner) {
  parallel_for(outer * n, grain_for(inner), [&](int64_t begin, int64_t end) {
    int64_t a = begin / n;
    int64_t i = begin % n;
    for (int64_t row = begin; row < end; ++row) {
      write.row(x + (a * size + ids[i]) * inner, y + row * inner, inner);
      if (++i == n) {
        i = 0;
        ++a;
      }
    }
  });
}

/// The same if ids may be equal: threads share blocks of columns, not the ids, because two equal
/// ids would race for one row of x.
template <class Write, class T>
void scatter_columns(const Write& write, T* x, const T* y, const int64_t* ids, int64_t outer,
                     int64_t size, int64_t n, int64_t inner, int64_t width) {
  const int64_t blocks = (inner + width - 1) / width;
  const int64_t grain = grain_for(n * std::min(inner, width));
  parallel_for(outer * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t a = b / blocks;
      const int64_t first = b % blocks * width;
      const int64_t columns = std::min(width, inner - first);
      for (int64_t i = 0; i < n; ++i)
        write.row(x + (a * size + ids[i]) * inner + first, y + (a * n + i) * inner + first,
                  columns);
    }
  });
}

/// y[ids * stride] = or += x for every element of the loop over (ids, x, y).
template <class Write, class T>
auto scatter_row(const Write& write, T* y, const T* x, const int64_t* ids, int64_t stride,
                 const StridedLoop<3>& loop) {
  const auto last = static_cast<size_t>(loop.dims - 1);
  const std::array<int64_t, 3> strides{loop.strides[0][last], loop.strides[1][last],
                                       loop.strides[2][last]};
  return [=](int64_t n, const std::array<int64_t, 3>& offsets) {
    const T* const from = x + offsets[1];
    T* const to = y + offsets[2];
    const int64_t* const id = ids + offsets[0];
    if (strides == std::array<int64_t, 3>{0, 1, 1})  // one id for a contiguous run
      return write.row(to + *id * stride, from, n);
    if (!Write::adds && strides == std::array<int64_t, 3>{0, 0, 1})
      return void(std::fill_n(to + *id * stride, n, *from));
    for (int64_t i = 0; i < n; ++i)
      write.one(to[i * strides[2] + id[i * strides[0]] * stride], from[i * strides[1]]);
  };
}

constexpr int64_t kMaskBlock = 1 << 14;  // elements of a mask that are counted together

int64_t count_block(const bool* mask, int64_t n) {
  int64_t count = 0;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {  // a bool is a byte, 0 or 1
    uint64_t eight;
    std::memcpy(&eight, mask + i, 8);
    count += std::popcount(eight);
  }
  for (; i < n; ++i)
    count += mask[i];
  return count;
}

}  // namespace

template <class T>
void gather_rows(T* y, const T* x, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                 int64_t inner) {
  parallel_for(outer * n, grain_for(inner), [&](int64_t begin, int64_t end) {
    int64_t a = begin / n;
    int64_t i = begin % n;
    for (int64_t row = begin; row < end; ++row) {
      const T* const from = x + (a * size + ids[i]) * inner;
      if (inner == 1)
        y[row] = *from;
      else
        std::copy(from, from + inner, y + row * inner);
      if (++i == n) {
        i = 0;
        ++a;
      }
    }
  });
}

template <class T>
void scatter_add_rows(T* x, const T* y, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                      int64_t inner, bool distinct) {
  constexpr int64_t kWidth = 64;
  if (distinct)
    scatter_rows(Add<T>(), x, y, ids, outer, size, n, inner);
  else
    scatter_columns(Add<T>(), x, y, ids, outer, size, n, inner, kWidth);
}

template <class T>
void put_rows(T* x, const T* y, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
              int64_t inner, bool distinct) {
  constexpr int64_t kWidth = 256;
  if (distinct)
    scatter_rows(Put<T>(), x, y, ids, outer, size, n, inner);
  else
    scatter_columns(Put<T>(), x, y, ids, outer, size, n, inner, kWidth);
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
  const bool one_run = ids_stride == 0 && y_stride == 1 && x_stride == 1;
  for_each_row(loop, [&](int64_t n, const std::array<int64_t, 3>& offsets) {
    const int64_t* const id = ids + offsets[0];
    const T* const from = x + offsets[2];
    T* const to = y + offsets[1];
    if (one_run) {
      std::copy(from + *id * stride, from + *id * stride + n, to);
      return;
    }
    for (int64_t i = 0; i < n; ++i)
      to[i * y_stride] = from[i * x_stride + id[i * ids_stride] * stride];
  });
}

template <class T>
void scatter_add(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop) {
  for_each_row_between(loop, 0, count(loop), scatter_row(Add<T>(), y, x, ids, stride, loop));
}

template <class T>
void put(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop,
         bool distinct) {
  const auto row = scatter_row(Put<T>(), y, x, ids, stride, loop);
  if (distinct)
    for_each_row(loop, row);
  else
    for_each_row_between(loop, 0, count(loop), row);
}

std::vector<int64_t> count_true(const bool* mask, int64_t n) {
  const int64_t blocks = (n + kMaskBlock - 1) / kMaskBlock;
  std::vector<int64_t> counts(static_cast<size_t>(blocks + 1));
  parallel_for(blocks, 8, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      counts[static_cast<size_t>(b + 1)] =
          count_block(mask + b * kMaskBlock, std::min(kMaskBlock, n - b * kMaskBlock));
  });
  std::partial_sum(counts.begin(), counts.end(), counts.begin());
  return counts;
}

void find_true(int64_t* positions, const bool* mask, int64_t n,
               const std::vector<int64_t>& counts) {
  const int64_t blocks = (n + kMaskBlock - 1) / kMaskBlock;
  parallel_for(blocks, 2, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      int64_t* to = positions + counts[static_cast<size_t>(b)];
      const int64_t* const last = positions + counts[static_cast<size_t>(b + 1)];
      // Without a branch that the processor could guess wrongly: each position is written, and
      // stays if the element is true.
      for (int64_t i = b * kMaskBlock; to != last; ++i) {
        *to = i;
        to += mask[i];
      }
    }
  });
}

void unravel(int64_t* indices, const int64_t* i, int64_t n, const Layout& layout) {
  parallel_for(n, grain_for(16), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      int64_t rest = i[k];
      for (size_t d = layout.dims; d-- > 0; rest /= layout.sizes[d])
        indices[k * static_cast<int64_t>(layout.dims) + static_cast<int64_t>(d)] =
            rest % layout.sizes[d];
    }
  });
}

void offsets_of(int64_t* offsets, const int64_t* i, int64_t n, const Layout& layout) {
  parallel_for(n, grain_for(16), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      int64_t rest = i[k];
      offsets[k] = 0;
      for (size_t d = layout.dims; d-- > 0; rest /= layout.sizes[d])
        offsets[k] += rest % layout.sizes[d] * layout.strides[d];
    }
  });
}

void append_ids(int64_t* to, const int64_t* ids, int64_t size, bool first,
                const StridedLoop<2>& loop) {
  const auto last = static_cast<size_t>(loop.dims - 1);
  const int64_t to_stride = loop.strides[0][last];
  const int64_t ids_stride = loop.strides[1][last];
  for_each_row(loop, [=](int64_t n, const std::array<int64_t, 2>& offsets) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t id = ids[offsets[1] + i * ids_stride];
      int64_t& number = to[offsets[0] + i * to_stride];
      number = (first ? 0 : number * size) + (id < 0 ? id + size : id);
    }
  });
}

int64_t find_outside_wrapped(const int64_t* ids, int64_t n, int64_t size) {
  const auto outside = [=](int64_t id) { return id < -size || id >= size; };
  return std::find_if(ids, ids + n, outside) - ids;
}

int64_t find_outside(const int64_t* ids, int64_t n, int64_t size, int64_t allowed) {
  const auto outside = [=](int64_t id) { return id != allowed && (id < 0 || id >= size); };
  return std::find_if(ids, ids + n, outside) - ids;
}

#define GRADUS_INSTANTIATE(T)                                                                     \
  template void gather_rows(T*, const T*, const int64_t*, int64_t, int64_t, int64_t, int64_t);    \
  template void put_rows(T*, const T*, const int64_t*, int64_t, int64_t, int64_t, int64_t, bool); \
  template void gather(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&);             \
  template void put(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&, bool);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)
GRADUS_INSTANTIATE(bool)
#undef GRADUS_INSTANTIATE
#define GRADUS_INSTANTIATE(T)                                                                      \
  template void topk(T*, int64_t*, const T*, int64_t, int64_t, int64_t, int64_t, bool);            \
  template void scatter_add(T*, const T*, const int64_t*, int64_t, const StridedLoop<3>&);         \
  template void scatter_add_rows(T*, const T*, const int64_t*, int64_t, int64_t, int64_t, int64_t, \
                                 bool);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)
#undef GRADUS_INSTANTIATE

}  // namespace gradus::kernels
