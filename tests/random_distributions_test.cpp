// Integers, permutations, dropout masks and draws by weight against PyTorch, and the errors of
// wrong calls.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "tensor/error.h"
#include "tensor/random.h"
#include "tests/random_support.h"

namespace gradus::random_distributions_test {
namespace {

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Random, Integers) {
  EXPECT_EQ(draw<int64_t>(20, fill_randint, 0, 10),
            golden_data<int64_t>("99_generator", "randint_0_10_x20"));
  EXPECT_EQ(draw<int64_t>(1, fill_randint, -5, 95)[0], 2991312382 % 100 - 5);
  const uint64_t first = uint64_t{2991312382} << 32 | 3062119789;
  EXPECT_EQ(draw<int64_t>(1, fill_random)[0], static_cast<int64_t>(first & INT64_MAX));
  EXPECT_EQ(draw<int64_t>(1, fill_randint, 0, int64_t{1} << 40)[0],
            static_cast<int64_t>(first % (uint64_t{1} << 40)));
  EXPECT_EQ(draw<int64_t>(1, fill_randint, INT64_MIN, INT64_MAX)[0],
            static_cast<int64_t>(first + (uint64_t{1} << 63)));  // a range beyond 2^63
}

TEST(Random, Permutation) {
  const auto permutation = [](Generator& g, int64_t* out, int64_t n) { randperm(g, out, n); };
  EXPECT_EQ(draw<int64_t>(10, permutation), golden_data<int64_t>("99_generator", "randperm_10"));
  EXPECT_EQ(draw<int64_t>(9, permutation), (std::vector<int64_t>{4, 6, 2, 3, 0, 7, 1, 8, 5}));
  EXPECT_EQ(draw<int64_t>(1, permutation), std::vector<int64_t>{0});
}

TEST(Random, Bernoulli) {
  expect_long("99_generator", "bernoulli_0.9_1e5", draw<float>(100000, fill_bernoulli<float>, 0.9));
  const auto integers = draw<int64_t>(1000, fill_bernoulli<int64_t>, 0.3);
  const auto doubles = draw<double>(1000, fill_bernoulli<double>, 0.3);
  EXPECT_TRUE(std::equal(integers.begin(), integers.end(), doubles.begin()));
  bool flags[1000];
  Generator g(123);
  fill_bernoulli(g, flags, 1000, 0.3);
  EXPECT_TRUE(std::equal(integers.begin(), integers.end(), flags));
}

// The counts are those of PyTorch 2.15, which replaces the upper bound by the lower one.
TEST(Random, UniformNeverDrawsItsUpperBound) {
  Generator g(0);
  std::vector<float> x(1'000'000);
  fill_uniform(g, x.data(), std::ssize(x), 1000, 1001);
  EXPECT_EQ(std::count(x.begin(), x.end(), 1001.0f), 0);
  EXPECT_EQ(std::count(x.begin(), x.end(), 1000.0f), 52);
  Generator h(0);
  std::vector<double> y(1'000'000);
  fill_uniform(h, y.data(), std::ssize(y), 1e15, 1e15 + 1);
  EXPECT_EQ(std::count(y.begin(), y.end(), 1e15 + 1), 0);
  EXPECT_EQ(std::count(y.begin(), y.end(), 1e15), 125242);
  float same[3];
  fill_uniform(g, same, 3, 5, 5);
  EXPECT_EQ(same[2], 5);
}

TEST(Random, BernoulliOfEachProbability) {
  const auto u = draw<float>(1000, fill_uniform<float>, 0.0, 1.0);
  std::vector<float> p(1000);
  std::vector<float> x(1000);
  for (size_t i = 0; i < 1000; ++i)
    p[i] = i % 3 == 0 ? u[i] : static_cast<float>(i) / 999;  // u < u is false
  Generator g(123);
  fill_bernoulli_each(g, x.data(), p.data(), 1000);
  for (size_t i = 0; i < 1000; ++i)
    ASSERT_EQ(x[i], u[i] < p[i] ? 1 : 0);
}

TEST(Random, DropoutMasks) {
  const auto mask = [](double p) { return draw<float>(36, dropout_mask<float>, p); };
  ASSERT_EQ(dropout_style(), DropoutStyle::book);
  EXPECT_EQ(mask(0.5), golden_data<float>("03_causal_attention", "dropout_ones"));
  EXPECT_EQ(mask(0.1), golden_data<float>("03_causal_attention", "dropout_ones_p0.1"));
  EXPECT_EQ(mask(0.2), golden_data<float>("03_causal_attention", "dropout_ones_p0.2"));
  EXPECT_EQ(mask(0.3)[0], 1.42857146f);
  EXPECT_EQ(draw<double>(1, dropout_mask<double>, 0.3)[0], 1 / (1 - 0.3));
  EXPECT_EQ(mask(0), std::vector<float>(36, 1));
  EXPECT_EQ(mask(1), std::vector<float>(36, 0));

  set_dropout_style(DropoutStyle::mkl);
  const auto other = mask(0.5);
  Generator g(123);
  float row[36];
  dropout_mask(g, row, 36, 0.5);
  set_dropout_style(DropoutStyle::book);
  EXPECT_EQ(other, golden_data<float>("03_causal_attention", "dropout_ones_mkl"));
  expect_words_used(g, 1);
}

TEST(Random, Exponential) {
  expect_long("99_generator", "exponential_1e5", draw<float>(100000, fill_exponential<float>));
}

TEST(Random, MultinomialGivesTheBooksCounts) {
  for (const std::string temperature : {"T1", "T0.1", "T5"}) {
    const auto p = golden_data<float>("08_sampling", "probas_" + temperature);
    Generator g(123);
    std::vector<int64_t> first;
    std::vector<int64_t> counts(9);
    for (int i = 0; i < 1000; ++i) {
      int64_t index = -1;
      multinomial(g, p.data(), 9, 1, false, &index);
      ASSERT_TRUE(index >= 0 && index < 9);
      ++counts[static_cast<size_t>(index)];
      if (first.size() < 20) first.push_back(index);
    }
    EXPECT_EQ(counts, golden_data<int64_t>("08_sampling", "counts_" + temperature));
    EXPECT_EQ(first, golden_data<int64_t>("08_sampling", "first_20_" + temperature));
  }
}

TEST(Random, MultinomialWithoutReplacementTakesTheLargestQuotients) {
  const std::vector<float> p = {0.1f, 0, 2, 0.5f, 0, 1, 0.25f};
  auto q = draw<float>(7, fill_exponential<float>);
  for (size_t i = 0; i < 7; ++i)
    q[i] = p[i] / q[i];
  std::vector<int64_t> expected(7);
  std::vector<int64_t> drawn(5);
  std::iota(expected.begin(), expected.end(), 0);
  std::sort(expected.begin(), expected.end(), [&](int64_t a, int64_t b) {
    return q[static_cast<size_t>(a)] > q[static_cast<size_t>(b)];
  });
  expected.resize(5);
  Generator g(123);
  multinomial(g, p.data(), 7, 5, false, drawn.data());
  EXPECT_EQ(drawn, expected);
}

TEST(Random, MultinomialWithReplacementWalksTheCumulativeSum) {
  const std::vector<double> p = {0, 1, 0, 3, 4, 0};
  const auto u = draw<double>(2000, fill_uniform<double>, 0.0, 1.0);
  std::vector<int64_t> drawn(2000);
  Generator g(123);
  multinomial(g, p.data(), 6, 2000, true, drawn.data());
  for (size_t i = 0; i < 2000; ++i)
    ASSERT_EQ(drawn[i], u[i] <= 0.125 ? 1 : u[i] <= 0.5 ? 3 : 4);

  int64_t with = -1;
  int64_t without = -1;
  g.manual_seed(123);
  multinomial(g, p.data(), 6, 1, true, &with);
  g.manual_seed(123);
  multinomial(g, p.data(), 6, 1, false, &without);
  EXPECT_EQ(with, without);
}

TEST(Random, WrongCalls) {
  Generator g(123);
  float x[4];
  int64_t i[4];
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto draw_from = [&](std::vector<float> p, int64_t samples, bool replacement) {
    return message([&] { multinomial(g, p.data(), std::ssize(p), samples, replacement, i); });
  };
  EXPECT_EQ(message([&] { fill_uniform(g, x, 4, 1, 0); }),
            "uniform_: from 1 to 0 - the bounds must be in order");
  EXPECT_EQ(message([&] { fill_uniform(g, x, 4, nan, 0); }),
            "uniform_: from nan to 0 - the bounds must be in order");
  EXPECT_EQ(message([&] { fill_uniform(g, x, 4, -3e38, 3e38); }),
            "uniform_: from -3e+38 to 3e+38 - the width does not fit the tensor's dtype");
  for (const int64_t n : {4, 16}) {
    std::vector<float> y(16);
    EXPECT_EQ(message([&] { fill_normal(g, y.data(), n, 0, -1); }),
              "normal_: std = -1 - a standard deviation is not negative");
  }
  EXPECT_EQ(message([&] { fill_bernoulli(g, x, 4, 1.5); }),
            "bernoulli_: p = 1.5 - a probability is between 0 and 1");
  EXPECT_EQ(message([&] { dropout_mask(g, x, 4, -0.1); }),
            "dropout: p = -0.1 - a probability is between 0 and 1");
  EXPECT_EQ(message([&] { dropout_mask(g, x, 4, nan); }),
            "dropout: p = nan - a probability is between 0 and 1");
  const float p[] = {0.5f, 2, 0, 1};
  EXPECT_EQ(message([&] { fill_bernoulli_each(g, x, p, 4); }),
            "bernoulli: p = 2 - a probability is between 0 and 1");
  EXPECT_EQ(message([&] { fill_randint(g, i, 4, 5, 5); }),
            "randint: from 5 to 5 - there is no integer in between");
  EXPECT_EQ(message([&] { randperm(g, i, -1); }),
            "randperm: n = -1 - the number of elements cannot be negative");
  EXPECT_EQ(draw_from({1, -2}, 1, false),
            "multinomial: weight -2 at 1 - a weight is finite and not negative");
  EXPECT_EQ(draw_from({nan}, 1, false),
            "multinomial: weight nan at 0 - a weight is finite and not negative");
  EXPECT_EQ(draw_from({inf, 1}, 2, true),
            "multinomial: weight inf at 0 - a weight is finite and not negative");
  EXPECT_EQ(draw_from({0, 0}, 1, true),
            "multinomial: the 2 weights sum to 0 - nothing can be drawn");
  EXPECT_EQ(draw_from({}, 1, true), "multinomial: the 0 weights sum to 0 - nothing can be drawn");
  EXPECT_EQ(draw_from({1, 0, 1}, 3, false),
            "multinomial: 3 samples without replacement - only 2 weights are above 0");
  EXPECT_EQ(draw_from({1, 1}, 0, false), "multinomial: 0 samples - at least one must be drawn");
  EXPECT_EQ(draw_from({3e38f, 3e38f}, 2, true),
            "multinomial: the 2 weights are too large - their sum overflows");
  expect_words_used(g, 0);
}

}  // namespace
}  // namespace gradus::random_distributions_test
