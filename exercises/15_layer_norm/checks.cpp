#include "exercises/checks.h"

#include "exercises/15_layer_norm/layer_norm.h"

using namespace gradus;

namespace {

const Tensor x = example({3, 5, 6}, 1), weight = example({6}, 2), bias = example({6}, 3),
             dy = example({3, 5, 6}, 4);

Tensor forward() { return mine::layer_norm(x, weight, bias, 1e-3); }
mine::LayerNormGradients backward(const Tensor& u) {
  return mine::layer_norm_backward(u, x.detach(), weight.detach(), 1e-3);
}

TEST(shape, keeps_the_shape_of_x) {
  expect_shape("layer_norm of [6]", mine::layer_norm(example({6}), weight, bias), {6});
  expect_shape("layer_norm of [3, 5, 6]", mine::layer_norm(x, weight, bias), {3, 5, 6});
}

TEST(shape, dimensions_of_size_one) {
  const Tensor one = ones({1}, kFloat64);
  expect_shape("layer_norm of [1, 6]", mine::layer_norm(example({1, 6}), weight, bias), {1, 6});
  expect_shape("layer_norm of [5, 1, 6]", mine::layer_norm(example({5, 1, 6}), weight, bias),
               {5, 1, 6});
  expect_shape("layer_norm of [3, 1], weight and bias [1]",
               mine::layer_norm(example({3, 1}), one, one), {3, 1});
}

TEST(shape, no_rows) {
  expect_shape("layer_norm of [0, 6]", mine::layer_norm(example({0, 6}), weight, bias), {0, 6});
}

TEST(forward, one_one_four) {
  // mean 2, so (-1, -1, 2); variance 6 / 3 = 2
  const Tensor row = tensor({1.0, 1.0, 4.0}, kFloat64);
  const Tensor centred = tensor({-1.0, -1.0, 2.0}, kFloat64);
  const Tensor w = tensor({1.0, 10.0, 1.0}, kFloat64);
  const Tensor b = tensor({0.0, 0.0, 100.0}, kFloat64);
  const double root = std::sqrt(2.0);
  expect_close("layer_norm of [1, 1, 4], weight [1, 10, 1], bias [0, 0, 100], eps 0",
               mine::layer_norm(row, w, b, 0), centred / root * w + b, {},
               {{"the variance is divided by C - 1 instead of C", centred / std::sqrt(3.0) * w + b},
                {"the variance is not divided by C", centred / std::sqrt(6.0) * w + b},
                {"x - mean is divided by the variance, not by its root", centred / 2 * w + b},
                {"the mean is not subtracted from x", row / root * w + b},
                {"the mean is not subtracted: this is RMSNorm", row / std::sqrt(6.0) * w + b},
                {"the bias is added before weight is multiplied", (centred / root + b) * w}});
}

TEST(forward, eps_is_added_under_the_root) {
  // the variance is 1e-4; with eps 3e-4 the root is 0.02
  const Tensor near = tensor({0.01, -0.01, 0.01, -0.01, 0.01, -0.01}, kFloat64);
  expect_close("layer_norm of [0.01, -0.01, ...] with eps 3e-4",
               mine::layer_norm(near, weight, bias, 3e-4), near * 50 * weight + bias, {},
               {{"eps is added to the root of the variance, it must be added under the root",
                 near / (0.01 + 3e-4) * weight + bias},
                {"eps is not added", near * 100 * weight + bias}});
}

TEST(forward, random_numbers) {
  const Tensor of_all = (x - x.mean()) * rsqrt(x.var(/*unbiased=*/false) + 1e-5);
  const Tensor of_columns = (x - x.mean(-2, true)) * rsqrt(x.var(-2, false, true) + 1e-5);
  expect_close("layer_norm", mine::layer_norm(x, weight, bias),
               gradus::layer_norm(x, {6}, weight, bias), {},
               {{"one mean and one variance for the whole tensor: each row needs its own",
                 of_all * weight + bias},
                {"one mean for the whole tensor: each row needs its own",
                 (x - x.mean()) * rsqrt(x.var(-1, false, true) + 1e-5) * weight + bias},
                {"mean and variance go over dimension -2, they must go over the last",
                 of_columns * weight + bias}});
}

TEST(forward, written_by_hand) {
  expect_not_called(mine::layer_norm(x.detach().requires_grad_(), weight, bias), {"layer_norm"});
}

TEST(gradient, shapes) {
  const auto [dx, dweight, dbias] = backward(dy);
  expect_shape("dx for x of [3, 5, 6]", dx, {3, 5, 6});
  expect_shape("dweight for x of [3, 5, 6]", dweight, {6});
  expect_shape("dbias for x of [3, 5, 6]", dbias, {6});
  const auto of_one_row = mine::layer_norm_backward(example({6}, 4), example({6}), weight.detach());
  expect_shape("dx for x of [6]", of_one_row.dx, {6});
  expect_shape("dweight for x of [6]", of_one_row.dweight, {6});
  expect_shape("dbias for x of [6]", of_one_row.dbias, {6});
}

TEST(gradient, shapes_of_size_one_and_zero) {
  for (const Shape& sizes : {Shape{1, 6}, Shape{5, 1, 6}, Shape{0, 6}}) {
    const auto of = mine::layer_norm_backward(example(sizes, 4), example(sizes), weight.detach());
    expect_shape(fmt::format("dx for x of {}", sizes), of.dx, sizes);
    expect_shape(fmt::format("dweight for x of {}", sizes), of.dweight, {6});
    expect_shape(fmt::format("dbias for x of {}", sizes), of.dbias, {6});
  }
}

TEST(gradient, of_bias) {
  const Tensor u = random_cotangent(x);
  expect_right_gradient("bias", backward(u).dbias, forward, bias, u,
                        {{"the rows are averaged; they must be added", sum_to(u, {6}) / 15}});
}

TEST(gradient, of_weight) {
  const Tensor u = random_cotangent(x);
  expect_right_gradient("weight", backward(u).dweight, forward, weight, u,
                        {{"dy is multiplied by x; it must be multiplied by the normalised n",
                          sum_to(u * x.detach(), {6})}});
}

TEST(gradient, of_x) {
  const Tensor u = random_cotangent(x);
  const Tensor centred = x.detach() - x.detach().mean(-1, true);
  const Tensor rstd = rsqrt((centred * centred).mean(-1, true) + 1e-3);
  const Tensor n = centred * rstd;
  const Tensor without_weight = rstd * (u - u.mean(-1, true) - n * (u * n).mean(-1, true));
  expect_right_gradient("x", backward(u).dx, forward, x, u,
                        {{"weight is missing: the gradient of n is dy * weight", without_weight}});
}

TEST(gradient, worked_out_by_hand) {
  const auto newest_node = [] { return autograd::node_id(ones({1}).requires_grad_()); };
  const uint64_t before = newest_node();
  backward(dy);
  check(newest_node() == before + 1,
        "layer_norm_backward lets the library differentiate: write the gradient yourself");
}

TEST(invariants, rows_do_not_see_each_other) {
  expect_permutation_equivariant(
      [](const Tensor& rows) { return mine::layer_norm(rows, weight, bias); }, x);
}

TEST(invariants, scale_and_shift_of_a_row_do_not_matter) {
  expect_close("layer_norm of 1000 x + 7", mine::layer_norm(x * 1000 + 7, weight, bias, 0),
               mine::layer_norm(x, weight, bias, 0));
}

TEST(numerics, a_row_of_equal_numbers_becomes_the_bias) {
  const Tensor row = full({6}, 0.1, kFloat64);
  expect_close("layer_norm of [0.1, 0.1, ...]", mine::layer_norm(row, weight, bias), bias.detach());
  expect_finite("dx of [0.1, 0.1, ...]",
                mine::layer_norm_backward(example({6}, 4), row, weight.detach()).dx);
}

TEST(numerics, float32_far_from_zero) {
  const Tensor far = (x.detach() + 1000).to(kFloat32);
  const Tensor y = mine::layer_norm(far, weight.detach().to(kFloat32), bias.detach().to(kFloat32));
  expect_close(
      "layer_norm of x + 1000 in float32", y,
      gradus::layer_norm(far.to(kFloat64), {6}, weight.detach(), bias.detach()).to(kFloat32),
      {.rtol = 1e-3, .atol = 1e-3});
}

}  // namespace
