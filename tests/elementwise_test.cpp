// The elementwise kernels: every op of elementwise_ops.def, for each dtype, against plain scalar
// code, on all lengths up to a few vectors and in several layouts.
#include "tensor/kernels/elementwise.h"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "tests/elementwise_references.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::elementwise_test {
namespace {

constexpr int64_t kLongest = 70;  // more than four vectors of float
constexpr int64_t kSpace = 3 * kLongest;

template <class Op>
struct Named {
  std::string name;
  Op op;
};
const std::vector<Named<UnaryOp>> kUnaryOps = {
#define UNARY(name, ...) {#name, UnaryOp::name},
#define UNARY_FLOAT(name, ...) {#name, UnaryOp::name},
#define UNARY_SCALAR(name, ...) {#name, UnaryOp::name},
#include "tensor/kernels/elementwise_ops.def"
};
const std::vector<Named<UnaryGrad>> kUnaryGrads = {
#define UNARY_GRAD(name, ...) {#name, UnaryGrad::name},
#include "tensor/kernels/elementwise_ops.def"
};
const std::vector<Named<BinaryOp>> kBinaryOps = {
#define BINARY(name, ...) {#name, BinaryOp::name},
#define BINARY_FLOAT(name, ...) {#name, BinaryOp::name},
#define BINARY_SCALAR(name, ...) {#name, BinaryOp::name},
#define BINARY_INTEGER(name, ...) {#name, BinaryOp::name},
#include "tensor/kernels/elementwise_ops.def"
};
const std::vector<Named<CompareOp>> kCompareOps = {
#define COMPARE(name, ...) {#name, CompareOp::name},
#include "tensor/kernels/elementwise_ops.def"
};

/// Numbers of either sign for T, with equal, special and extreme ones among them. Without
/// `negative` only small positive ones.
template <class T>
std::vector<T> inputs(uint64_t seed, bool negative = true) {
  const auto from = numbers<double>(kSpace, seed);
  std::vector<T> x(from.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = negative ? from[i] : std::abs(from[i]);
    x[i] = static_cast<T>(std::is_same_v<T, bool> ? value > 0 : std::round(value * 8));
    if constexpr (std::is_floating_point_v<T>) x[i] = static_cast<T>(value * 3);
  }
  using Limits = std::numeric_limits<T>;
  if (!negative) return x;
  if constexpr (std::is_floating_point_v<T>) {
    const std::vector<T> special = {T(0), T(-0.0), Limits::infinity(), -Limits::infinity(),
                                    Limits::quiet_NaN()};
    for (size_t i = 0; i < x.size(); i += 7)
      x[i] = special[(i / 7 + seed) % special.size()];
  }
  if constexpr (std::is_same_v<T, int64_t>) {
    x[3] = Limits::min();
    x[4] = Limits::max();
  }
  return x;
}

/// Equal bits, or both NaN (whose sign and payload may differ).
template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a)) return std::isnan(b);
  }
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <size_t N>
StridedLoop<N> one_loop(int64_t n, const std::array<int64_t, N>& strides) {
  StridedLoop<N> loop(n);
  for (size_t i = 0; i < N; ++i)
    loop.strides[i][0] = strides[i];
  return loop;
}
/// Rows of n contiguous elements with a gap of one element after each.
template <size_t N>
StridedLoop<N> rows_with_gaps(int64_t rows, int64_t n) {
  StridedLoop<N> loop(rows, n + 1);
  loop.dims = 2;
  loop.sizes[1] = n;
  for (auto& strides : loop.strides)
    strides[1] = 1;
  return loop;
}

/// Calls check(loop) for contiguous arrays of every length, other strides, repeated inputs and
/// rows.
template <size_t N, class Check>
void for_layouts(const Check& check) {
  std::array<int64_t, N> strides;
  for (int64_t n = 0; n <= kLongest; ++n) {
    for (const int64_t stride : {1, 3}) {
      strides.fill(stride);
      check(one_loop<N>(n, strides));
      strides[0] = 1;
      check(one_loop<N>(n, strides));
    }
    for (size_t repeated = 1; repeated < N; ++repeated) {
      strides.fill(1);
      strides[repeated] = 0;
      check(one_loop<N>(n, strides));
    }
  }
  for (const int64_t n : {1, 2, 15, 17, 33})
    check(rows_with_gaps<N>(4, n));
}

