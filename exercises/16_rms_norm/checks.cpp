#include "exercises/checks.h"

#include "exercises/16_rms_norm/rms_norm.h"

using namespace gradus;

namespace {

const Tensor x = example({2, 4, 6}, 1), weight = example({6}, 2);

TEST(shape, keeps_the_shape_of_x) {
  expect_shape("rms_norm of [6]", mine::rms_norm(example({6}), weight), {6});
  expect_shape("rms_norm of [2, 4, 6]", mine::rms_norm(x, weight), {2, 4, 6});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("rms_norm of [1, 6]", mine::rms_norm(example({1, 6}), weight), {1, 6});
  expect_shape("rms_norm of [5, 1, 6]", mine::rms_norm(example({5, 1, 6}), weight), {5, 1, 6});
  expect_shape("rms_norm of [3, 1], weight [1]",
               mine::rms_norm(example({3, 1}), ones({1}, kFloat64)), {3, 1});
}

TEST(shape, no_rows) {
  expect_shape("rms_norm of [0, 6]", mine::rms_norm(example({0, 6}), weight), {0, 6});
}

TEST(forward, three_and_four) {
  // mean(3^2, 4^2) = 12.5
  const Tensor row = tensor({3.0, 4.0}, kFloat64);
  const Tensor w = tensor({1.0, 10.0}, kFloat64);
  const double root = std::sqrt(12.5);
  expect_close(
      "rms_norm of [3, 4], weight [1, 10], eps 0", mine::rms_norm(row, w, 0), row / root * w, {},
      {{"the squares are added, they must be averaged", row / 5 * w},
       {"x is divided by the mean square, not by its root", row / 12.5 * w},
       {"the mean is subtracted from x: RMSNorm subtracts none", (row - 3.5) / root * w},
       {"the mean is subtracted from x: this is layer normalisation", (row - 3.5) / 0.5 * w},
       {"the variance takes the place of the mean square", row / 0.5 * w}});
}

TEST(forward, random_numbers) {
  const Tensor root_mean_square = x.norm(2, -1, /*keepdim=*/true) / std::sqrt(6.0);  // (2, 4, 1)
  expect_close("rms_norm with eps 0", mine::rms_norm(x, weight, 0), x / root_mean_square * weight,
               {},
               {{"one mean square for the whole tensor: each row needs its own",
                 x * rsqrt((x * x).mean()) * weight}});
}

TEST(forward, eps_is_added_under_the_root) {
  // mean(x^2) is 1e-4; with eps 3e-4 the root is 0.02
  const Tensor y = mine::rms_norm(full({6}, 0.01, kFloat64), weight, 3e-4);
  expect_close("rms_norm of [0.01, ...] with eps 3e-4", y, weight * 0.5, {},
               {{"eps is added to the root of the mean square, it must be added under the root",
                 weight * (0.01 / (0.01 + 3e-4))},
                {"eps is not added", weight}});
}

TEST(gradient, of_x_and_weight) {
  expect_right_gradients([] { return mine::rms_norm(x, weight, 1e-3); },
                         {{"x", x}, {"weight", weight}});
}

TEST(invariants, the_size_of_a_row_does_not_matter) {
  expect_close("rms_norm of 1000 x", mine::rms_norm(x * 1000, weight, 0),
               mine::rms_norm(x, weight, 0));
}

TEST(invariants, rows_do_not_see_each_other) {
  expect_permutation_equivariant([](const Tensor& rows) { return mine::rms_norm(rows, weight); },
                                 x);
}

TEST(numerics, a_row_of_zeros_stays_zero) {
  expect_close("rms_norm of zeros", mine::rms_norm(zeros({6}, kFloat64), weight),
               zeros({6}, kFloat64));
}

TEST(numerics, float32) {
  const Tensor y = mine::rms_norm(x.detach().to(kFloat32), weight.detach().to(kFloat32));
  expect_close("rms_norm in float32", y, mine::rms_norm(x, weight).detach().to(kFloat32),
               {.rtol = 1e-5, .atol = 1e-6});
}

}  // namespace
