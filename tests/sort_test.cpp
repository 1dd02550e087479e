// prod, sort, argsort, remainder, nan_to_num: wrong calls with their messages, and results of every
// size. Other values and gradients: tests/torch_compat and the table of ops.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/errors_support.h"

namespace gradus::sort_test {
using namespace wrong_calls;
namespace {

/// The definition of sort, for a vector.
template <class T>
std::vector<int64_t> stable_order(const Tensor& row, bool descending) {
  const T* const numbers = row.data_ptr<T>();
  std::vector<int64_t> order(static_cast<size_t>(row.numel()));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
    const T a = numbers[descending ? j : i];
    const T b = numbers[descending ? i : j];
    return a < b || (a == a && b != b);
  });
  return order;
}

template <class T>
void expect_sorted(const Tensor& row) {
  for (const bool descending : {false, true}) {
    const auto [values, indices] = row.sort(-1, descending);
    const std::vector<int64_t> expected = stable_order<T>(row, descending);
    ASSERT_TRUE(equal(indices, tensor(expected, kInt64))) << row << descending;
    ASSERT_TRUE(allclose(values, row.index_select(0, indices), 0, 0, true)) << row << descending;
    ASSERT_TRUE(equal(indices, row.argsort(-1, descending)));
  }
}

template <class T>
class SortOf : public testing::Test {};
using SortedTypes = testing::Types<float, double, int64_t, bool>;
TYPED_TEST_SUITE(SortOf, SortedTypes);

TYPED_TEST(SortOf, RowsOfEverySizeAreInStableOrder) {
  using T = TypeParam;
  manual_seed(1);
  for (const int64_t n : {0, 1, 2, 3, 10, 63, 64, 65, 66, 100, 257, 1000, 5000}) {
    const Tensor few = randint(0, 7, {n}).to(dtype_of<T>);
    expect_sorted<T>(few);
    const Tensor many = empty({n}, kInt64).random_(-(int64_t{1} << 52), int64_t{1} << 52);
    expect_sorted<T>(many.to(dtype_of<T>));
    if constexpr (std::is_floating_point_v<T>) {
      expect_sorted<T>(randn({n}, dtype_of<T>) / (few - 3));  // infinities, NaN
      expect_sorted<T>(tensor({-0., 0.}, dtype_of<T>).index_select(0, few.to(kInt64) % 2));
    }
  }
}

TEST(Sort, TheSmallestAndLargestIntegersAreInOrder) {
  const Tensor numbers = tensor({kMost, int64_t{0}, kLeast, int64_t{-1}, kLeast + 1});
  EXPECT_TRUE(equal(numbers.argsort(), tensor({2, 4, 3, 1, 0})));
  EXPECT_TRUE(equal(numbers.argsort(0, true), tensor({0, 1, 3, 4, 2})));
}

TEST(Sort, EachDimensionOfAnyLayoutIsSorted) {
  manual_seed(2);
  const Tensor numbers = randn({70, 3, 90});
  for (const Tensor& in : {numbers, numbers.transpose(0, 2), numbers.flip(1)}) {
    for (const int64_t dim : {0, 1, 2}) {
      const auto [values, indices] = in.sort(dim);
      EXPECT_TRUE(equal(values, in.gather(dim, indices)));
      const int64_t n = in.size(dim);
      EXPECT_TRUE(
          (values.narrow(dim, 0, n - 1) <= values.narrow(dim, 1, n - 1)).all().item<bool>());
      EXPECT_TRUE(equal(std::get<0>(indices.sort(dim)).select(dim, n - 1),
                        full_like(indices.select(dim, 0), n - 1)));
    }
  }
}

TEST(Prod, LongRowsAndColumnsAreMultiplied) {
  manual_seed(3);
  for (const Shape& sizes : {Shape{1, 700}, Shape{3, 129}, Shape{200, 70}, Shape{2, 600000}}) {
    const Tensor factors = rand(sizes, kFloat64) * 0.02 + 0.99;
    const Tensor logs = log(factors);
    for (const int64_t dim : {0, 1}) {
      EXPECT_TRUE(allclose(factors.prod(dim), exp(logs.sum(dim)), 1e-9)) << sizes << dim;
      const Tensor x = factors.clone().requires_grad_();
      x.prod(dim).sum().backward();
      const Tensor expected = factors.prod(dim, true) / factors;
      EXPECT_TRUE(allclose(x.grad(), expected, 1e-9)) << sizes << dim;
    }
    EXPECT_TRUE(allclose(factors.prod(), exp(logs.sum()), 1e-8)) << sizes;
  }
}

/// The product is 0, from which dy y / x would be 0 or NaN.
TEST(Prod, GradientsDoNotNeedTheProduct) {
  const Tensor x = tensor({1e-30, 1e30, 1e-20, 0.}).requires_grad_();
  x.prod().backward();
  EXPECT_TRUE(allclose(x.grad(), tensor({0., 0., 0., 1e-20}), 1e-5, 0));
  EXPECT_EQ(tensor({kMost, int64_t{2}, int64_t{3}}).prod().item<int64_t>(), -6);
}

TEST(Remainder, FloatsAreExactForEveryQuotient) {
  manual_seed(4);
  const Tensor b = cat({randn({5000}), randn({5000}) * 1e12, randn({5000}) * 1e-36});
  // The last are multiples of b, but for their rounding. The largest factor is 2^30.
  const Tensor factors = pow(2, to(arange(5000) % 31, kFloat32)) + to(arange(5000) % 7, kFloat32);
  const Tensor a = cat({randn({5000}) * 1e3, randn({5000}) * 1e30, b.narrow(0, 0, 5000) * factors});
  const Tensor y = fmod(a, b);
  const Tensor r = remainder(a, b);
  for (int64_t i = 0; i < a.numel(); ++i) {
    const float p = a.data_ptr<float>()[i];
    const float q = b.data_ptr<float>()[i];
    const float rest = std::fmod(p, q);
    ASSERT_EQ(y.data_ptr<float>()[i], rest) << p << " " << q;
    const bool other_sign = rest != 0 && (rest < 0) != (q < 0);
    ASSERT_EQ(r.data_ptr<float>()[i], other_sign ? rest + q : rest) << p << " " << q;
  }
}

TEST(Sort, WrongCallsAreErrors) {
  expect_errors({
      {[] { x.prod(2); }, "prod: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { prod(undefined); }, kUndefined},
      {[] { x.sort(2); }, "sort: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { x.argsort(-3); }, "argsort: dimension -3 is out of range for a tensor of 2 dimensions"},
      {[] { sort(undefined); }, kUndefined},
      {[] { argsort(undefined); }, kUndefined},
      {[] { integers.remainder(0); }, "remainder: an int64 cannot be divided by 0"},
      {[] { ids % ids; }, "remainder: an int64 cannot be divided by 0"},
      {[] { integers.fmod(integers); }, "fmod: an int64 cannot be divided by 0"},
      {[] { integers % 0.5; }, "remainder: an int64 tensor takes no fractional number, got 0.5"},
      {[] { x % integers; },
       "remainder: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { mask % mask; },
       "remainder: expected numbers, got a bool tensor; convert it with .to(kFloat32) or "
       ".to(kInt64)"},
      {[] { x % ids; }, "remainder: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { x.fmod(ones(2)); },
       "fmod: [2, 3] and [2] do not broadcast - sizes 3 and 2 differ at dimension -1"},
      {[] { nan_to_num(x, 1e300); }, "nan_to_num: 1e+300 does not fit into float32"},
      {[] { nan_to_num(undefined); }, kUndefined},
  });
}

}  // namespace
}  // namespace gradus::sort_test
