#include "exercises/checks.h"

#include "exercises/NN_NAME/NAME.h"

using namespace gradus;

namespace {

// Sizes that are all different, and neither 2 nor 4: so that a wrong factor can be told from a
// size.
const Tensor x = example({3, 5, 6}, 1), weight = example({6}, 2);

TEST(shape, keeps_the_shape_of_x) {
  expect_shape("NAME of [3, 5, 6]", mine::NAME(x, weight), {3, 5, 6});
}

TEST(forward, small_numbers) {
  const Tensor y = mine::NAME(tensor({2.0, 3.0}, kFloat64), tensor({10.0, 100.0}, kFloat64));
  expect_close("NAME of [2, 3] and [10, 100]", y, tensor({20.0, 300.0}, kFloat64));
}

TEST(gradient, of_x_and_weight) {
  expect_right_gradients([] { return mine::NAME(x, weight); }, {{"x", x}, {"weight", weight}});
}

TEST(invariants, depends_on_everything) {
  expect_depends_on([] { return mine::NAME(x, weight); }, {{"x", x}, {"weight", weight}});
}

TEST(invariants, rows_do_not_see_each_other) {
  expect_permutation_equivariant([](const Tensor& rows) { return mine::NAME(rows, weight); }, x);
}

}  // namespace
