// The vectors' exp, log, tanh and erf against C's functions in double; the elementwise loops in any
// layout.
#include <bit>
#include <cmath>
#include <limits>

#include "tensor/kernels/elementwise.h"
#include "tests/kernels_support.h"

namespace gradus::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

StridedLoop<2> side_by_side(int64_t n) {
  StridedLoop<2> walk;
  walk.sizes[0] = n;
  walk.steps[0][0] = walk.steps[1][0] = 1;
  return walk;
}

/// Every 2,003rd float, and the special ones.
std::vector<float> samples() {
  std::vector<float> x = {0.0f,    -0.0f,     kInf, -kInf, std::nanf(""), 1e-45f,
                          -1e-45f, 0x1p-126f, 1.0f, -1.0f, 88.72284f};
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 2003)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return x;
}

/// How far y is from what it should be, in units of the last place of a float there.
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
void expect_close(const char* name, Map op, double most, const F& f, float lowest = -kInf) {
  const std::vector<float> x = samples();
  std::vector<float> y(x.size());
  map(y.data(), x.data(), side_by_side(static_cast<int64_t>(x.size())), op);
  double worst = 0;
  double at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] < lowest) continue;
    const double d = std::isnan(y[i]) && std::isnan(f(static_cast<double>(x[i])))
                         ? 0
                         : distance(y[i], f(static_cast<double>(x[i])));
    if (!(d <= worst)) worst = d, at = static_cast<double>(x[i]);
  }
  EXPECT_LE(worst, most) << name << " at " << at;
}

TEST(VectorMath, WithinTwoUnitsInTheLastPlace) {
  expect_close("exp", Map::exp, 2, [](double x) { return std::exp(x); });
  expect_close("log", Map::log, 2, [](double x) { return std::log(x); });
  expect_close("tanh", Map::tanh, 2, [](double x) { return std::tanh(x); });
  expect_close("erf", Map::erf, 2, [](double x) { return std::erf(x); });
  expect_close("sigmoid", Map::sigmoid, 2.6, [](double x) { return 1 / (1 + std::exp(-x)); });
  expect_close(
      "silu", Map::silu, 3.5, [](double x) { return x / (1 + std::exp(-x)); }, -80);
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
  map(cdf.data(), x.data(), side_by_side(n), Map::normal_cdf);
  map(gelu.data(), x.data(), side_by_side(n), Map::gelu);
  StridedLoop<3> walk;
  walk.sizes[0] = n;
  for (auto& steps : walk.steps)
    steps[0] = 1;
  zip(slope.data(), one.data(), x.data(), walk, Gradient::gelu);
  for (size_t i = 0; i < x.size(); ++i) {
    const auto v = static_cast<double>(x[i]);
    const double phi = 0.5 * std::erfc(-v / std::sqrt(2));
    const double density = std::exp(-v * v / 2) / std::sqrt(2 * M_PI);
    EXPECT_NEAR(static_cast<double>(cdf[i]), phi, 1e-7) << v;
    EXPECT_NEAR(static_cast<double>(gelu[i]), v * phi, 2e-7 * std::max(1.0, std::abs(v))) << v;
    EXPECT_NEAR(static_cast<double>(slope[i]), phi + v * density, 3e-7) << v;
  }
}

