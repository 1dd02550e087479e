#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/kernels/optimizer.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::kernels_optimizer_test {
namespace {

/// x, rounded: keeps the compiler from fusing the product x with a later addition.
template <class T>
T rounded(T x) {
  volatile T y = x;
  return y;
}

template <class T>
void compare_adam(bool decoupled, bool with_amsgrad) {
  const AdamStep base{0.01, 0.9, 0.999, 1e-8, 0.1, 1, decoupled};
  const int64_t n = 3001;
  auto p = numbers<T>(n, 5);
  auto m = std::vector<T>(p.size());
  auto v = m;
  auto p2 = p;
  auto m2 = m;
  auto v2 = v;
  auto largest = v;
  auto largest2 = v;
  const int before = get_num_threads();
  for (int64_t t = 1; t <= 3; ++t) {
    auto g = numbers<T>(n, static_cast<uint64_t>(10 + t));
    for (size_t i = 0; i < g.size() && t == 3; i += 2)
      g[i] = 0;  // v becomes smaller
    AdamStep step = base;
    step.step = t;
    set_num_threads(static_cast<int>(t));
    if (with_amsgrad)
      amsgrad_step(p.data(), m.data(), v.data(), largest.data(), g.data(), n, step);
    else
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
      largest2[i] = with_amsgrad ? std::max(largest2[i], v2[i]) : v2[i];
      const T denominator = rounded(rounded(std::sqrt(largest2[i])) / root) + static_cast<T>(1e-8);
      p2[i] += rounded(rounded(static_cast<T>(-(0.01 / correction1)) * m2[i]) / denominator);
    }
    EXPECT_TRUE(same_bits(m, m2));
    EXPECT_TRUE(same_bits(v, v2));
    EXPECT_TRUE(!with_amsgrad || same_bits(largest, largest2));
    EXPECT_TRUE(same_bits(p, p2)) << "step " << t;
  }
  set_num_threads(before);
}

TEST(Optimizer, AdamRoundsStepByStep) {
  for (const bool with_amsgrad : {false, true}) {
    compare_adam<float>(false, with_amsgrad);
    compare_adam<float>(true, with_amsgrad);
    compare_adam<double>(false, with_amsgrad);
    compare_adam<double>(true, with_amsgrad);
  }
}

TEST(Optimizer, AmsgradKeepsNaN) {
  double p = 1;
  double m = 0;
  double v = 0;
  double largest = 2;
  const double g = NAN;
  amsgrad_step(&p, &m, &v, &largest, &g, 1, {0.1, 0.9, 0.999, 1e-8, 0, 1, false});
  EXPECT_TRUE(std::isnan(largest));
  EXPECT_TRUE(std::isnan(p));
}

template <class T>
void compare_rmsprop(const RmspropStep& step, bool centered) {
  const int64_t n = 3001;
  auto p = numbers<T>(n, 5);
  auto v = std::vector<T>(p.size());
  auto buffer = v;
  auto mean = v;
  auto p2 = p;
  auto v2 = v;
  auto buffer2 = v;
  auto mean2 = v;
  const T alpha = static_cast<T>(step.alpha);
  const T one_minus_alpha = static_cast<T>(1 - step.alpha);
  const int before = get_num_threads();
  for (int t = 1; t <= 3; ++t) {
    const auto grad = numbers<T>(n, static_cast<uint64_t>(10 + t));
    set_num_threads(t);
    rmsprop_step(p.data(), v.data(), step.momentum != 0 ? buffer.data() : nullptr,
                 centered ? mean.data() : nullptr, grad.data(), n, step);
    for (size_t i = 0; i < p2.size(); ++i) {
      T g = grad[i];
      if (step.weight_decay != 0) g = std::fma(static_cast<T>(step.weight_decay), p2[i], g);
      v2[i] = std::fma(rounded(one_minus_alpha * g), g, rounded(v2[i] * alpha));
      mean2[i] = std::fma(one_minus_alpha, rounded(g - mean2[i]), mean2[i]);
      const T variance = centered ? std::fma(-mean2[i], mean2[i], v2[i]) : v2[i];
      const T denominator = rounded(std::sqrt(variance)) + static_cast<T>(step.eps);
      const T lr = static_cast<T>(step.lr);
      if (step.momentum != 0) {
        buffer2[i] = rounded(static_cast<T>(step.momentum) * buffer2[i]) + rounded(g / denominator);
        p2[i] = std::fma(-lr, buffer2[i], p2[i]);
      } else {
        p2[i] += rounded(rounded(-lr * g) / denominator);
      }
    }
    EXPECT_TRUE(same_bits(v, v2));
    EXPECT_TRUE(step.momentum == 0 || same_bits(buffer, buffer2));
    EXPECT_TRUE(!centered || same_bits(mean, mean2));
    EXPECT_TRUE(same_bits(p, p2)) << "step " << t;
  }
  set_num_threads(before);
}

TEST(Optimizer, RmspropRoundsStepByStep) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool centered : {false, true}) {
      const RmspropStep step{
          .lr = 0.01, .alpha = 0.9, .eps = 1e-8, .weight_decay = 0.1, .momentum = momentum};
      RmspropStep without_decay = step;
      without_decay.weight_decay = 0;
      compare_rmsprop<float>(step, centered);
      compare_rmsprop<double>(step, centered);
      compare_rmsprop<float>(without_decay, centered);
      compare_rmsprop<double>(without_decay, centered);
    }
  }
}

template <class T>
void compare_sgd(const SgdStep& base) {
  const int64_t n = 3001;
  auto p = numbers<T>(n, 5);
  auto buffer = std::vector<T>(p.size());
  auto p2 = p;
  auto buffer2 = buffer;
  const int before = get_num_threads();
  for (int t = 1; t <= 3; ++t) {
    const auto g = numbers<T>(n, static_cast<uint64_t>(10 + t));
    SgdStep step = base;
    step.first = t == 1;
    set_num_threads(t);
    sgd_step(p.data(), base.momentum != 0 ? buffer.data() : nullptr, g.data(), n, step);
    const T momentum = static_cast<T>(base.momentum);
    for (size_t i = 0; i < p2.size(); ++i) {
      T d = g[i];
      if (base.weight_decay != 0) d = std::fma(static_cast<T>(base.weight_decay), p2[i], d);
      if (base.momentum != 0) {
        const T undampened = static_cast<T>(1 - base.dampening);
        buffer2[i] = step.first ? d : std::fma(undampened, d, rounded(momentum * buffer2[i]));
        d = base.nesterov ? std::fma(momentum, buffer2[i], d) : buffer2[i];
      }
      p2[i] = std::fma(-static_cast<T>(base.lr), d, p2[i]);
    }
    EXPECT_TRUE(same_bits(buffer, buffer2));
    EXPECT_TRUE(same_bits(p, p2)) << "step " << t;
  }
  set_num_threads(before);
}

TEST(Optimizer, SgdRoundsStepByStep) {
  for (const double momentum : {0.0, 0.9}) {
    for (const double weight_decay : {0.0, 0.1}) {
      SgdStep step{.lr = 0.01,
                   .momentum = momentum,
                   .dampening = 0.3,
                   .weight_decay = weight_decay,
                   .nesterov = false,
                   .first = false};
      compare_sgd<float>(step);
      compare_sgd<double>(step);
      step.dampening = 0;
      step.nesterov = momentum != 0;
      compare_sgd<float>(step);
      compare_sgd<double>(step);
    }
  }
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

}  // namespace
}  // namespace gradus::kernels::kernels_optimizer_test
