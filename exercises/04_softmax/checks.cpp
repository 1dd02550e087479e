#include "exercises/checks.h"

#include "exercises/04_softmax/softmax.h"

using namespace gradus;

namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();
const Tensor x = example({3, 5, 6}).requires_grad_();

TEST(shape, keeps_the_shape_of_x) {
  expect_shape("softmax of [6]", mine::softmax(example({6})), {6});
  expect_shape("softmax of [3, 5, 6]", mine::softmax(x), {3, 5, 6});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("softmax of [1, 6]", mine::softmax(example({1, 6})), {1, 6});
  expect_shape("softmax of [5, 1, 6]", mine::softmax(example({5, 1, 6})), {5, 1, 6});
  expect_shape("softmax of [3, 1]", mine::softmax(example({3, 1})), {3, 1});
}

TEST(shape, no_rows) {
  expect_shape_without_rows("softmax of [0, 6]",
                            [] {
                              return mine::softmax(example({0, 6}));
                            },
                            {0, 6});
}

TEST(shape, a_single_number) {
  const Tensor y = mine::softmax(tensor(7.0, kFloat64));
  expect_shape("softmax of the number 7, which has no dimensions", y, {});
}

TEST(forward, one_to_three_to_six) {
  // exp(0) : exp(ln 3) : exp(ln 6) = 1 : 3 : 6
  const Tensor y = mine::softmax(tensor({0.0, std::log(3.0), std::log(6.0)}, kFloat64));
  expect_close("softmax of [0, ln 3, ln 6]", y, tensor({0.1, 0.3, 0.6}, kFloat64));
}

TEST(forward, every_row_by_itself) {
  const Tensor logits = x.detach();
  const Tensor e = exp(logits - logits.amax(-1, true));
  const std::string one_sum = "one sum for the whole tensor: each row needs its own";
  expect_close(
      "softmax", mine::softmax(x).detach(), softmax(logits, -1), {},
      {{"the weights of each column sum to one: the sum must go over the last dimension",
        softmax(logits, -2)},
       {"the sum goes over the first dimension, it must go over the last", softmax(logits, 0)},
       {one_sum, e / e.sum()},
       {one_sum, exp(logits) / exp(logits).sum()}});
}

TEST(forward, is_your_own) {
  expect_not_called(mine::softmax(x), {"softmax", "log_softmax", "logsumexp"});
}

TEST(gradient, of_x) {
  expect_right_gradients([] { return mine::softmax(x); }, {{"x", x}});
}

TEST(invariants, rows_sum_to_one) { expect_rows_sum_to_one(mine::softmax(x * 3), 1e-12); }

TEST(invariants, adding_a_number_changes_nothing) {
  expect_close("softmax of x + 7", mine::softmax(x + 7).detach(), mine::softmax(x).detach());
}

TEST(numerics, large_logits) {
  const Tensor y =
      mine::softmax(tensor({{1000.0, 1000.0, 0.0}, {-1000.0, -1000.0, -2000.0}}, kFloat64));
  expect_close("softmax of [1000, 1000, 0] and of [-1000, -1000, -2000]", y,
               tensor({{0.5, 0.5, 0.0}, {0.5, 0.5, 0.0}}, kFloat64), {},
               {{"one maximum for the whole tensor: subtract each row's own",
                 tensor({{0.5, 0.5, 0.0}, {nan, nan, nan}}, kFloat64)},
                {"exp of a large logit is infinite: subtract each row's maximum first",
                 tensor({{nan, nan, 0.0}, {nan, nan, nan}}, kFloat64)}});
}

TEST(numerics, masked_entries_get_nothing) {
  const double minus_infinity = -std::numeric_limits<double>::infinity();
  const Tensor y = mine::softmax(tensor({0.0, minus_infinity, 0.0}, kFloat64));
  expect_close("softmax of [0, -inf, 0]", y, tensor({0.5, 0.0, 0.5}, kFloat64));
}

TEST(numerics, the_gradient_of_large_logits_is_finite) {
  const Tensor large = (example({3, 6}, 2) * 1000).requires_grad_();
  (mine::softmax(large) * example({3, 6}, 3)).sum().backward();
  expect_finite("the gradient of logits around 1000", large.grad());
}

}  // namespace
