// Elementwise loops over strided arrays: the same loop serves contiguous, transposed and broadcast
// operands.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/elementwise.h"

namespace gradus::kernels {

/// How N arrays are walked together: the loops' sizes, outermost first, and every array's step in
/// each, in elements.
template <size_t N>
struct StridedLoop {
  static constexpr int kMaxDims = 8;
  int dims = 1;
  std::array<int64_t, kMaxDims> sizes;
  std::array<std::array<int64_t, kMaxDims>, N> steps;

  /// One loop, in which all arrays make the same step.
  explicit StridedLoop(int64_t n = 1, int64_t step = 0) {
    sizes[0] = n;
    for (auto& own : steps)
      own[0] = step;
  }
};

/// How an array lies in memory, in elements.
struct Layout {
  size_t dims;
  const int64_t *sizes, *strides;
};

/// The loops over `sizes`, each array broadcast to them; neighbouring dimensions that step evenly
/// become one loop.
template <size_t N>
StridedLoop<N> strided_loop(size_t dims, const int64_t* sizes,
                            const std::array<Layout, N>& arrays) {
  StridedLoop<N> walk;
  size_t loops = 0;
  for (size_t d = 0; d < dims; ++d) {
    if (sizes[d] == 1) continue;
    std::array<int64_t, N> step{};
    bool joins = loops > 0;  // the loop before steps over exactly this one
    for (size_t i = 0; i < N; ++i) {
      const Layout& own = arrays[i];
      const size_t missing = dims - own.dims;
      if (d >= missing && own.sizes[d - missing] != 1) step[i] = own.strides[d - missing];
      joins = joins && walk.steps[i][loops - 1] == step[i] * sizes[d];
    }
    if (!joins) ++loops;
    walk.sizes[loops - 1] = joins ? walk.sizes[loops - 1] * sizes[d] : sizes[d];
    for (size_t i = 0; i < N; ++i)
      walk.steps[i][loops - 1] = step[i];
  }
  walk.dims = loops == 0 ? 1 : static_cast<int>(loops);
  return walk;
}

/// How many elements the loops visit.
template <size_t N>
int64_t count(const StridedLoop<N>& walk) {
  int64_t total = 1;
  for (int d = 0; d < walk.dims; ++d)
    total *= walk.sizes[static_cast<size_t>(d)];
  return total;
}

/// Whether the walk meets no element of its array twice. Sorted by their steps, each loop must step
/// over all that the smaller ones span.
inline bool meets_each_once(const StridedLoop<1>& walk) {
  if (count(walk) == 0) return true;
  std::array<std::array<int64_t, 2>, StridedLoop<1>::kMaxDims> loops;
  const auto dims = static_cast<size_t>(walk.dims);
  for (size_t d = 0; d < dims; ++d)
    loops[d] = {walk.steps[0][d], walk.sizes[d]};
  std::sort(loops.begin(), loops.begin() + dims);
  int64_t span = 1;
  for (size_t d = 0; d < dims; ++d) {
    const auto [step, size] = loops[d];
    if (size <= 1) continue;
    if (step < span) return false;
    span += step * (size - 1);
  }
  return true;
}

/// Calls row(n, at) for each run along the innermost loop, from the element `begin` to `end` in
/// row-major order: n elements, array i beginning at element at[i].
template <size_t N, class Row>
void for_each_row_between(const StridedLoop<N>& walk, int64_t begin, int64_t end, const Row& row) {
  if (begin >= end) return;
  const auto last = static_cast<size_t>(walk.dims - 1);
  std::array<int64_t, StridedLoop<N>::kMaxDims> index{};
  std::array<int64_t, N> at{};
  int64_t rest = begin;
  for (size_t d = last + 1; rest > 0 && d-- > 0; rest /= walk.sizes[d]) {
    index[d] = rest % walk.sizes[d];
    for (size_t i = 0; i < N; ++i)
      at[i] += index[d] * walk.steps[i][d];
  }
  while (begin < end) {
    const int64_t left = walk.sizes[last] - index[last];
    const int64_t n = left < end - begin ? left : end - begin;
    row(n, at);
    begin += n;
    index[last] += n;
    for (size_t i = 0; i < N; ++i)
      at[i] += n * walk.steps[i][last];
    for (size_t d = last; d > 0 && index[d] == walk.sizes[d]; --d) {  // carry
      index[d] = 0;
      ++index[d - 1];
      for (size_t i = 0; i < N; ++i)
        at[i] += walk.steps[i][d - 1] - walk.sizes[d] * walk.steps[i][d];
    }
  }
}

/// The same for all elements of the walk; long runs are cut, and the pieces shared between threads.
template <size_t N, class Row>
void for_each_row(const StridedLoop<N>& walk, const Row& row) {
  parallel_for(count(walk), 1 << 15,
               [&](int64_t begin, int64_t end) { for_each_row_between(walk, begin, end, row); });
}

/// Where the elements of every array lie, in the order of the walk.
template <size_t N>
std::array<std::vector<int64_t>, N> offsets(const StridedLoop<N>& walk) {
  std::array<std::vector<int64_t>, N> all;
  const auto last = static_cast<size_t>(walk.dims - 1);
  for_each_row_between(walk, 0, count(walk), [&](int64_t n, const std::array<int64_t, N>& at) {
    for (size_t i = 0; i < N; ++i)
      for (int64_t j = 0; j < n; ++j)
        all[i].push_back(at[i] + j * walk.steps[i][last]);
  });
  return all;
}

/// Whether a formula for numbers of type T names an op that simd/ has loops for.
template <class F, class T>
concept HasVectors = std::is_floating_point_v<T> && requires {
  F::kOp;
};
constexpr int64_t kFewForVectors = 16;

/// y = f(x)
template <class Y, class X, class F>
void map(Y* y, const X* x, const StridedLoop<2>& walk, const F& f) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t sy = walk.steps[0][last];
  const int64_t sx = walk.steps[1][last];
  for_each_row(walk, [&](int64_t n, const std::array<int64_t, 2>& at) {
    Y* py = y + at[0];
    const X* px = x + at[1];
    if constexpr (HasVectors<F, X>) {
      if (sy == 1 && sx == 1 && n >= kFewForVectors)
        return GRADUS_DISPATCH(map_vectors(F::kOp, py, px, n));
    }
    if (sy == 1 && sx == 1) {
      for (int64_t i = 0; i < n; ++i)
        py[i] = f(px[i]);
    } else {
      for (int64_t i = 0; i < n; ++i)
        py[i * sy] = f(px[i * sx]);
    }
  });
}

/// y = f(a, b)
template <class Y, class A, class B, class F>
void zip(Y* y, const A* a, const B* b, const StridedLoop<3>& walk, const F& f) {
  const auto last = static_cast<size_t>(walk.dims - 1);
  const int64_t sy = walk.steps[0][last];
  const int64_t sa = walk.steps[1][last];
  const int64_t sb = walk.steps[2][last];
  for_each_row(walk, [&](int64_t n, const std::array<int64_t, 3>& at) {
    Y* py = y + at[0];
    const A* pa = a + at[1];
    const B* pb = b + at[2];
    if constexpr (HasVectors<F, A>) {
      if (sy == 1 && sa + sb > 0 && sa <= 1 && sb <= 1 && n >= kFewForVectors) {
        return GRADUS_DISPATCH(zip_vectors(F::kOp, py, pa, sa, pb, sb, n));
      }
    }
    for (int64_t i = 0; i < n; ++i)
      py[i * sy] = f(pa[i * sa], pb[i * sb]);
  });
}

}  // namespace gradus::kernels
