#include "exercises/checks.h"

#include "exercises/01_matmul_backward/matmul_backward.h"

using namespace gradus;

namespace {

/// Checks the gradients of matmul for a and b of these sizes.
void expect_gradients_of_matmul(const Shape& of_a, const Shape& of_b) {
  const Tensor a = example(of_a, 1);
  const Tensor b = example(of_b, 2);
  const auto product = [&] { return matmul(a, b); };
  const Tensor u = random_cotangent(product());
  const auto [da, db] = mine::matmul_backward(u, a, b);
  expect_right_gradient("a", da, product, a, u);
  expect_right_gradient("b", db, product, b, u);
}

TEST(shape, of_unbroadcast) {
  expect_shape("unbroadcast of [2, 3] to [3]", mine::unbroadcast(example({2, 3}), {3}), {3});
  expect_shape("unbroadcast of [2, 3] to [2, 1]", mine::unbroadcast(example({2, 3}), {2, 1}),
               {2, 1});
  expect_shape("unbroadcast of [4, 2, 3] to [1, 3]", mine::unbroadcast(example({4, 2, 3}), {1, 3}),
               {1, 3});
  expect_shape("unbroadcast of [2, 3] to []", mine::unbroadcast(example({2, 3}), {}), {});
}

TEST(shape, of_the_gradients) {
  const auto [da, db] = mine::matmul_backward(example({3, 5}), example({3, 4}), example({4, 5}));
  expect_shape("da for a of [3, 4], b of [4, 5]", da, {3, 4});
  expect_shape("db for a of [3, 4], b of [4, 5]", db, {4, 5});
}

TEST(shape, of_batches) {
  const auto [da, db] =
      mine::matmul_backward(example({6, 2, 3, 5}), example({6, 1, 3, 4}), example({2, 4, 5}));
  expect_shape("da for a of [6, 1, 3, 4], b of [2, 4, 5]", da, {6, 1, 3, 4});
  expect_shape("db for a of [6, 1, 3, 4], b of [2, 4, 5]", db, {2, 4, 5});
}

TEST(shape, dimensions_of_size_one_and_zero) {
  expect_shape("unbroadcast of [1, 1] to [1]", mine::unbroadcast(example({1, 1}), {1}), {1});
  expect_shape("unbroadcast of [0, 3] to [3]", mine::unbroadcast(example({0, 3}), {3}), {3});
  const auto [da, db] = mine::matmul_backward(example({0, 5}), example({0, 4}), example({4, 5}));
  expect_shape("da for a of [0, 4], b of [4, 5]", da, {0, 4});
  expect_shape("db for a of [0, 4], b of [4, 5]", db, {4, 5});
}

TEST(forward, sums_by_hand) {
  const Tensor dy = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, kFloat64);
  expect_close("unbroadcast of [[1, 2, 3], [4, 5, 6]] to [3]", mine::unbroadcast(dy, {3}),
               tensor({5.0, 7.0, 9.0}, kFloat64));
  expect_close("unbroadcast of [[1, 2, 3], [4, 5, 6]] to [2, 1]", mine::unbroadcast(dy, {2, 1}),
               tensor({{6.0}, {15.0}}, kFloat64));
  expect_close("unbroadcast of [[1, 2, 3], [4, 5, 6]] to []", mine::unbroadcast(dy, {}),
               tensor(21.0, kFloat64));
  expect_close("unbroadcast of [[1, 2, 3], [4, 5, 6]] to [2, 3]", mine::unbroadcast(dy, {2, 3}),
               dy);
}

TEST(forward, a_product_by_hand) {
  // y = 1 * 3 + 2 * 4, so da = 10 (3, 4) and db = 10 (1, 2)
  const auto [da, db] = mine::matmul_backward(
      tensor({{10.0}}, kFloat64), tensor({{1.0, 2.0}}, kFloat64), tensor({{3.0}, {4.0}}, kFloat64));
  expect_close("da for a = [1, 2], b = [3, 4], dy = 10", da, tensor({{30.0, 40.0}}, kFloat64));
  expect_close("db for a = [1, 2], b = [3, 4], dy = 10", db, tensor({{10.0}, {20.0}}, kFloat64));
}

