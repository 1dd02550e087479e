#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tensor/kernels/index.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::kernels_index_test {
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

TEST(Index, TheLastOfSeveralRowsIsWritten) {
  std::vector<double> x(12, -1);                                         // (2, 3, 2)
  const std::vector<double> y = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};  // (2, 3, 2)
  const std::vector<int64_t> ids = {2, 0, 2};
  put_rows(x.data(), y.data(), ids.data(), 2, 3, 3, 2, false);
  EXPECT_EQ(x, (std::vector<double>{2, 3, -1, -1, 4, 5, 8, 9, -1, -1, 10, 11}));
  const auto many = numbers(3000 * 301);
  std::vector<int64_t> repeated(3000);
  std::vector<int64_t> distinct(3000);
  for (size_t i = 0; i < repeated.size(); ++i) {
    repeated[i] = static_cast<int64_t>(i * i % 11);
    distinct[i] = static_cast<int64_t>(i * 7 % 3001);
  }
  std::vector<float> expected(11 * 301);
  for (size_t i = 0; i < repeated.size(); ++i)
    std::copy_n(many.begin() + static_cast<int64_t>(i) * 301, 301,
                expected.begin() + repeated[i] * 301);
  for_all_thread_counts([&] {
    std::vector<float> out(11 * 301);
    put_rows(out.data(), many.data(), repeated.data(), 1, 11, 3000, 301, false);
    EXPECT_EQ(out, expected);
    return out;
  });
  for_all_thread_counts([&] {
    std::vector<float> written(3001 * 301);
    std::vector<float> added(3001 * 301);
    put_rows(written.data(), many.data(), distinct.data(), 1, 3001, 3000, 301, true);
    scatter_add_rows(added.data(), many.data(), distinct.data(), 1, 3001, 3000, 301, true);
    EXPECT_EQ(written, added);
    return added;
  });
}

TEST(Index, PositionsOfTrueElements) {
  for (const int64_t n : {0, 1, 7, 8, 9, 1000, 1 << 14, (1 << 14) + 1, 200'003}) {
    const auto mask = std::make_unique<bool[]>(static_cast<size_t>(n));
    std::vector<int64_t> expected;
    for (int64_t i = 0; i < n; ++i) {
      mask[static_cast<size_t>(i)] = i * i % 7 < 3 || (i > 40'000 && i < 80'000);
      if (mask[static_cast<size_t>(i)]) expected.push_back(i);
    }
    for_all_thread_counts([&] {
      const std::vector<int64_t> counts = count_true(mask.get(), n);
      std::vector<int64_t> positions(static_cast<size_t>(counts.back()));
      find_true(positions.data(), mask.get(), n, counts);
      EXPECT_EQ(positions, expected);
      return positions;
    });
  }
}

TEST(Index, NumbersOfEntries) {
  const std::vector<int64_t> sizes = {2, 3, 4};
  const std::vector<int64_t> strides = {1, 20, 100};
  const std::vector<int64_t> entries = {0, 5, 23};
  std::vector<int64_t> indices(9);
  unravel(indices.data(), entries.data(), 3, {3, sizes.data(), nullptr});
  EXPECT_EQ(indices, (std::vector<int64_t>{0, 0, 0, 0, 1, 1, 1, 2, 3}));
  std::vector<int64_t> offsets(3);
  offsets_of(offsets.data(), entries.data(), 3, {3, sizes.data(), strides.data()});
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 120, 341}));
  const std::vector<int64_t> first = {1, -2, 0};
  const std::vector<int64_t> second = {2, -1, -3};
  append_ids(offsets.data(), first.data(), 2, true, StridedLoop<2>(3, 1));
  append_ids(offsets.data(), second.data(), 3, false, StridedLoop<2>(3, 1));
  EXPECT_EQ(offsets, (std::vector<int64_t>{5, 2, 0}));
  EXPECT_EQ(find_outside_wrapped(second.data(), 3, 3), 3);
  EXPECT_EQ(find_outside_wrapped(second.data(), 3, 2), 0);
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
}  // namespace gradus::kernels::kernels_index_test
