#include <cmath>
#include <limits>
#include <vector>

#include "tensor/kernels/index.h"
#include "tests/kernels_support.h"

namespace gradus::kernels {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Index, GatherAndScatterAddRows) {
  const std::vector<double> x = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};  // (2, 3, 2)
  const std::vector<int64_t> ids = {2, 0, 2, 2};
  std::vector<double> y(16);
  gather_rows(y.data(), x.data(), ids.data(), 2, 3, 4, 2);
  EXPECT_EQ(y, (std::vector<double>{4, 5, 0, 1, 4, 5, 4, 5, 10, 11, 6, 7, 10, 11, 10, 11}));
  std::vector<double> sums(12, 1);
  scatter_add_rows(sums.data(), y.data(), ids.data(), 2, 3, 4, 2);
  EXPECT_EQ(sums, (std::vector<double>{1, 2, 1, 1, 13, 16, 7, 8, 1, 1, 31, 34}));
  gather_rows<double>(nullptr, x.data(), nullptr, 2, 3, 0, 2);
  const auto many = numbers(3000 * 97);
  std::vector<int64_t> places(3000);
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = static_cast<int64_t>(i * i % 11);
  for_all_thread_counts([&] {
    std::vector<float> out(11 * 97);
    scatter_add_rows(out.data(), many.data(), places.data(), 1, 11, 3000, 97);
    return out;
  });
}

TEST(Index, TopkIsSortedStableAndPutsNanFirst) {
  const double x[] = {1, kNan, 3, 3, -kInf, kNan, 3, kInf};
  double values[8];
  int64_t places[8];
  topk(values, places, x, 1, 8, 1, 6, true);
  EXPECT_EQ(std::vector<int64_t>(places, places + 6), (std::vector<int64_t>{1, 5, 7, 2, 3, 6}));
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[3], 3);
  topk(values, places, x, 1, 8, 1, 8, false);
  EXPECT_EQ(std::vector<int64_t>(places, places + 8),
            (std::vector<int64_t>{4, 0, 2, 3, 6, 7, 1, 5}));
  topk(values, places, x, 1, 4, 2, 1, false);  // columns 1 3 -inf 3 and NaN 3 NaN inf
  EXPECT_EQ(places[0], 2);
  EXPECT_EQ(places[1], 1);
  topk(values, places, x, 2, 4, 1, 0, true);
  topk<double>(nullptr, nullptr, x, 0, 4, 1, 2, true);
  const auto many = numbers(70 * 500);
  for_all_thread_counts([&] {
    std::vector<float> out(70 * 9);
    std::vector<int64_t> where(70 * 9);
    topk(out.data(), where.data(), many.data(), 10, 500, 7, 9, true);
    return out;
  });
}

}  // namespace
}  // namespace gradus::kernels
