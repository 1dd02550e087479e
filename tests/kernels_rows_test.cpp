#include <cmath>
#include <limits>
#include <vector>

#include "tensor/kernels/cross_entropy.h"
#include "tensor/kernels/layer_norm.h"
#include "tensor/kernels/softmax.h"
#include "tests/kernels_support.h"

namespace gradus::kernels {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Logsumexp, AtTheLimits) {
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

}  // namespace
}  // namespace gradus::kernels