TEST(gradient, of_a_bias) {
  const Tensor x = example({2, 4, 3}, 1);
  const Tensor bias = example({3}, 2);
  const auto sum = [&] { return x + bias; };
  const Tensor u = random_cotangent(sum());
  expect_right_gradient("bias", mine::unbroadcast(u, {3}), sum, bias, u);
}

TEST(gradient, of_a_factor_that_is_repeated) {
  const Tensor x = example({2, 4, 3}, 1);
  const Tensor factor = example({4, 1}, 2);
  const auto product = [&] { return x * factor; };
  const Tensor u = random_cotangent(product());
  expect_right_gradient("a factor of [4, 1]", mine::unbroadcast(u * x.detach(), {4, 1}), product,
                        factor, u);
}

TEST(gradient, of_square_matrices) {
  const Tensor a = example({3, 3}, 1);
  const Tensor b = example({3, 3}, 2);
  const auto product = [&] { return matmul(a, b); };
  const Tensor u = random_cotangent(product());
  const auto [da, db] = mine::matmul_backward(u, a.detach(), b.detach());
  expect_right_gradient("a", da, product, a, u,
                        {{"b must be transposed", matmul(u, b.detach())},
                         {"the factors are in the wrong order", matmul(b.detach().t(), u)}});
  expect_right_gradient("b", db, product, b, u,
                        {{"a must be transposed", matmul(a.detach(), u)},
                         {"the factors are in the wrong order", matmul(u, a.detach().t())}});
}

TEST(gradient, of_matrices) { expect_gradients_of_matmul({3, 4}, {4, 5}); }

TEST(gradient, of_batches) { expect_gradients_of_matmul({2, 3, 4}, {2, 4, 5}); }

TEST(gradient, of_batches_that_are_broadcast) {
  expect_gradients_of_matmul({3, 4}, {2, 4, 5});
  expect_gradients_of_matmul({5, 1, 3, 4}, {2, 4, 3});
}

TEST(invariants, each_side_gives_the_same_sum) {
  // y is linear in a and in b, so sum(da * a) = sum(dy * y) = sum(db * b)
  const Tensor a = example({2, 3, 4}, 1);
  const Tensor b = example({4, 5}, 2);
  const Tensor dy = example({2, 3, 5}, 3);
  const auto [da, db] = mine::matmul_backward(dy, a, b);
  expect_close("the sum of da * a", (da * a).sum(), (dy * matmul(a, b)).sum());
  expect_close("the sum of db * b", (db * b).sum(), (dy * matmul(a, b)).sum());
}

TEST(invariants, nothing_is_overwritten) {
  const Tensor dy = example({2, 3, 5}, 3);
  const Tensor a = example({2, 3, 4}, 1);
  const Tensor b = example({4, 5}, 2);
  mine::unbroadcast(dy, {3, 1});
  mine::matmul_backward(dy, a, b);
  expect_close("dy after both calls", dy, example({2, 3, 5}, 3));
  expect_close("a after both calls", a, example({2, 3, 4}, 1));
  expect_close("b after both calls", b, example({4, 5}, 2));
}

TEST(numerics, float32) {
  const auto single = [](const Tensor& x) { return x.to(kFloat32); };
  const Tensor dy = example({2, 3, 5}, 3);
  const Tensor a = example({2, 3, 4}, 1);
  const Tensor b = example({4, 5}, 2);
  const auto right = mine::matmul_backward(dy, a, b);
  const auto yours = mine::matmul_backward(single(dy), single(a), single(b));
  expect_close("da in float32", yours.da, single(right.da), {.rtol = 1e-5, .atol = 1e-5});
  expect_close("db in float32", yours.db, single(right.db), {.rtol = 1e-5, .atol = 1e-5});
}

}  // namespace
