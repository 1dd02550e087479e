#include "exercises/checks.h"

#include <complex>

#include "exercises/10_rope/rope.h"

using namespace gradus;

namespace {

const Tensor x = example({3, 5, 7, 6}, 1);  // (B, H, T, D)

/// The pairs as complex numbers, times e^(i angle).
Tensor turned(const Tensor& rows, int64_t start, double base) {
  const int64_t T = rows.size(-2);
  const int64_t D = rows.size(-1);
  const Tensor y = rows.detach().clone();
  double* pair = y.data_ptr<double>();
  for (int64_t row = 0; row < y.numel() / D; ++row)
    for (int64_t i = 0; i < D / 2; ++i) {
      const double angle = static_cast<double>(start + row % T) /
                           std::pow(base, 2.0 * static_cast<double>(i) / static_cast<double>(D));
      const std::complex<double> point =
          std::complex<double>(pair[0], pair[1]) * std::polar(1.0, angle);
      pair[0] = point.real();
      pair[1] = point.imag();
      pair += 2;
    }
  return y;
}

TEST(shape, keeps_the_shape_of_x) {
  expect_shape("rope of [3, 6]", mine::rope(example({3, 6})), {3, 6});
  expect_shape("rope of [3, 5, 7, 6]", mine::rope(x), {3, 5, 7, 6});
}

TEST(forward, position_0_is_not_rotated) {
  const Tensor row = tensor({{1.0, 2.0, 3.0, 4.0, 5.0, 6.0}}, kFloat64);
  expect_close("rope of one row at position 0", mine::rope(row), row, {},
               {{"the positions are counted from 1, they begin at 0", turned(row, 1, 10000)},
                {"the turned numbers must go back to their places, the two of a pair as neighbours",
                 tensor({{1.0, 3.0, 5.0, 2.0, 4.0, 6.0}}, kFloat64)}});
}

TEST(forward, position_1_rotates_the_first_pair_by_1) {
  const Tensor y = mine::rope(tensor({{7.0, 7.0}, {1.0, 0.0}}, kFloat64))[1];
  expect_close("row 1 of rope, which is [1, 0]", y,
               tensor({std::cos(1.0), std::sin(1.0)}, kFloat64));
}

TEST(forward, neighbours_are_pairs) {
  // base 1: every pair has the speed 1
  const double c = std::cos(1.0);
  const double s = std::sin(1.0);
  const Tensor y =
      mine::rope(tensor({{0.0, 0.0, 0.0, 0.0}, {1.0, 0.0, 0.0, 10.0}}, kFloat64), 0, 1)[1];
  expect_close("row 1 of rope with base 1, which is [1, 0, 0, 10]", y,
               tensor({c, s, -10 * s, 10 * c}, kFloat64), {},
               {{"the pairs are i and i + D/2, they must be neighbours, 2i and 2i + 1",
                 tensor({c, -10 * s, s, 10 * c}, kFloat64)},
                {"base is not used: it is 10000 here",
                 tensor({c, s, -10 * std::sin(0.01), 10 * std::cos(0.01)}, kFloat64)}});
}

TEST(forward, each_pair_has_its_speed) {
  // base 1000 and D = 6: the speeds are 1, 1/10, 1/100
  const Tensor rows =
      tensor({{0.0, 0.0, 0.0, 0.0, 0.0, 0.0}, {1.0, 0.0, 1.0, 0.0, 1.0, 0.0}}, kFloat64);
  expect_close("row 1 of rope with base 1000, which is [1, 0, 1, 0, 1, 0]",
               mine::rope(rows, 0, 1000)[1],
               tensor({std::cos(1.0), std::sin(1.0), std::cos(0.1), std::sin(0.1), std::cos(0.01),
                       std::sin(0.01)},
                      kFloat64));
}

TEST(forward, start_shifts_the_positions) {
  const Tensor row = tensor({{1.0, 0.0}}, kFloat64);
  expect_close("rope of the row [1, 0] with start 5", mine::rope(row, 5),
               tensor({{std::cos(5.0), std::sin(5.0)}}, kFloat64), {},
               {{"start is not added to the positions", row}});
}

TEST(forward, random_numbers) {
  expect_close("rope", mine::rope(x), turned(x, 0, 10000));
  expect_close("rope with start 11 and base 500", mine::rope(x, 11, 500), turned(x, 11, 500));
}

TEST(gradient, of_x) {
  const Tensor rows = example({3, 5, 6}, 2);
  expect_right_gradients([&] { return mine::rope(rows, 3, 100); }, {{"x", rows}});
}

TEST(invariants, lengths_do_not_change) {
  expect_close("the lengths of the rows", mine::rope(x, 40).norm(2, -1), x.norm(2, -1));
}

TEST(invariants, only_distances_matter) {
  const Tensor q = example({5, 7, 6}, 3);
  const Tensor k = example({5, 7, 6}, 4);
  const auto scores = [&](int64_t start) {
    return matmul(mine::rope(q, start), mine::rope(k, start).transpose(-2, -1));
  };
  expect_close("q k^T 23 positions further on", scores(23), scores(0));
}

TEST(invariants, pieces_give_the_same_result) {
  int64_t done = 0;
  const auto piece = [&done](const Tensor& part) {
    const Tensor y = mine::rope(part, done);
    done += part.size(-2);
    return y;
  };
  expect_cache_equal([](const Tensor& all) { return mine::rope(all); }, piece, x, -2, {3, 1, 1, 2});
}

TEST(numerics, float32_at_large_positions) {
  // an angle of 50,000 in float32 is only known to 0.004
  const Tensor y = mine::rope(x.detach().to(kFloat32), 50000);
  expect_close("rope in float32 with start 50000", y, turned(x, 50000, 10000).to(kFloat32),
               {.rtol = 1e-4, .atol = 1e-4});
}

}  // namespace
