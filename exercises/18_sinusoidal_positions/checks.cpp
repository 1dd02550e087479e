#include "exercises/checks.h"

#include "exercises/18_sinusoidal_positions/sinusoidal_positions.h"

using namespace gradus;

namespace {

/// The number in one place of the table, by the formula.
double number(int64_t position, int64_t column, int64_t C) {
  const int64_t pair_index = column / 2;
  const auto pair = static_cast<double>(pair_index);
  const double angle =
      static_cast<double>(position) / std::pow(10000.0, 2 * pair / static_cast<double>(C));
  return column % 2 == 0 ? std::sin(angle) : std::cos(angle);
}

Tensor table(int64_t T, int64_t C, int64_t start = 0) {
  const Tensor result = empty({T, C}, kFloat64);
  for (int64_t t = 0; t < T; ++t)
    for (int64_t c = 0; c < C; ++c)
      result.data_ptr<double>()[t * C + c] = number(start + t, c, C);
  return result;
}

TEST(shape, of_the_table) {
  expect_shape("sinusoidal_positions(5, 8)", mine::sinusoidal_positions(5, 8), {5, 8});
  check(mine::sinusoidal_positions(5, 8).dtype() == kFloat64, "the table must be float64");
}

TEST(shape, of_the_sum) {
  expect_shape("add_positions of [2, 5, 8]", mine::add_positions(example({2, 5, 8})), {2, 5, 8});
  expect_shape("add_positions of [5, 8]", mine::add_positions(example({5, 8})), {5, 8});
}

TEST(shape, dimensions_of_size_one_and_zero) {
  expect_shape("sinusoidal_positions(1, 2)", mine::sinusoidal_positions(1, 2), {1, 2});
  expect_shape("sinusoidal_positions(0, 4)", mine::sinusoidal_positions(0, 4), {0, 4});
  expect_shape("add_positions of [0, 5, 8]", mine::add_positions(example({0, 5, 8})), {0, 5, 8});
  expect_shape("add_positions of [1, 1, 2]", mine::add_positions(example({1, 1, 2})), {1, 1, 2});
}

TEST(forward, position_zero) {
  expect_close(
      "the row of position 0", mine::sinusoidal_positions(1, 6),
      tensor({{0.0, 1.0, 0.0, 1.0, 0.0, 1.0}}, kFloat64), {},
      {{"the positions are counted from 1, they begin at 0", table(1, 6, 1)},
       {"sine and cosine are exchanged", tensor({{1.0, 0.0, 1.0, 0.0, 1.0, 0.0}}, kFloat64)},
       {"all sines come first: sine and cosine of a pair must be neighbours",
        tensor({{0.0, 0.0, 0.0, 1.0, 1.0, 1.0}}, kFloat64)}});
}

TEST(forward, two_columns) {
  // C = 2 has one pair, with the angle p
  expect_close("sinusoidal_positions(3, 2)", mine::sinusoidal_positions(3, 2),
               tensor({{0.0, 1.0}, {std::sin(1.0), std::cos(1.0)}, {std::sin(2.0), std::cos(2.0)}},
                      kFloat64));
}

TEST(forward, four_columns) {
  // C = 4 has the angles p and p / 100
  const auto with_speed = [](double speed) {
    return tensor({std::sin(3.0), std::cos(3.0), std::sin(3 * speed), std::cos(3 * speed)},
                  kFloat64);
  };
  expect_close("row 3 of sinusoidal_positions(4, 4)", mine::sinusoidal_positions(4, 4)[3],
               with_speed(0.01), {},
               {{"the base is 1000, it must be 10000", with_speed(std::pow(1000.0, -0.5))},
                {"the exponent is i / C, it must be 2i / C", with_speed(0.1)}});
}

TEST(forward, many_numbers) {
  expect_close("sinusoidal_positions(50, 24)", mine::sinusoidal_positions(50, 24), table(50, 24));
}

TEST(forward, from_a_later_position) {
  expect_close("sinusoidal_positions(4, 6, 10)", mine::sinusoidal_positions(4, 6, 10),
               table(4, 6, 10), {}, {{"start is not added to the positions", table(4, 6)}});
}

TEST(forward, the_sum) {
  const Tensor x = example({2, 5, 8});
  expect_close("add_positions of [2, 5, 8]", mine::add_positions(x), x + table(5, 8));
  expect_close("add_positions of [2, 5, 8] from 7", mine::add_positions(x, 7), x + table(5, 8, 7),
               {}, {{"start is not added to the positions", x + table(5, 8)}});
  expect_close("x after add_positions", x, example({2, 5, 8}));
}

TEST(gradient, of_x) {
  const Tensor x = example({2, 5, 8});
  expect_right_gradients([&x] { return mine::add_positions(x, 3); }, {{"x", x}});
}

TEST(gradient, none_of_the_table) {
  check(!mine::sinusoidal_positions(3, 4).requires_grad(), "the table must not be learned");
}

TEST(invariants, products_depend_on_the_distance_only) {
  const Tensor rows = mine::sinusoidal_positions(12, 16);
  const Tensor products = matmul(rows, rows.t());
  for (int64_t t = 0; t + 1 < 12; ++t)
    for (int64_t s = 0; s + 1 < 12; ++s)
      expect_close(fmt::format("the product of the rows {} and {}", t + 1, s + 1),
                   products[t + 1][s + 1], products[t][s], {.rtol = 1e-9, .atol = 1e-9});
}

TEST(invariants, a_text_in_pieces) {
  const Tensor x = example({2, 7, 8});
  const Tensor pieces =
      cat({mine::add_positions(x.narrow(1, 0, 3)), mine::add_positions(x.narrow(1, 3, 4), 3)}, 1);
  expect_close("add_positions of 3 tokens, then of 4 from position 3", pieces,
               mine::add_positions(x));
}

TEST(numerics, large_positions) {
  expect_close("sinusoidal_positions(2, 8, 10000000)", mine::sinusoidal_positions(2, 8, 10000000),
               table(2, 8, 10000000), {.rtol = 0, .atol = 1e-7});
}

TEST(numerics, float32) {
  const Tensor x = example({2, 5, 8}).to(kFloat32);
  expect_close("add_positions of float32 from 100000", mine::add_positions(x, 100000),
               x + table(5, 8, 100000).to(kFloat32), {.rtol = 1e-5, .atol = 1e-5});
}

}  // namespace