/// Runs kernel(y, loop) and compares each element with expected(offsets of the inputs), and the
/// rest of y with its old contents.
template <class Y, size_t N, class Kernel, class Expected>
void expect_elements(const std::string& name, const Kernel& kernel, const Expected& expected) {
  for_layouts<N>([&](const StridedLoop<N>& loop) {
    const Y untouched = static_cast<Y>(1);
    Y y[kSpace];
    std::fill_n(y, kSpace, untouched);
    Y wanted[kSpace];
    std::fill_n(wanted, kSpace, untouched);
    kernel(y, loop);
    const auto all = offsets(loop);
    for (size_t i = 0; i < all[0].size(); ++i) {
      std::array<size_t, N - 1> in;
      for (size_t k = 1; k < N; ++k)
        in[k - 1] = static_cast<size_t>(all[k][i]);
      wanted[all[0][i]] = expected(in);
    }
    for (int64_t i = 0; i < kSpace; ++i)
      ASSERT_TRUE(same(y[i], wanted[i])) << name << ", " << count(loop) << " elements, at " << i;
  });
}

template <class T>
class ElementwiseOf : public testing::Test {};
using Numbers = testing::Types<float, double, int64_t>;
TYPED_TEST_SUITE(ElementwiseOf, Numbers);

/// In any layout an element gets the bits it gets alone.
TYPED_TEST(ElementwiseOf, AnElementsBitsDoNotDependOnItsPosition) {
  using T = TypeParam;
  const auto a = inputs<T>(1);
  const auto b = inputs<T>(2);
  constexpr bool is_float = std::is_floating_point_v<T>;
  for (const auto& [name, op] : kUnaryOps) {
    if (!is_float && !has_integers(op)) continue;
    expect_elements<T, 2>(
        name, [&, op = op](T* y, const auto& loop) { unary(op, y, a.data(), loop); },
        [&, op = op](const auto& in) {
          T alone{};
          unary(op, &alone, &a[in[0]], StridedLoop<2>(1, 1));
          return alone;
        });
  }
  if constexpr (is_float) {
    for (const auto& [name, op] : kUnaryGrads) {
      expect_elements<T, 3>(
          name,
          [&, op = op](T* y, const auto& loop) { unary_grad(op, y, a.data(), b.data(), loop); },
          [&, op = op](const auto& in) {
            T alone{};
            unary_grad(op, &alone, &a[in[0]], &b[in[1]], StridedLoop<3>(1, 1));
            return alone;
          });
    }
  }
  const auto exponents = inputs<T>(2, /*negative=*/false);
  for (const auto& [name, op] : kBinaryOps) {
    if (is_float ? !has_floats(op) : !has_integers(op)) continue;
    const auto& second = op == BinaryOp::pow ? exponents : b;
    expect_elements<T, 3>(
        name,
        [&, op = op](T* y, const auto& loop) { binary(op, y, a.data(), second.data(), loop); },
        [&, op = op](const auto& in) {
          T alone{};
          binary(op, &alone, &a[in[0]], &second[in[1]], StridedLoop<3>(1, 1));
          return alone;
        });
  }
}

TYPED_TEST(ElementwiseOf, EqualsScalarCode) {
  using T = TypeParam;
  const auto a = inputs<T>(1);
  const auto b = inputs<T>(2);
  auto references = unary_references<T>();
  for (const auto& [name, op] : kUnaryOps) {
    const auto f = references[name];
    if (!f) continue;
    expect_elements<T, 2>(
        name, [&, op = op](T* y, const auto& loop) { unary(op, y, a.data(), loop); },
        [&](const auto& in) { return f(a[in[0]]); });
  }
  auto exponents = inputs<T>(2, /*negative=*/false);
  exponents[5] = 2;
  auto binary_f = binary_references<T>();
  for (const auto& [name, op] : kBinaryOps) {
    const auto f = binary_f[name];
    if (!f) continue;
    const auto& second = op == BinaryOp::pow ? exponents : b;
    expect_elements<T, 3>(
        name,
        [&, op = op](T* y, const auto& loop) { binary(op, y, a.data(), second.data(), loop); },
        [&](const auto& in) { return f(a[in[0]], second[in[1]]); });
  }
}

