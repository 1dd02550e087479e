#include "exercises/checks.h"

#include "exercises/17_swiglu/swiglu.h"

using namespace gradus;

namespace {

const Tensor x = example({3, 6, 5}, 1);
const Tensor w1 = example({7, 5}, 2), w2 = example({5, 7}, 3), w3 = example({7, 5}, 4);

TEST(shape, is_that_of_x) {
  expect_shape("swiglu of [5]", mine::swiglu(example({5}), w1, w2, w3), {5});
  expect_shape("swiglu of [3, 6, 5]", mine::swiglu(x, w1, w2, w3), {3, 6, 5});
}

TEST(shape, dimensions_of_size_one) {
  const Tensor one = ones({1, 1}, kFloat64);
  expect_shape("swiglu of [1, 5]", mine::swiglu(example({1, 5}), w1, w2, w3), {1, 5});
  expect_shape("swiglu of [6, 1, 5]", mine::swiglu(example({6, 1, 5}), w1, w2, w3), {6, 1, 5});
  expect_shape("swiglu of [3, 1], all weights [1, 1]", mine::swiglu(example({3, 1}), one, one, one),
               {3, 1});
}

TEST(shape, no_rows) {
  expect_shape("swiglu of [0, 5]", mine::swiglu(example({0, 5}), w1, w2, w3), {0, 5});
}

TEST(forward, one_number_through_each_weight) {
  // W1 x = ln 3, whose sigmoid is 3/4; W3 x = 8
  const double ln3 = std::log(3.0);
  const Tensor y = mine::swiglu(tensor({ln3, 8.0}, kFloat64), tensor({{1.0, 0.0}}, kFloat64),
                                tensor({{10.0}, {-1.0}}, kFloat64), tensor({{0.0, 1.0}}, kFloat64));
  const auto with_hidden = [](double hidden) { return tensor({10 * hidden, -hidden}, kFloat64); };
  const auto silu_of = [](double number) { return silu(tensor(number, kFloat64)).item<double>(); };
  expect_close(
      "swiglu of [ln 3, 8], w1 [[1, 0]], w3 [[0, 1]], w2 [[10], [-1]]", y, with_hidden(6 * ln3), {},
      {{"the gate is sigmoid(W1 x), it must be silu(W1 x)", with_hidden(6)},
       {"the gate is gelu(W1 x), it must be silu(W1 x)",
        with_hidden(8 * gelu(tensor(ln3, kFloat64)).item<double>())},
       {"silu is applied to W3 x, it must be applied to W1 x", with_hidden(ln3 * silu_of(8))},
       {"silu is applied to the product, it must be applied to W1 x",
        with_hidden(silu_of(8 * ln3))},
       {"the branches are added, they must be multiplied", with_hidden(silu_of(ln3) + 8)},
       {"silu is missing", with_hidden(8 * ln3)}});
}

TEST(forward, random_numbers) {
  const Tensor up = (x.unsqueeze(-2) * w1).sum(-1);                            // (3, 6, 7)
  const Tensor hidden = up / (exp(-up) + 1) * (x.unsqueeze(-2) * w3).sum(-1);  // (3, 6, 7)
  expect_close("swiglu", mine::swiglu(x, w1, w2, w3), (hidden.unsqueeze(-2) * w2).sum(-1));
}

TEST(gradient, of_x_and_the_weights) {
  expect_right_gradients([] { return mine::swiglu(x, w1, w2, w3); },
                         {{"x", x}, {"w1", w1}, {"w2", w2}, {"w3", w3}});
}

TEST(invariants, w3_only_scales) {
  expect_close("swiglu with 3 w3", mine::swiglu(x, w1, w2, w3 * 3),
               mine::swiglu(x, w1, w2, w3) * 3);
}

TEST(invariants, rows_do_not_see_each_other) {
  expect_permutation_equivariant([](const Tensor& rows) { return mine::swiglu(rows, w1, w2, w3); },
                                 x);
}

TEST(numerics, far_from_zero) {
  // sigmoid(1000) is 1 and sigmoid(-1000) is 0, to all digits
  const Tensor one = ones({1, 1}, kFloat64);
  const Tensor y = mine::swiglu(tensor({{1000.0}, {-1000.0}}, kFloat64), one, one, one);
  expect_close("swiglu of 1000 and -1000 with weights of 1", y, tensor({{1e6}, {0.0}}, kFloat64));
}

TEST(numerics, gradient_far_from_zero) {
  const Tensor far = tensor({{1000.0}, {-1000.0}}, kFloat64).requires_grad_();
  const Tensor one = ones({1, 1}, kFloat64);
  mine::swiglu(far, one, one, one).sum().backward();
  expect_close("the gradient of x at 1000 and -1000", far.grad(),
               tensor({{2000.0}, {0.0}}, kFloat64));
}

TEST(numerics, float32) {
  const auto single = [](const Tensor& t) { return t.detach().to(kFloat32); };
  const Tensor y = mine::swiglu(single(x), single(w1), single(w2), single(w3));
  expect_close("swiglu in float32", y, single(mine::swiglu(x, w1, w2, w3)),
               {.rtol = 1e-4, .atol = 1e-4});
}

}  // namespace
