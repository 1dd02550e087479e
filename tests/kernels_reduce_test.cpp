#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tensor/kernels/reduce.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::kernels_reduce_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Reduce, SumEqualsItsReference) {
  const int64_t shapes[][3] = {{1, 1, 1},  {2, 3, 4},       {1, 1000, 1}, {3, 129, 67},
                               {5, 64, 1}, {1, 200'000, 3}, {2, 0, 3},    {3, 70'001, 1}};
  for (const auto& [outer, size, inner] : shapes) {
    const auto x = numbers(outer * size * inner);
    std::vector<double> expected(static_cast<size_t>(outer * inner));
    sum_reference(expected.data(), in_double(x).data(), outer, size, inner);
    const auto y = for_all_thread_counts([&, A = outer, R = size, C = inner] {
      std::vector<float> out(static_cast<size_t>(A * C), 9);
      sum(out.data(), x.data(), A, R, C);
      return out;
    });
    expect_near(y, expected, 1e-4);
  }
}

TEST(Reduce, AnyAndAllEqualPlainLoops) {
  const int64_t shapes[][3] = {{1, 1, 1},  {2, 3, 4},  {1, 1000, 1}, {3, 29, 67},
                               {5, 64, 1}, {1, 90, 8}, {2, 0, 3},    {300, 401, 1}};
  for (const auto& [outer, size, inner] : shapes) {
    for (const float border : {-0.99f, 0.f, 0.99f}) {
      const auto from = numbers(outer * size * inner);
      const auto x = std::make_unique<bool[]>(from.size() + 1);
      std::transform(from.begin(), from.end(), x.get(), [=](float f) { return f > border; });
      const auto results = static_cast<size_t>(outer * inner);
      const auto one = std::make_unique<bool[]>(results);
      const auto each = std::make_unique<bool[]>(results);
      any(one.get(), x.get(), outer, size, inner);
      all(each.get(), x.get(), outer, size, inner);
      for (int64_t i = 0; i < outer * inner; ++i) {
        int64_t count = 0;
        for (int64_t r = 0; r < size; ++r)
          count += x[static_cast<size_t>((i / inner * size + r) * inner + i % inner)] ? 1 : 0;
        ASSERT_EQ(one[static_cast<size_t>(i)], count > 0) << i;
        ASSERT_EQ(each[static_cast<size_t>(i)], count == size) << i;
      }
    }
  }
}

// Each column has a center of its own, also beyond the first kSumColumns columns.
TEST(Reduce, SquaredDifferencesFromACenterPerColumn) {
  const int64_t shapes[][3] = {{1, 1, 1},    {2, 3, 4},       {1, 1000, 1},  {3, 129, 67},
                               {2, 50, 200}, {1, 140'000, 3}, {1, 70'000, 1}};
  for (const auto& [outer, size, inner] : shapes) {
    const auto x = numbers(outer * size * inner);
    std::vector<double> center(static_cast<size_t>(inner));
    for (size_t c = 0; c < center.size(); ++c)
      center[c] = 0.01 * static_cast<double>(c) - 0.3;
    std::vector<double> squares(x.size());
    for (size_t i = 0; i < x.size(); ++i)
      squares[i] = std::pow(static_cast<double>(x[i]) - center[i % center.size()], 2);
    std::vector<double> expected(static_cast<size_t>(outer * inner));
    sum_reference(expected.data(), squares.data(), outer, size, inner);
    const auto y = for_all_thread_counts([&, A = outer, R = size, C = inner] {
      std::vector<double> out(static_cast<size_t>(A * C), 9);
      sum_of_squared_differences(out.data(), x.data(), center.data(), A, R, C);
      return out;
    });
    expect_near(y, expected, 1e-7);
  }
}

TEST(Reduce, LargeSumsKeepEveryOne) {
  const int64_t n = 100'000'000;
  const std::vector<float> ones(static_cast<size_t>(n), 1);
  float y[2];
  sum(y, ones.data(), 1, n, 1);
  EXPECT_EQ(y[0], 1e8f);
  sum(y, ones.data(), 1, n / 2, 2);
  EXPECT_EQ(y[1], 5e7f);
  std::vector<double> tenths(10'000'000, 0.1);
  double total = 0;
  sum(&total, tenths.data(), 1, 10'000'000, 1);
  EXPECT_NEAR(total, 1e6, 1e-8);
}

TEST(Reduce, IntegersWrapAndBoolsAreCounted) {
  const int64_t x[] = {std::numeric_limits<int64_t>::max(), 1, 5};
  int64_t y = 0;
  sum(&y, x, 1, 2, 1);
  EXPECT_EQ(y, std::numeric_limits<int64_t>::min());
  int64_t running[3];
  cumsum(running, x, 1, 3, 1);
  EXPECT_EQ(running[2], std::numeric_limits<int64_t>::min() + 5);
  const bool flags[] = {true, false, true, true};
  int64_t counts[2];
  sum(counts, flags, 1, 2, 2);
  EXPECT_EQ(counts[0], 2);
  EXPECT_EQ(counts[1], 1);
}