template <class T>
class FloatsOf : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(FloatsOf, Floats);

TYPED_TEST(FloatsOf, ReplacedWhereTheyAreNotFinite) {
  using T = TypeParam;
  const auto x = inputs<T>(1);
  constexpr T inf = std::numeric_limits<T>::infinity();
  // The last three: a replacement is not replaced again.
  const std::vector<std::array<T, 3>> replacements{
      {0, 2, -3}, {inf, 2, -inf}, {1, std::numeric_limits<T>::quiet_NaN(), inf}, {5, -inf, 4}};
  for (const auto& to : replacements) {
    expect_elements<T, 2>(
        "replace_nonfinite",
        [&](T* y, const auto& loop) { replace_nonfinite(y, x.data(), loop, to[0], to[1], to[2]); },
        [&](const auto& in) {
          const T value = x[in[0]];
          if (std::isnan(value)) return to[0];
          return value == inf ? to[1] : value == -inf ? to[2] : value;
        });
  }
}

template <class T>
class CompareOf : public testing::Test {};
using AllTypes = testing::Types<float, double, int64_t, bool>;
TYPED_TEST_SUITE(CompareOf, AllTypes);

TYPED_TEST(CompareOf, EqualsScalarCode) {
  using T = TypeParam;
  // std::vector<bool> has no data().
  const auto first = inputs<T>(1);
  const auto second = inputs<T>(2);
  T a[kSpace];
  T b[kSpace];
  std::copy(first.begin(), first.end(), a);
  std::copy(second.begin(), second.end(), b);
  std::copy_n(a + 20, 20, b + 20);  // equal ones
  std::map<std::string, std::function<bool(T, T)>> references{{"eq", std::equal_to<>()}};
  references["ne"] = std::not_equal_to<>();
  references["lt"] = std::less<>();
  references["le"] = std::less_equal<>();
  references["gt"] = std::greater<>();
  references["ge"] = std::greater_equal<>();
  references["logical_and"] = [](T p, T q) { return p != T(0) && q != T(0); };
  references["logical_or"] = [](T p, T q) { return p != T(0) || q != T(0); };
  if constexpr (std::is_floating_point_v<T>) {
    references["abs_eq"] = [](T p, T q) { return p == q || p == -q; };
    references["abs_lt"] = [](T p, T q) { return p < q && p > -q; };
  }
  for (const auto& [name, op] : kCompareOps) {
    const auto f = references[name];
    if (!f) continue;
    expect_elements<bool, 3>(
        name, [&, op = op](bool* y, const auto& loop) { compare(op, y, a, b, loop); },
        [&](const auto& in) { return f(a[in[0]], b[in[1]]); });
  }
}

TYPED_TEST(CompareOf, WhereSelectsByCondition) {
  using T = TypeParam;
  const auto first = inputs<T>(1);
  const auto second = inputs<T>(2);
  T a[kSpace];
  T b[kSpace];
  bool condition[kSpace];
  std::copy(first.begin(), first.end(), a);
  std::copy(second.begin(), second.end(), b);
  for (int64_t i = 0; i < kSpace; ++i)
    condition[i] = i % 3 == 0;
  expect_elements<T, 4>(
      "where", [&](T* y, const auto& loop) { where(y, condition, a, b, loop); },
      [&](const auto& in) { return condition[in[0]] ? a[in[1]] : b[in[2]]; });
  expect_elements<T, 2>(
      "copy", [&](T* y, const auto& loop) { copy(y, a, loop); },
      [&](const auto& in) { return a[in[0]]; });
}

