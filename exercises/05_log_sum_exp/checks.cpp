#include "exercises/checks.h"

#include "exercises/05_log_sum_exp/log_sum_exp.h"

using namespace gradus;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
const Tensor x = example({3, 5, 6}).requires_grad_();

TEST(shape, the_last_dimension_is_gone) {
  expect_shape("log_sum_exp of [6]", mine::log_sum_exp(example({6})), Shape{});
  expect_shape("log_sum_exp of [3, 5, 6]", mine::log_sum_exp(x), {3, 5});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("log_sum_exp of [1, 6]", mine::log_sum_exp(example({1, 6})), {1});
  expect_shape("log_sum_exp of [5, 1, 6]", mine::log_sum_exp(example({5, 1, 6})), {5, 1});
  expect_shape("log_sum_exp of [3, 1]", mine::log_sum_exp(example({3, 1})), {3});
}

TEST(shape, no_rows) {
  expect_shape_without_rows("log_sum_exp of [0, 6]",
                            [] {
                              return mine::log_sum_exp(example({0, 6}));
                            },
                            {0});
}

TEST(shape, a_single_number) {
  const Tensor y = mine::log_sum_exp(tensor(7.0, kFloat64));
  expect_shape("log_sum_exp of the number 7, which has no dimensions", y, {});
}

TEST(forward, of_logarithms) {
  // exp(ln 1) + exp(ln 2) + exp(ln 5) = 8
  const Tensor y = mine::log_sum_exp(tensor({0.0, std::log(2.0), std::log(5.0)}, kFloat64));
  expect_close("log_sum_exp of [ln 1, ln 2, ln 5]", y, tensor(std::log(8.0), kFloat64), {},
               {{"the maximum that was subtracted must be added again after the logarithm",
                 tensor(std::log(8.0 / 5), kFloat64)},
                {"a mean instead of the sum", tensor(std::log(8.0 / 3), kFloat64)}});
}

TEST(forward, every_row_by_itself) {
  expect_close("log_sum_exp", mine::log_sum_exp(x).detach(), logsumexp(x.detach(), -1));
}

TEST(forward, is_your_own) {
  expect_not_called(mine::log_sum_exp(x), {"softmax", "log_softmax", "logsumexp"});
}

TEST(gradient, of_x) {
  expect_right_gradients([] { return mine::log_sum_exp(x); }, {{"x", x}});
}

TEST(invariants, adding_a_number_adds_it_to_the_result) {
  expect_close("log_sum_exp of x + 7", mine::log_sum_exp(x + 7).detach(),
               mine::log_sum_exp(x).detach() + 7);
}

TEST(invariants, x_minus_it_is_the_logarithm_of_softmax) {
  expect_close("x - log_sum_exp(x)", (x - mine::log_sum_exp(x).unsqueeze(-1)).detach(),
               log(softmax(x.detach(), -1)));
}

TEST(numerics, large_numbers) {
  const Tensor y = mine::log_sum_exp(tensor({{1000.0, 1000.0}, {-1000.0, -1000.0}}, kFloat64));
  expect_close("log_sum_exp of [1000, 1000] and of [-1000, -1000]", y,
               tensor({1000 + std::log(2.0), -1000 + std::log(2.0)}, kFloat64), {},
               {{"one maximum for the whole tensor: subtract each row's own",
                 tensor({1000 + std::log(2.0), -infinity}, kFloat64)},
                {"exp of 1000 is infinite and exp of -1000 is 0: subtract each row's maximum first",
                 tensor({infinity, -infinity}, kFloat64)}});
}

TEST(numerics, minus_infinity_adds_nothing) {
  expect_close("log_sum_exp of [3, -inf]", mine::log_sum_exp(tensor({3.0, -infinity}, kFloat64)),
               tensor(3.0, kFloat64));
}

TEST(numerics, a_row_of_minus_infinity) {
  const Tensor y = mine::log_sum_exp(tensor({{-infinity, -infinity}, {0.0, 0.0}}, kFloat64));
  expect_close("log_sum_exp of [-inf, -inf] and of [0, 0]", y,
               tensor({-infinity, std::log(2.0)}, kFloat64));
}

}  // namespace