TEST(Reduce, MaxAndMinTakeTheFirstOfEqualsAndNan) {
  const double x[] = {1, 3, 3, 2, 5, kNan, 7, kNan, -kInf, -kInf, -kInf, -kInf};
  double y[3];
  int64_t index[3];
  extreme(y, index, x, 3, 4, 1, true);
  EXPECT_EQ(y[0], 3);
  EXPECT_EQ(index[0], 1);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(index[1], 1);
  EXPECT_EQ(y[2], -kInf);
  EXPECT_EQ(index[2], 0);
  extreme(y, index, x, 3, 4, 1, false);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(index[0], 0);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(index[1], 1);
  double columns[4];
  extreme<double>(columns, nullptr, x, 1, 2, 4, true);
  EXPECT_EQ(columns[0], 5);
  EXPECT_TRUE(std::isnan(columns[1]));
  const bool flags[] = {false, true, true};
  bool flag = false;
  extreme(&flag, index, flags, 1, 3, 1, true);
  EXPECT_TRUE(flag);
  EXPECT_EQ(index[0], 1);
  const auto many = numbers(3 * 50 * 333);
  for_all_thread_counts([&] {
    std::vector<float> out(999);
    extreme<float>(out.data(), nullptr, many.data(), 3, 50, 333, true);
    return out;
  });
}

TEST(Reduce, CumsumRunsAlongTheMiddle) {
  const double x[] = {1, 2, 3, 4, 5, 6};
  double y[6];
  cumsum(y, x, 1, 3, 2);
  EXPECT_EQ(std::vector<double>(y, y + 6), (std::vector<double>{1, 2, 4, 6, 9, 12}));
  const std::vector<float> ones(1 << 25, 1);
  std::vector<float> running(ones.size());
  cumsum(running.data(), ones.data(), 1, 1 << 25, 1);
  EXPECT_EQ(running.back(), static_cast<float>(1 << 25));
}

TEST(Reduce, MeanAndM2EqualTheirReference) {
  const int64_t shapes[][3] = {{1, 1, 1}, {2, 3, 4}, {1, 1000, 1}, {3, 129, 67}, {2, 50, 200}};
  for (const auto& [outer, size, inner] : shapes) {
    const auto x = numbers(outer * size * inner);
    const auto columns = static_cast<size_t>(outer * inner);
    std::vector<double> mean(columns);
    std::vector<double> m2(columns);
    mean_and_m2_reference(mean.data(), m2.data(), in_double(x).data(), outer, size, inner);
    const auto y = for_all_thread_counts([&, A = outer, R = size, C = inner] {
      std::vector<double> out(2 * columns, 9);
      mean_and_m2(out.data(), out.data() + columns, x.data(), A, R, C);
      return out;
    });
    mean.insert(mean.end(), m2.begin(), m2.end());
    expect_near(y, mean, 1e-4);
  }
}

TEST(Reduce, MeanAndM2AreStableFarFromZero) {
  const int64_t sizes[][2] = {{1000, 1}, {100, 70}};
  for (const auto& [R, C] : sizes) {
    auto x = numbers<double>(R * C);
    double mean_of_first = 0;
    double m2_of_first = 0;
    for (int64_t r = 0; r < R; ++r)
      mean_of_first += x[static_cast<size_t>(r * C)] / static_cast<double>(R);
    for (int64_t r = 0; r < R; ++r)
      m2_of_first += std::pow(x[static_cast<size_t>(r * C)] - mean_of_first, 2);
    for (double& value : x)
      value += 1e6;
    std::vector<double> mean(static_cast<size_t>(C));
    std::vector<double> m2(mean);
    mean_and_m2(mean.data(), m2.data(), x.data(), 1, R, C);
    EXPECT_NEAR(mean[0], 1e6 + mean_of_first, 1e-8);
    EXPECT_NEAR(m2[0], m2_of_first, 1e-6);
  }
  double mean = 0;
  double m2 = 0;
  mean_and_m2(&mean, &m2, &mean, 1, 0, 1);
  EXPECT_TRUE(std::isnan(mean));
}

TEST(Reduce, SumOfSquares) {
  const std::vector<float> ones(1 << 25, 1);
  EXPECT_EQ(sum_of_squares(ones.data(), 1 << 25), 1 << 25);
  EXPECT_EQ(sum_of_squares(ones.data(), 0), 0);
  const float large[] = {1e30f, 1e30f};
  EXPECT_NEAR(sum_of_squares(large, 2), 2e60, 1e54);
  const auto x = numbers(100'003);
  for_all_thread_counts([&] { return std::vector<double>{sum_of_squares(x.data(), 100'003)}; });
}

}  // namespace
}  // namespace gradus::kernels::kernels_reduce_test
