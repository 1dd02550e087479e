#include <cmath>
#include <limits>
#include <vector>

#include "tensor/kernels/cross_entropy.h"
#include "tensor/kernels/layer_norm.h"
#include "tensor/kernels/softmax.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::kernels_rows_test {
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

TEST(Softmax, EqualsItsReference) {
  const int64_t shapes[][3] = {{1, 5, 1}, {3, 7, 4}, {40, 129, 1}, {2, 1000, 67}, {5, 1, 3}};
  for (const auto& [outer, size, inner] : shapes) {
    const int64_t n = outer * size * inner;
    const auto x = numbers(n);
    const auto dy = numbers(n, 2);
    const auto wanted = [&, A = outer, R = size, C = inner](auto reference, const auto&... inputs) {
      std::vector<double> out(static_cast<size_t>(n));
      reference(out.data(), in_double(inputs).data()..., A, R, C);
      return out;
    };
    const auto run = [&, A = outer, R = size, C = inner](auto kernel, const auto&... inputs) {
      return for_all_thread_counts([&] {
        std::vector<float> out(static_cast<size_t>(n));
        kernel(out.data(), inputs.data()..., A, R, C);
        return out;
      });
    };
    const auto soft = run(softmax<float>, x);
    const auto log_soft = run(log_softmax<float>, x);
    const auto y = wanted(softmax_reference, x);
    const auto log_y = wanted(log_softmax_reference, x);
    expect_near(soft, y, 1e-6);
    expect_near(log_soft, log_y, 2e-6);
    expect_near(run(softmax_backward<float>, dy, soft), wanted(softmax_backward_reference, dy, y),
                1e-6);
    expect_near(run(log_softmax_backward<float>, dy, log_soft),
                wanted(log_softmax_backward_reference, dy, log_y), 1e-5);
  }
}