TEST(Elementwise, CopyConverts) {
  const double x[] = {-2.75, 0, -0.0, 0.5, 0x1p63, -0x1p63, std::nan("")};
  int64_t integers[7];
  bool flags[7];
  float floats[7];
  copy(integers, x, StridedLoop<2>(7, 1));
  copy(flags, x, StridedLoop<2>(7, 1));
  copy(floats, x, StridedLoop<2>(7, 1));
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(std::vector(integers, integers + 7),
            (std::vector<int64_t>{-2, 0, 0, 0, kLeast, kLeast, kLeast}));
  EXPECT_EQ(std::vector<int>(flags, flags + 7), (std::vector<int>{1, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(floats[0], -2.75f);
}

TEST(Elementwise, CopiesTransposed) {
  for (const auto& [outer, R, C] : {std::tuple{1, 16, 16}, std::tuple{3, 17, 35},
                                    std::tuple{2, 100, 3}, std::tuple{1, 70, 129}}) {
    const auto x = numbers(outer * R * C);
    const auto y = for_all_thread_counts([&, outer = outer, R = R, C = C] {
      std::vector<float> out(x.size());
      StridedLoop<2> loop;
      loop.dims = 3;
      loop.sizes = {outer, R, C};
      loop.strides = {{{R * C, C, 1}, {R * C, 1, R}}};
      copy(out.data(), x.data(), loop);
      return out;
    });
    for (int64_t i = 0; i < outer * R * C; ++i) {
      const int64_t block = i / (R * C);
      const int64_t r = i / C % R;
      const int64_t c = i % C;
      ASSERT_EQ(y[static_cast<size_t>(i)], x[static_cast<size_t>((block * C + c) * R + r)]);
    }
  }
}

/// Blocks of any loops cover all elements in order, however threads share them.
TEST(Elementwise, BlocksCoverEveryElement) {
  StridedLoop<1> loop;
  loop.dims = 3;
  loop.sizes = {3, 4, 5};
  loop.strides = {{{100, 10, 2}}};
  const auto all = offsets(loop)[0];
  ASSERT_EQ(all.size(), 60u);
  for (int64_t i = 0; i < 60; ++i)
    EXPECT_EQ(all[static_cast<size_t>(i)], i / 20 * 100 + i / 5 % 4 * 10 + i % 5 * 2);
  for (int64_t begin = 0; begin < 60; ++begin) {
    for (int64_t end = begin; end <= 60; ++end) {
      std::vector<int64_t> seen;
      for_each_block_between(loop, begin, end, [&](const Block<1>& block) {
        for (int64_t r = 0; r < block.rows; ++r)
          for (int64_t i = 0; i < block.n; ++i)
            seen.push_back(block.offset(0, r) + i * block.strides[0]);
      });
      ASSERT_EQ(seen, std::vector<int64_t>(all.begin() + begin, all.begin() + end));
    }
  }
}

TEST(Elementwise, LargeArraysAreSharedBetweenThreads) {
  const int64_t R = 300;
  const int64_t C = 700;
  const auto x = numbers(R * C);
  const auto b = numbers(C, 2);
  StridedLoop<3> loop(R, C);
  loop.dims = 2;
  loop.sizes[1] = C;
  loop.strides = {{{C, 1}, {C, 1}, {0, 1}}};
  const auto y = for_all_thread_counts([&] {
    std::vector<float> out(x.size());
    binary(BinaryOp::add, out.data(), x.data(), b.data(), loop);
    return out;
  });
  for (size_t i = 0; i < y.size(); ++i)
    ASSERT_EQ(y[i], x[i] + b[i % 700]);
}

TEST(Elementwise, AllClose) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::nan("");
  const auto close = [](double a, double b, bool equal_nan = false) {
    return all_close(&a, &b, StridedLoop<2>(1, 1),
                     {.rtol = 0.1, .atol = 0.01, .equal_nan = equal_nan});
  };
  EXPECT_TRUE(close(1.1, 1));
  EXPECT_FALSE(close(1.2, 1));
  EXPECT_TRUE(close(inf, inf));
  EXPECT_FALSE(close(inf, -inf) || close(1, inf) || close(inf, 1));
  EXPECT_FALSE(close(nan, nan) || close(nan, 1, true));
  EXPECT_TRUE(close(nan, nan, true));
}

}  // namespace
}  // namespace gradus::kernels::elementwise_test
