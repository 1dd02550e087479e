// exp, log, tanh, erf and their like of vectors against C's functions in double.
#include <bit>
#include <cmath>
#include <limits>

#include "tensor/kernels/elementwise.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::math_test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

/// Every 2,003rd float, and the special ones.
std::vector<float> samples() {
  std::vector<float> x = {0.0f,    -0.0f,     kInf, -kInf, std::nanf(""), 1e-45f,
                          -1e-45f, 0x1p-126f, 1.0f, -1.0f, 88.72284f};
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 2003)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return x;
}

/// The error of y in units of the last place of a float near `wanted`.
double distance(float y, double wanted) {
  const auto nearest = static_cast<float>(wanted);
  if (std::isnan(wanted) || std::isinf(nearest) || wanted == 0) {
    const bool same = std::isnan(wanted) ? std::isnan(y)
                                         : y == nearest && std::signbit(y) == std::signbit(nearest);
    return same ? 0 : 1e9;
  }
  int exponent = 0;
  std::frexp(wanted, &exponent);
  return std::abs(static_cast<double>(y) - wanted) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

template <class F>
void expect_close(const char* name, UnaryOp op, double most, const F& f, float lowest = -kInf) {
  const std::vector<float> x = samples();
  std::vector<float> y(x.size());
  unary(op, y.data(), x.data(), StridedLoop<2>(static_cast<int64_t>(x.size()), 1));
  double worst = 0;
  double worst_x = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] < lowest) continue;
    const double d = std::isnan(y[i]) && std::isnan(f(static_cast<double>(x[i])))
                         ? 0
                         : distance(y[i], f(static_cast<double>(x[i])));
    if (!(d <= worst)) {
      worst = d;
      worst_x = static_cast<double>(x[i]);
    }
  }
  EXPECT_LE(worst, most) << name << " at " << worst_x;
}

TEST(VectorMath, WithinAFewUnitsInTheLastPlace) {
  expect_close("exp", UnaryOp::exp, 2, [](double x) { return std::exp(x); });
  expect_close("log", UnaryOp::log, 2, [](double x) { return std::log(x); });
  expect_close("expm1", UnaryOp::expm1, 3, [](double x) { return std::expm1(x); });
  expect_close("log1p", UnaryOp::log1p, 3, [](double x) { return std::log1p(x); });
  expect_close("log2", UnaryOp::log2, 3, [](double x) { return std::log2(x); });
  expect_close("tanh", UnaryOp::tanh, 2, [](double x) { return std::tanh(x); });
  expect_close("erf", UnaryOp::erf, 2, [](double x) { return std::erf(x); });
  expect_close("sigmoid", UnaryOp::sigmoid, 2.6, [](double x) { return 1 / (1 + std::exp(-x)); });
  expect_close("softplus", UnaryOp::softplus, 3,
               [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); });
  expect_close(
      "silu", UnaryOp::silu, 3.5, [](double x) { return x / (1 + std::exp(-x)); }, -80);
}

TEST(VectorMath, NormalDistribution) {
  std::vector<float> x;
  std::vector<float> cdf;
  std::vector<float> gelu;
  std::vector<float> slope;
  std::vector<float> one;
  for (float v = -14; v < 14; v += 0.001f)
    x.push_back(v);
  for (const float v : {-1e30f, 1e30f, 0.0f})
    x.push_back(v);
  const auto n = static_cast<int64_t>(x.size());
  cdf = gelu = slope = x;
  one.assign(x.size(), 1);
  unary(UnaryOp::normal_cdf, cdf.data(), x.data(), StridedLoop<2>(n, 1));
  unary(UnaryOp::gelu, gelu.data(), x.data(), StridedLoop<2>(n, 1));
  unary_grad(UnaryGrad::gelu, slope.data(), one.data(), x.data(), StridedLoop<3>(n, 1));
  for (size_t i = 0; i < x.size(); ++i) {
    const auto v = static_cast<double>(x[i]);
    const double phi = 0.5 * std::erfc(-v / std::sqrt(2));
    const double density = std::exp(-v * v / 2) / std::sqrt(2 * M_PI);
    EXPECT_NEAR(static_cast<double>(cdf[i]), phi, 1e-7) << v;
    EXPECT_NEAR(static_cast<double>(gelu[i]), v * phi, 2e-7 * std::max(1.0, std::abs(v))) << v;
    EXPECT_NEAR(static_cast<double>(slope[i]), phi + v * density, 3e-7) << v;
  }
}

}  // namespace
}  // namespace gradus::kernels::math_test