TEST(Logsumexp, EqualsItsReference) {
  const int64_t shapes[][3] = {{1, 5, 1}, {3, 7, 4}, {40, 129, 1}, {2, 1000, 67}};
  for (const auto& [outer, size, inner] : shapes) {
    const auto x = numbers(outer * size * inner);
    std::vector<double> wanted(static_cast<size_t>(outer * inner));
    logsumexp_reference(wanted.data(), in_double(x).data(), outer, size, inner);
    const auto y = for_all_thread_counts([&, A = outer, R = size, C = inner] {
      std::vector<float> out(static_cast<size_t>(A * C));
      logsumexp(out.data(), x.data(), A, R, C);
      return out;
    });
    expect_near(y, wanted, 1e-6);
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

template <class T>
std::vector<T> concatenated(std::vector<T> all, const std::vector<std::vector<T>>& others) {
  for (const auto& part : others)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The inputs of layer_norm with its outputs and gradients. Without weight there is no bias either.
template <class T>
struct LayerNormCase {
  int64_t rows;
  int64_t size;
  bool weighted;
  std::vector<float> x32 = numbers(rows * size);
  std::vector<float> dy32 = numbers(rows * size, 2);
  std::vector<float> weight32 = numbers(size, 3);
  std::vector<float> bias32 = numbers(size, 4);
  std::vector<T> x{x32.begin(), x32.end()};
  std::vector<T> dy{dy32.begin(), dy32.end()};
  std::vector<T> weight{weight32.begin(), weight32.end()};
  std::vector<T> bias{bias32.begin(), bias32.end()};
  std::vector<T> y = std::vector<T>(x.size());
  std::vector<double> mean = std::vector<double>(static_cast<size_t>(rows));
  std::vector<T> rstd = std::vector<T>(static_cast<size_t>(rows));
  std::vector<T> dx = std::vector<T>(x.size());
  std::vector<T> dweight = std::vector<T>(weight.size());
  std::vector<T> dbias = std::vector<T>(weight.size());

  LayerNorm<T> forward() {
    return {.y = y.data(),
            .mean = mean.data(),
            .rstd = rstd.data(),
            .x = x.data(),
            .weight = weighted ? weight.data() : nullptr,
            .bias = weighted ? bias.data() : nullptr,
            .rows = rows,
            .size = size,
            .eps = 1e-5};
  }
  LayerNormBackward<T> backward() {
    return {.dx = dx.data(),
            .dweight = dweight.data(),
            .dbias = dbias.data(),
            .dy = dy.data(),
            .x = x.data(),
            .mean = mean.data(),
            .rstd = rstd.data(),
            .weight = weighted ? weight.data() : nullptr,
            .rows = rows,
            .size = size};
  }
};

TEST(LayerNorm, EqualsItsReference) {
  const int64_t shapes[][2] = {{37, 45}, {3, 1}, {5, 64}, {2, 7}, {70, 131}};
  for (const auto& [rows, size] : shapes) {
    for (const bool weighted : {true, false}) {
      LayerNormCase<float> kernel{rows, size, weighted};
      LayerNormCase<double> wanted{rows, size, weighted};
      layer_norm_reference(wanted.forward());
      layer_norm_backward_reference(wanted.backward());
      for_all_thread_counts([&] {
        layer_norm(kernel.forward());
        return kernel.y;
      });
      for_all_thread_counts([&] {
        layer_norm_backward(kernel.backward());
        return concatenated(kernel.dx, {kernel.dweight, kernel.dbias});
      });
      expect_near(kernel.y, wanted.y, 2e-6);
      expect_near(kernel.dx, wanted.dx, 1e-5);
      expect_near(kernel.dweight, wanted.dweight, 1e-5);
      expect_near(kernel.dbias, wanted.dbias, 1e-5);
    }
  }
}

TEST(LayerNorm, GradientsThatAreNotNeededAreLeftOut) {
  LayerNormCase<float> all{37, 45, true};
  layer_norm(all.forward());
  layer_norm_backward(all.backward());
  const std::vector<float> dweight = all.dweight;
  LayerNormBackward<float> call = all.backward();
  call.dx = nullptr;
  call.dbias = nullptr;
  call.weight = nullptr;
  std::fill(all.dweight.begin(), all.dweight.end(), 9.0f);
  layer_norm_backward(call);
  EXPECT_TRUE(same_bits(all.dweight, dweight));
}

TEST(LayerNorm, SameBitsWhenThreadsShareTheWork) {
  LayerNormCase<float> kernel{700, 300, false};
  for_all_thread_counts([&] {
    layer_norm(kernel.forward());
    layer_norm_backward(kernel.backward());
    const std::vector<float> mean(kernel.mean.begin(), kernel.mean.end());
    return concatenated(kernel.y, {kernel.dx, kernel.dweight, kernel.dbias, mean, kernel.rstd});
  });
}

TEST(LayerNorm, WithoutWeightAndOnConstantRows) {
  const double x[] = {1, 3, 5, 5};
  double y[4];
  double mean[2];
  double rstd[2];
  double dx[4];
  LayerNorm<double> forward{.y = y,
                            .mean = mean,
                            .rstd = rstd,
                            .x = x,
                            .weight = nullptr,
                            .bias = nullptr,
                            .rows = 2,
                            .size = 2,
                            .eps = 0};
  layer_norm(forward);
  EXPECT_EQ(y[0], -1);
  EXPECT_EQ(mean[1], 5);
  EXPECT_EQ(rstd[1], kInf);
  forward.eps = 1e-5;
  layer_norm(forward);
  EXPECT_EQ(y[2], 0);
  layer_norm_backward<double>({.dx = dx,
                               .dweight = nullptr,
                               .dbias = nullptr,
                               .dy = x,
                               .x = x,
                               .mean = mean,
                               .rstd = rstd,
                               .weight = nullptr,
                               .rows = 2,
                               .size = 2});
  EXPECT_EQ(dx[2], 0);
}

TEST(CrossEntropy, EqualsItsReference) {
  const int64_t n = 9;
  const int64_t ignore = -100;
  for (const int64_t classes : {131, 1000, 2, 16}) {
    const auto x = numbers(n * classes);
    const auto dloss = numbers(n, 2);
    const int64_t last = classes - 1;
    const std::vector<int64_t> target = {0, last, 1, ignore, 1, 0, classes / 2, ignore, 1};
    std::vector<double> loss(9);
    std::vector<double> m(9);
    std::vector<double> l(9);
    std::vector<double> dx(x.size());
    const SoftmaxSums<double> sums{m.data(), l.data()};
    cross_entropy_reference(loss.data(), sums, in_double(x).data(), target.data(), n, classes,
                            ignore);
    cross_entropy_backward_reference(dx.data(), in_double(dloss).data(), in_double(x).data(), sums,
                                     target.data(), n, classes, ignore);
    std::vector<float> kernel_m(9);
    std::vector<float> kernel_l(9);
    const SoftmaxSums<float> kernel_sums{kernel_m.data(), kernel_l.data()};
    const auto kernel_loss = for_all_thread_counts([&] {
      std::vector<float> out(9, 5);
      cross_entropy(out.data(), kernel_sums, x.data(), target.data(), n, classes, ignore);
      return out;
    });
    const auto kernel_dx = for_all_thread_counts([&] {
      std::vector<float> out(x.size(), 5);
      cross_entropy_backward(out.data(), dloss.data(), x.data(), kernel_sums, target.data(), n,
                             classes, ignore);
      return out;
    });
    expect_near(kernel_loss, loss, 1e-6);
    expect_near(kernel_m, m, 1e-6);
    expect_near(kernel_l, l, 2e-7 * static_cast<double>(classes));
    expect_near(kernel_dx, dx, 1e-6);
  }
}

TEST(CrossEntropy, SameBitsWhenThreadsShareTheWork) {
  const int64_t N = 90;
  const int64_t V = 3000;
  const auto logits = numbers(N * V);
  const auto dloss = numbers(N, 2);
  const std::vector<int64_t> target(90, 17);
  for_all_thread_counts([&] {
    std::vector<float> loss(90);
    std::vector<float> m(90);
    std::vector<float> l(90);
    std::vector<float> dlogits(logits.size());
    const SoftmaxSums<float> sums{m.data(), l.data()};
    cross_entropy(loss.data(), sums, logits.data(), target.data(), N, V, -100);
    cross_entropy_backward(dlogits.data(), dloss.data(), logits.data(), sums, target.data(), N, V,
                           -100);
    for (const auto& part : {loss, m, l})
      dlogits.insert(dlogits.end(), part.begin(), part.end());
    return dlogits;
  });
}

TEST(CrossEntropy, KeepsDigitsOfLargeLogitsAndIgnoresNanRows) {
  const float logits[] = {1e8f, 1e8f, std::numeric_limits<float>::quiet_NaN(), 0, 0, -INFINITY};
  const int64_t target[] = {1, -1, 1};
  float loss[3];
  float m[3];
  float l[3];
  float dlogits[6];
  const float dloss[] = {1, 1, 1};
  cross_entropy<float>(loss, {m, l}, logits, target, 3, 2, -1);
  EXPECT_FLOAT_EQ(loss[0], std::log(2.0f));
  EXPECT_EQ(loss[1], 0);
  EXPECT_EQ(loss[2], INFINITY);
  cross_entropy_backward<float>(dlogits, dloss, logits, {m, l}, target, 3, 2, -1);
  EXPECT_EQ(dlogits[0], 0.5f);
  EXPECT_EQ(dlogits[1], -0.5f);
  EXPECT_EQ(dlogits[2], 0);
  EXPECT_EQ(dlogits[5], -1);
}

}  // namespace
}  // namespace gradus::kernels::kernels_rows_test
