// Shared by the properties: random arrays, and tensors with the same numbers in some layout.
#pragma once
#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

#include "autograd/ops.h"
#include "tests/fuzz/reference.h"

namespace gradus::fuzz {

/// An integer from low to high, both included.
inline int64_t pick(int64_t low, int64_t high) { return *rc::gen::inRange(low, high + 1); }
inline bool coin() { return pick(0, 1) == 1; }

/// Up to 4 dimensions of sizes 0 to 4.
inline Index some_sizes() {
  Index sizes(static_cast<size_t>(pick(0, 4)));
  for (int64_t& size : sizes)
    size = pick(0, 9) == 0 ? 0 : pick(1, 4);
  return sizes;
}

/// A dimension of an array, as a number from 0 and as it is given, perhaps counted from the end.
struct Dim {
  size_t index;
  int64_t given;
};
inline Dim some_dim(const Index& sizes) {
  const int64_t n = std::ssize(sizes);
  const int64_t index = pick(0, n - 1);
  return {static_cast<size_t>(index), coin() ? index : index - n};
}

inline Array<double> counted(const Index& sizes, double first = 1) {
  return Array<double>::make(sizes, [&](const Index&) { return first++; });
}

inline Tensor tensor_of(const Array<double>& array, DType t = kFloat64) {
  return tensor(array.values, kFloat64).view(array.sizes).to(t);
}

/// The same numbers in memory of another order, perhaps with gaps.
inline Tensor in_some_layout(const Tensor& x) {
  std::vector<int64_t> order(static_cast<size_t>(x.dim()));
  std::iota(order.begin(), order.end(), 0);
  for (size_t d = 1; d < order.size(); ++d)
    std::swap(order[d], order[static_cast<size_t>(pick(0, static_cast<int64_t>(d)))]);
  Index sizes(order.size());
  Index back(order.size());
  for (size_t d = 0; d < order.size(); ++d) {
    sizes[d] = x.size(order[d]);
    back[static_cast<size_t>(order[d])] = static_cast<int64_t>(d);
  }
  const bool gaps = coin() && !sizes.empty();
  if (gaps) sizes.back() *= 3;
  Tensor y = full(sizes, 0, x.dtype());
  if (gaps) y = y.slice(-1, pick(0, 2), nullopt, 3).narrow(-1, 0, sizes.back() / 3);
  return y.permute(back).copy_(x);
}

inline std::vector<double> numbers_of(const Tensor& x) {
  const Tensor y = x.detach().to(kFloat64).contiguous();
  return {y.data_ptr<double>(), y.data_ptr<double>() + y.numel()};
}

/// Requires that the tensor has the shape and the values of the array.
template <class T>
void require_same(const Tensor& x, const Array<T>& expected) {
  const std::vector<double> values(expected.values.begin(), expected.values.end());
  RC_ASSERT(x.sizes().vec() == expected.sizes);
  RC_ASSERT(numbers_of(x) == values);
}

template <class F>
bool throws(const F& f) {
  try {
    f();
  } catch (const Error&) {
    return true;
  }
  return false;
}

/// Runs a property and returns whether it holds.
template <class F>
bool check(const char* claim, const F& f) {
  fmt::print("{}: ", claim);
  std::fflush(stdout);
  return rc::check(claim, f);
}

bool views_hold();
bool broadcasting_holds();
bool indexing_holds();

}  // namespace gradus::fuzz
