#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/kernels/cross_entropy.h"
#include "tensor/kernels/index.h"
#include "tensor/kernels/layer_norm.h"
#include "tensor/kernels/optimizer.h"
#include "tensor/kernels/reduce.h"
#include "tensor/kernels/softmax.h"
#include "tests/kernels_support.h"

namespace gradus::kernels {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T>
void expect_near(const std::vector<T>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i]) || std::isinf(b[i])) {
      EXPECT_TRUE((std::isnan(b[i]) && std::isnan(a[i])) || static_cast<double>(a[i]) == b[i])
          << i << ": " << a[i];
    } else {
      EXPECT_NEAR(static_cast<double>(a[i]), b[i], tolerance) << i;
    }
  }
}

TEST(Reduce, SumOverAnyDimension) {
  const int64_t sizes[][3] = {{1, 1, 1},  {2, 3, 4},       {1, 1000, 1}, {3, 129, 67},
                              {5, 64, 1}, {1, 200'000, 3}, {2, 0, 3}};
  for (const auto& [A, R, C] : sizes) {
    const auto x = numbers(A * R * C);
    std::vector<double> expected(static_cast<size_t>(A * C));
    for (int64_t i = 0; i < A * R * C; ++i) {
      expected[static_cast<size_t>(i / (R * C) * C + i % C)] +=
          static_cast<double>(x[static_cast<size_t>(i)]);
    }
    const auto y = for_all_thread_counts([&, A = A, R = R, C = C] {
      std::vector<float> out(static_cast<size_t>(A * C), 9);
      sum(out.data(), x.data(), A, R, C);
      return out;
    });
    expect_near(y, expected, 1e-4);
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

TEST(Reduce, WholeNumbersWrapAndBoolsAreCounted) {
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

TEST(Reduce, LogsumexpAtTheLimits) {
  const double x[] = {0, 0, -kInf, -kInf, kInf, -kInf, kNan, 1, 1000, 1000, kInf, kNan};
  double y[6];
  logsumexp(y, x, 6, 2, 1);
  expect_near(std::vector<double>(y, y + 6),
              {std::log(2), -kInf, kInf, kNan, 1000 + std::log(2), kNan}, 1e-12);
  logsumexp(y, x, 1, 0, 1);
  EXPECT_EQ(y[0], -kInf);
  const std::vector<float> zeros(1 << 25, 0);
  float many = 0;
  logsumexp(&many, zeros.data(), 1, 1 << 25, 1);
  EXPECT_NEAR(many, 25 * std::log(2), 1e-5);
}

TEST(Softmax, EqualsItsDefinition) {
  const int64_t sizes[][3] = {{1, 5, 1}, {3, 7, 4}, {40, 129, 1}};
  for (const auto& [A, R, C] : sizes) {
    const int64_t n = A * R * C;
    const auto x = numbers(n);
    const auto dy = numbers(n, 2);
    std::vector<double> y(static_cast<size_t>(n));
    std::vector<double> log_y(y);
    std::vector<double> dx(y);
    std::vector<double> log_dx(y);
    for (int64_t i = 0; i < A * C; ++i) {
      const auto at = [&, R = R, C = C](int64_t r) {
        return static_cast<size_t>((i / C * R + r) * C + i % C);
      };
      double total = 0;
      double dot = 0;
      double sum_dy = 0;
      for (int64_t r = 0; r < R; ++r)
        total += std::exp(static_cast<double>(x[at(r)]));
      for (int64_t r = 0; r < R; ++r) {
        log_y[at(r)] = static_cast<double>(x[at(r)]) - std::log(total);
        y[at(r)] = std::exp(log_y[at(r)]);
        dot += y[at(r)] * static_cast<double>(dy[at(r)]);
        sum_dy += static_cast<double>(dy[at(r)]);
      }
      for (int64_t r = 0; r < R; ++r) {
        dx[at(r)] = y[at(r)] * (static_cast<double>(dy[at(r)]) - dot);
        log_dx[at(r)] = static_cast<double>(dy[at(r)]) - y[at(r)] * sum_dy;
      }
    }
    const auto run = [&, A = A, R = R, C = C](auto kernel, auto... inputs) {
      return for_all_thread_counts([&] {
        std::vector<float> out(static_cast<size_t>(n));
        kernel(out.data(), inputs..., A, R, C);
        return out;
      });
    };
    const auto soft = run(softmax<float>, x.data());
    const auto log_soft = run(log_softmax<float>, x.data());
    expect_near(soft, y, 1e-6);
    expect_near(log_soft, log_y, 2e-6);
    expect_near(run(softmax_backward<float>, dy.data(), soft.data()), dx, 1e-6);
    expect_near(run(log_softmax_backward<float>, dy.data(), log_soft.data()), log_dx, 1e-5);
  }
}

TEST(Softmax, AtTheLimits) {
  const double x[] = {-kInf, -kInf, 0, -kInf, 1e30, 1e30, kInf, 0, kNan, 0};
  double y[10];
  softmax(y, x, 5, 2, 1);
  expect_near(std::vector<double>(y, y + 10), {kNan, kNan, 1, 0, 0.5, 0.5, kNan, kNan, kNan, kNan},
              0);
  log_softmax(y, x, 5, 2, 1);
  expect_near(std::vector<double>(y, y + 6), {kNan, kNan, 0, -kInf, -std::log(2), -std::log(2)},
              1e-15);
  softmax<double>(y, x, 3, 0, 2);
  softmax<double>(y, x, 0, 2, 2);
  EXPECT_EQ(y[2], 0);
}

TEST(LayerNorm, ForwardAndBackwardEqualTheirFormulas) {
  const int64_t R = 37;
  const int64_t C = 45;
  const auto x = numbers(R * C);
  const auto dy = numbers(R * C, 2);
  const auto weight = numbers(C, 3);
  const auto bias = numbers(C, 4);
  std::vector<double> y(x.size());
  std::vector<double> dx(x.size());
  std::vector<double> dweight(weight.size());
  std::vector<double> dbias(weight.size());
  for (size_t r = 0; r < 37; ++r) {
    double mean = 0;
    double variance = 0;
    double sum_dz = 0;
    double sum_dz_z = 0;
    for (size_t c = 0; c < 45; ++c)
      mean += static_cast<double>(x[r * 45 + c]) / 45;
    for (size_t c = 0; c < 45; ++c)
      variance += std::pow(static_cast<double>(x[r * 45 + c]) - mean, 2) / 45;
    const double rstd = 1 / std::sqrt(variance + 1e-5);
    const auto z = [&](size_t c) { return (static_cast<double>(x[r * 45 + c]) - mean) * rstd; };
    const auto dz = [&](size_t c) {
      return static_cast<double>(dy[r * 45 + c]) * static_cast<double>(weight[c]);
    };
    for (size_t c = 0; c < 45; ++c) {
      y[r * 45 + c] = z(c) * static_cast<double>(weight[c]) + static_cast<double>(bias[c]);
      sum_dz += dz(c);
      sum_dz_z += dz(c) * z(c);
      dweight[c] += static_cast<double>(dy[r * 45 + c]) * z(c);
      dbias[c] += static_cast<double>(dy[r * 45 + c]);
    }
    for (size_t c = 0; c < 45; ++c)
      dx[r * 45 + c] = rstd * (dz(c) - sum_dz / 45 - z(c) * sum_dz_z / 45);
  }
  std::vector<float> mean(37);
  std::vector<float> rstd(37);
  expect_near(for_all_thread_counts([&] {
                std::vector<float> out(x.size());
                layer_norm(out.data(), mean.data(), rstd.data(), x.data(), weight.data(),
                           bias.data(), R, C, 1e-5);
                return out;
              }),
              y, 2e-6);
  std::vector<float> out_w(45);
  std::vector<float> out_b(45);
  std::vector<float> out_x(x.size());
  expect_near(
      for_all_thread_counts([&] {
        layer_norm_backward(out_x.data(), out_w.data(), out_b.data(), dy.data(), x.data(),
                            mean.data(), rstd.data(), weight.data(), R, C);
        std::vector<float> all(out_x);
        all.insert(all.end(), out_w.begin(), out_w.end());
        return all;
      }),
      [&] {
        std::vector<double> all(dx);
        all.insert(all.end(), dweight.begin(), dweight.end());
        return all;
      }(),
      1e-5);
  expect_near(out_b, dbias, 1e-5);
  std::vector<float> alone(45);
  layer_norm_backward<float>(nullptr, alone.data(), nullptr, dy.data(), x.data(), mean.data(),
                             rstd.data(), nullptr, R, C);
  EXPECT_TRUE(same_bits(alone, out_w));
}

TEST(LayerNorm, SameBitsWhenThreadsShareTheWork) {
  const int64_t R = 700;
  const int64_t C = 300;
  const auto x = numbers(R * C);
  const auto dy = numbers(R * C, 2);
  for_all_thread_counts([&] {
    std::vector<float> y(x.size());
    std::vector<float> dx(x.size());
    std::vector<float> dweight(300);
    std::vector<float> dbias(300);
    std::vector<float> mean(700);
    std::vector<float> rstd(700);
    layer_norm<float>(y.data(), mean.data(), rstd.data(), x.data(), nullptr, nullptr, R, C, 1e-5);
    layer_norm_backward<float>(dx.data(), dweight.data(), dbias.data(), dy.data(), x.data(),
                               mean.data(), rstd.data(), nullptr, R, C);
    for (const auto& part : {dx, dweight, dbias, mean, rstd})
      y.insert(y.end(), part.begin(), part.end());
    return y;
  });
}

TEST(LayerNorm, WithoutWeightAndOnConstantRows) {
  const double x[] = {1, 3, 5, 5};
  double y[4];
  double mean[2];
  double rstd[2];
  double dx[4];
  layer_norm<double>(y, mean, rstd, x, nullptr, nullptr, 2, 2, 0);
  EXPECT_EQ(y[0], -1);
  EXPECT_EQ(mean[1], 5);
  EXPECT_EQ(rstd[1], kInf);
  layer_norm<double>(y, mean, rstd, x, nullptr, nullptr, 2, 2, 1e-5);
  EXPECT_EQ(y[2], 0);
  layer_norm_backward<double>(dx, nullptr, nullptr, x, x, mean, rstd, nullptr, 2, 2);
  EXPECT_EQ(dx[2], 0);
}

TEST(CrossEntropy, LossesAndGradients) {
  const int64_t N = 9;
  const int64_t V = 131;
  const int64_t ignore = -100;
  const auto logits = numbers(N * V);
  const auto dloss = numbers(N, 2);
  std::vector<int64_t> target = {0, 130, 5, ignore, 7, 7, 64, ignore, 1};
  std::vector<double> loss(9);
  std::vector<double> dlogits(logits.size());
  for (size_t i = 0; i < 9; ++i) {
    if (target[i] == ignore) continue;
    double total = 0;
    for (size_t v = 0; v < 131; ++v)
      total += std::exp(static_cast<double>(logits[i * 131 + v]));
    loss[i] =
        std::log(total) - static_cast<double>(logits[i * 131 + static_cast<size_t>(target[i])]);
    for (size_t v = 0; v < 131; ++v) {
      const double p = std::exp(static_cast<double>(logits[i * 131 + v])) / total;
      dlogits[i * 131 + v] =
          static_cast<double>(dloss[i]) * (p - (static_cast<int64_t>(v) == target[i] ? 1 : 0));
    }
  }
  std::vector<float> lse(9);
  expect_near(for_all_thread_counts([&] {
                std::vector<float> out(9, 5);
                cross_entropy(out.data(), lse.data(), logits.data(), target.data(), N, V, ignore);
                return out;
              }),
              loss, 1e-6);
  expect_near(for_all_thread_counts([&] {
                std::vector<float> out(logits.size(), 5);
                cross_entropy_backward(out.data(), dloss.data(), logits.data(), lse.data(),
                                       target.data(), N, V, ignore);
                return out;
              }),
              dlogits, 1e-6);
}

TEST(CrossEntropy, SameBitsWhenThreadsShareTheWork) {
  const int64_t N = 90;
  const int64_t V = 3000;
  const auto logits = numbers(N * V);
  const auto dloss = numbers(N, 2);
  const std::vector<int64_t> target(90, 17);
  for_all_thread_counts([&] {
    std::vector<float> loss(90);
    std::vector<float> lse(90);
    std::vector<float> dlogits(logits.size());
    cross_entropy(loss.data(), lse.data(), logits.data(), target.data(), N, V, -100);
    cross_entropy_backward(dlogits.data(), dloss.data(), logits.data(), lse.data(), target.data(),
                           N, V, -100);
    for (const auto& part : {loss, lse})
      dlogits.insert(dlogits.end(), part.begin(), part.end());
    return dlogits;
  });
}

TEST(CrossEntropy, KeepsDigitsOfLargeLogitsAndIgnoresNanRows) {
  const float logits[] = {100'000.0f, 100'000.0f, std::numeric_limits<float>::quiet_NaN(),
                          0,          0,          -INFINITY};
  const int64_t target[] = {1, -1, 1};
  float loss[3];
  float lse[3];
  float dlogits[6];
  const float dloss[] = {1, 1, 1};
  cross_entropy(loss, lse, logits, target, 3, 2, -1);
  EXPECT_FLOAT_EQ(loss[0], std::log(2.0f));
  EXPECT_EQ(loss[1], 0);
  EXPECT_EQ(loss[2], INFINITY);
  cross_entropy_backward(dlogits, dloss, logits, lse, target, 3, 2, -1);
  EXPECT_EQ(dlogits[2], 0);
  EXPECT_EQ(dlogits[5], -1);
}

TEST(Index, GatherAndAddRows) {
  const std::vector<double> x = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};  // (2, 3, 2)
  const std::vector<int64_t> ids = {2, 0, 2, 2};
  std::vector<double> y(16);
  gather_rows(y.data(), x.data(), ids.data(), 2, 3, 4, 2);
  EXPECT_EQ(y, (std::vector<double>{4, 5, 0, 1, 4, 5, 4, 5, 10, 11, 6, 7, 10, 11, 10, 11}));
  std::vector<double> sums(12, 1);
  add_rows(sums.data(), y.data(), ids.data(), 2, 3, 4, 2);
  EXPECT_EQ(sums, (std::vector<double>{1, 2, 1, 1, 13, 16, 7, 8, 1, 1, 31, 34}));
  gather_rows<double>(nullptr, x.data(), nullptr, 2, 3, 0, 2);
  const auto many = numbers(3000 * 97);
  std::vector<int64_t> places(3000);
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = static_cast<int64_t>(i * i % 11);
  for_all_thread_counts([&] {
    std::vector<float> out(11 * 97);
    add_rows(out.data(), many.data(), places.data(), 1, 11, 3000, 97);
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

/// Keeps the compiler from fusing what stands inside with what stands around it.
template <class T>
T rounded(T x) {
  volatile T y = x;
  return y;
}

template <class T>
void compare_adam(bool decoupled) {
  const AdamStep base{0.01, 0.9, 0.999, 1e-8, 0.1, 1, decoupled};
  const int64_t n = 3001;
  auto p = numbers<T>(n, 5);
  auto m = std::vector<T>(p.size());
  auto v = m;
  auto p2 = p;
  auto m2 = m;
  auto v2 = v;
  const int before = get_num_threads();
  for (int64_t t = 1; t <= 3; ++t) {
    const auto g = numbers<T>(n, static_cast<uint64_t>(10 + t));
    AdamStep step = base;
    step.step = t;
    set_num_threads(static_cast<int>(t));
    adam_step(p.data(), m.data(), v.data(), g.data(), n, step);
    const double correction1 = 1 - std::pow(0.9, static_cast<double>(t));
    const T root = static_cast<T>(std::sqrt(1 - std::pow(0.999, static_cast<double>(t))));
    for (size_t i = 0; i < p2.size(); ++i) {
      T grad = g[i];
      if (decoupled) p2[i] = rounded(p2[i] * static_cast<T>(1 - 0.01 * 0.1));
      if (!decoupled) grad = std::fma(static_cast<T>(0.1), p2[i], grad);
      m2[i] = std::fma(static_cast<T>(1 - 0.9), grad, rounded(m2[i] * static_cast<T>(0.9)));
      v2[i] = std::fma(rounded(static_cast<T>(1 - 0.999) * grad), grad,
                       rounded(v2[i] * static_cast<T>(0.999)));
      const T denominator = rounded(rounded(std::sqrt(v2[i])) / root) + static_cast<T>(1e-8);
      p2[i] += rounded(rounded(static_cast<T>(-(0.01 / correction1)) * m2[i]) / denominator);
    }
    EXPECT_TRUE(same_bits(m, m2));
    EXPECT_TRUE(same_bits(v, v2));
    EXPECT_TRUE(same_bits(p, p2)) << "step " << t;
  }
  set_num_threads(before);
}

TEST(Optimizer, AdamRoundsStepByStep) {
  compare_adam<float>(false);
  compare_adam<float>(true);
  compare_adam<double>(false);
  compare_adam<double>(true);
}

TEST(Optimizer, SgdInItsForms) {
  double p = 1;
  double g = 0.5;
  double buffer = 99;
  sgd_step<double>(&p, nullptr, &g, 1, {0.1, 0, 0, 0, false, true});
  EXPECT_DOUBLE_EQ(p, 0.95);
  sgd_step(&p, &buffer, &g, 1,
           {0.1, 0.9, 0.5, 0, false, true});  // the first buffer is the gradient, undampened
  EXPECT_DOUBLE_EQ(buffer, 0.5);
  EXPECT_DOUBLE_EQ(p, 0.9);
  sgd_step(&p, &buffer, &g, 1, {0.1, 0.9, 0.5, 0, false, false});
  EXPECT_DOUBLE_EQ(buffer, 0.7);
  EXPECT_DOUBLE_EQ(p, 0.83);
  sgd_step(&p, &buffer, &g, 1,
           {0.1, 0.5, 0, 1, true, false});  // g = 1.33, buffer = 1.68, g + 0.5 buffer = 2.17
  EXPECT_DOUBLE_EQ(buffer, 1.68);
  EXPECT_DOUBLE_EQ(p, 0.613);
}

TEST(Optimizer, SumOfSquares) {
  const std::vector<float> ones(1 << 25, 1);
  EXPECT_EQ(sum_of_squares(ones.data(), 1 << 25), 1 << 25);
  EXPECT_EQ(sum_of_squares(ones.data(), 0), 0);
  const float large[] = {1e30f, 1e30f};
  EXPECT_NEAR(sum_of_squares(large, 2), 2e60, 1e54);
  const auto x = numbers(100'003);
  for_all_thread_counts([&] { return std::vector<double>{sum_of_squares(x.data(), 100'003)}; });
}

}  // namespace
}  // namespace gradus::kernels
