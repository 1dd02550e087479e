// The properties of layers that check/expect.h can test.
#include "check/expect.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/causal_attention.h"
#include "nn/self_attention.h"
#include "tensor/random.h"
#include "tests/expect_error.h"

namespace expect_test {
using namespace gradus;

namespace {

Tensor numbers(const Shape& sizes, uint64_t seed) {
  manual_seed(seed);
  return randn(sizes, kFloat64);
}

TEST(Expect, Causal) {
  manual_seed(1);
  const nn::CausalAttention causal(3, 4, 6, 0.0);
  const nn::SelfAttention open(3, 4);
  const Tensor x = randn({2, 6, 3});
  expect_causal([&](const Tensor& in) { return causal(in); }, x);
  expect_causal([](const Tensor& in) { return in.cumsum(1); }, x);
  EXPECT_THROW(expect_causal([&](const Tensor& in) { return open(in[0]); }, x), Error);
  EXPECT_THROW(expect_causal([&](const Tensor& in) { return open(in); }, x[0]), Error);
  expect_error(
      [] {
        expect_causal(
            [](const Tensor& in) {
              return in.sum(0, true).expand({3, 1});
            },
            tensor({{1.0}, {2.0}, {3.0}}));
      },
      "expect_causal: step 0 sees the future: changing the steps after 0 changes it by 13");
  expect_error(
      [&] {
        expect_causal([](const Tensor& in) { return in; }, ones({1, 3}));
      },
      "expect_causal: x is [1, 3], dimension -2 needs 2 steps or more");
  expect_error(
      [&] {
        expect_causal([](const Tensor& in) { return in.narrow(0, 0, 1); }, ones({2, 3}));
      },
      "expect_causal: x has 2 steps, but the result is [1, 3]");
}

TEST(Expect, RowsSumToOne) {
  expect_rows_sum_to_one(softmax(numbers({2, 3, 4}, 1), -1));
  expect_error(
      [] {
        expect_rows_sum_to_one(tensor({{0.5, 0.5}, {0.5, 0.25}}));
      },
      "expect_rows_sum_to_one: row [1] of [2, 2] sums to 0.75");
  expect_error(
      [] {
        expect_rows_sum_to_one(tensor({1.5, -0.5}));
      },
      "expect_rows_sum_to_one: the weight -0.5 at [1] is not 0 or more");
  expect_error(
      [] {
        expect_rows_sum_to_one(tensor({std::nan(""), 1.0}));
      },
      "expect_rows_sum_to_one: the weight nan at [0] is not 0 or more");
  expect_error(
      [] {
        expect_rows_sum_to_one(tensor({1, 0}));
      },
      "expect_rows_sum_to_one: the weights must be rows of floating-point numbers");
}

TEST(Expect, PermutationEquivariant) {
  manual_seed(1);
  const nn::SelfAttention open(3, 4);
  expect_permutation_equivariant([&](const Tensor& in) { return open(in); }, randn({5, 3}));
  expect_error(
      [] {
        expect_permutation_equivariant([](const Tensor& in) { return in.cumsum(0); },
                                       tensor({{1.0}, {2.0}}));
      },
      "expect_permutation_equivariant: with the steps in another order, the result of step 1 "
      "changes by 1");
}

TEST(Expect, DependsOn) {
  const Tensor x = tensor({0.0, 2.0});
  const Tensor w = tensor({3.0, 4.0});
  expect_depends_on([&] { return x * w + x; }, {{"x", x}});
  expect_error(
      [&] {
        expect_depends_on([&] { return x * w; }, {{"x", x}, {"w", w}});
      },
      "expect_depends_on: the result does not depend on w at [0]");
  EXPECT_TRUE(equal(w, tensor({3.0, 4.0})));
}

TEST(Expect, DependsOnRestoresTheInputsIfTheFunctionThrows) {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}).t();
  const Tensor before = x.clone();
  int calls = 0;
  const auto f = [&]() -> Tensor {
    if (++calls == 3) throw std::runtime_error("a fault of f");
    return x * 2;
  };
  EXPECT_THROW(expect_depends_on(f, {{"x", x}}), std::runtime_error);
  EXPECT_TRUE(equal(x, before));
}

TEST(Expect, CacheEqual) {
  const Tensor x = numbers({2, 5, 3}, 1);
  Tensor total;
  const auto step = [&](const Tensor& in) {
    const Tensor y = total.defined() ? in.cumsum(1) + total : in.cumsum(1);
    total = y.narrow(1, y.size(1) - 1, 1).clone();
    return y;
  };
  const auto all_steps = [](const Tensor& in) { return in.cumsum(-2); };
  expect_cache_equal(all_steps, step, x);
  total = Tensor();
  expect_cache_equal(all_steps, step, x, 1, {3, 2});
  expect_error(
      [&] {
        expect_cache_equal(all_steps, all_steps, tensor({{1.0}, {2.0}}));
      },
      "expect_cache_equal: with the cache, step 1 differs by 1");
  expect_error(
      [&] {
        expect_cache_equal(all_steps, step, x, 1, {3, 3});
      },
      "expect_cache_equal: the pieces 3 + 3 do not add up to the 5 steps of x");
}

}  // namespace
}  // namespace expect_test