/// Every op, on every length up to a few vectors and in other layouts, gives an element the bits it
/// has alone.
TEST(Elementwise, AnElementsBitsDoNotDependOnItsPlace) {
  const auto x = numbers(70 * 3, 1);
  const auto other = numbers(70 * 3, 2);
  for (int op = 0; op <= static_cast<int>(Map::erf); ++op) {
    for (int64_t n = 0; n < 70; ++n) {
      std::vector<float> y(70, 7);
      std::vector<float> apart(210, 7);
      map(y.data(), x.data(), side_by_side(n), static_cast<Map>(op));
      StridedLoop<2> walk = side_by_side(n);
      walk.steps[0][0] = walk.steps[1][0] = 3;
      map(apart.data(), x.data(), walk, static_cast<Map>(op));
      for (int64_t i = 0; i < 70; ++i) {
        float alone = 7;
        float alone_apart = 7;
        const auto at = static_cast<size_t>(i);
        if (i < n) map(&alone, &x[at], side_by_side(1), static_cast<Map>(op));
        if (i < n) map(&alone_apart, &x[3 * at], side_by_side(1), static_cast<Map>(op));
        ASSERT_EQ(std::bit_cast<uint32_t>(y[at]), std::bit_cast<uint32_t>(alone))
            << op << " " << n << " " << i;
        ASSERT_EQ(std::bit_cast<uint32_t>(apart[3 * at]), std::bit_cast<uint32_t>(alone_apart))
            << op << " " << i;
      }
    }
  }
  const auto each = [&](auto* y, auto op, const auto& loop,
                        std::initializer_list<std::pair<int, int>> steps) {
    using Y = std::remove_pointer_t<decltype(y)>;
    for (const auto& [a_step, b_step] : steps) {
      for (int64_t n = 1; n < 70; ++n) {
        loop(y, x.data(), a_step, other.data(), b_step, n);
        for (int64_t i = 0; i < n; ++i) {
          Y alone{};
          loop(&alone, &x[static_cast<size_t>(i * a_step)], 1,
               &other[static_cast<size_t>(i * b_step)], 1, 1);
          ASSERT_EQ(std::memcmp(&alone, &y[i], sizeof(Y)), 0)
              << static_cast<int>(op) << " " << n << " " << i;
        }
      }
    }
  };
  const auto zip_loop = [&](auto* y, auto op) {
    const auto loop = [&](auto* to, const float* p, int64_t p_step, const float* q, int64_t q_step,
                          int64_t n) {
      GRADUS_DISPATCH(zip_vectors(op, to, p, p_step, q, q_step, n));
    };
    each(y, op, loop, {{1, 1}, {0, 1}, {1, 0}});
  };
  const auto gradient_loop = [&](float* y, Gradient op) {
    const auto loop = [&](float* to, const float* p, int64_t, const float* q, int64_t, int64_t n) {
      GRADUS_DISPATCH(gradient_vectors(op, to, p, q, n));
    };
    each(y, op, loop, {{1, 1}});
  };
  float y[70];
  bool flags[70];
  for (const Zip op : {Zip::add, Zip::sub, Zip::mul, Zip::div})
    zip_loop(y, op);
  for (int op = 0; op <= static_cast<int>(Gradient::gelu_tanh); ++op)
    gradient_loop(y, static_cast<Gradient>(op));
  for (int op = 0; op <= static_cast<int>(Compare::ge); ++op)
    zip_loop(flags, static_cast<Compare>(op));
  EXPECT_TRUE(flags[0] == (x[0] >= other[0]));
}

TEST(Elementwise, ChoosesByConditionAndCopiesTransposed) {
  const auto a = numbers(100, 1);
  const auto b = numbers(100, 2);
  bool condition[100];
  for (int i = 0; i < 100; ++i)
    condition[i] = i % 3 == 0;
  for (const auto& [a_step, b_step] :
       {std::pair{1, 1}, std::pair{0, 1}, std::pair{1, 0}, std::pair{0, 0}}) {
    std::vector<float> y(100);
    StridedLoop<4> walk;
    walk.sizes[0] = 100;
    walk.steps = {{{1}, {1}, {a_step}, {b_step}}};
    choose(y.data(), condition, a.data(), b.data(), walk);
    for (size_t i = 0; i < 100; ++i) {
      EXPECT_EQ(y[i], condition[i] ? a[i * static_cast<size_t>(a_step)]
                                   : b[i * static_cast<size_t>(b_step)]);
    }
  }
  for (const auto& [A, R, C] : {std::tuple{1, 16, 16}, std::tuple{3, 17, 35}, std::tuple{2, 100, 3},
                                std::tuple{1, 70, 129}}) {
    const auto x = numbers(A * R * C);
    const auto y = for_all_thread_counts([&, A = A, R = R, C = C] {
      std::vector<float> out(x.size());
      StridedLoop<2> walk;
      walk.dims = 3;
      walk.sizes = {A, R, C};
      walk.steps = {{{R * C, C, 1}, {R * C, 1, R}}};
      copy(out.data(), x.data(), walk);
      return out;
    });
    for (int64_t i = 0; i < A * R * C; ++i) {
      const int64_t block = i / (R * C);
      const int64_t r = i / C % R;
      const int64_t c = i % C;
      ASSERT_EQ(y[static_cast<size_t>(i)], x[static_cast<size_t>((block * C + c) * R + r)]);
    }
  }
}

}  // namespace
}  // namespace gradus::kernels
