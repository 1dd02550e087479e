// set_float32_matmul_precision("high"): with AMX every factor is split into two bfloat16 numbers;
// on other processors it is the same as "highest". tests/CMakeLists.txt runs this again for other
// instruction sets.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradus.h"
#include "tensor/kernels/isa.h"
#include "tensor/matmul_precision.h"
#include "tests/kernels_support.h"

namespace gradus::matmul_high_test {
namespace {

/// "high" while it exists.
struct High {
  High() { set_float32_matmul_precision("high"); }
  ~High() { set_float32_matmul_precision("highest"); }
};

/// Whether products are computed from two terms here.
bool splits() { return kernels::isa() == kernels::Isa::amx; }

/// A factor a loses at most 2^-16 |a| where its second term is rounded, and the product of the
/// second terms, at most 2^-8 2^-8 |a b|, is left out. The float32 sum adds three products for each
/// of the K.
double bound(int64_t K) {
  return 3.02 * std::ldexp(1.0, -16) + static_cast<double>(3 * K + 2) * std::ldexp(1.0, -24);
}

void expect_within_bound(const Tensor& a, const Tensor& b) {
  const Tensor got = matmul(a, b).to(kFloat64);
  const Tensor a64 = a.to(kFloat64);
  const Tensor b64 = b.to(kFloat64);
  const Tensor magnitudes = matmul(a64.abs(), b64.abs());
  const double of_denormals = std::ldexp(static_cast<double>(a.size(-1)), -149);
  const Tensor excess =
      (got - matmul(a64, b64)).abs() - magnitudes * bound(a.size(-1)) - of_denormals;
  EXPECT_LE(excess.max().item<double>(), 0) << a.sizes() << b.sizes();
}

/// randn in another layout: 0 rows, 1 columns, 2 neither are contiguous.
Tensor laid_out(int64_t rows, int64_t columns, int layout) {
  if (layout == 0) return randn({rows, columns});
  if (layout == 1) return randn({columns, rows}).t();
  return randn({rows, 2 * columns}).slice(1, 0, 2 * columns, 2);
}

TEST(MatmulHigh, IsWithinTheBoundOfTwoTerms) {
  manual_seed(1);
  const High high;
  const int64_t sizes[][3] = {{2, 9, 17},    {14, 32, 32},   {15, 33, 65},   {17, 16, 31},
                              {33, 31, 100}, {100, 70, 513}, {40, 90, 1030}, {1100, 40, 64}};
  for (const auto& [M, N, K] : sizes) {
    for (int layout = 0; layout < 9; ++layout)
      expect_within_bound(laid_out(M, K, layout / 3), laid_out(K, N, layout % 3));
  }
  // Numbers of very different sizes.
  const Tensor factors = pow(full({200}, 2.0F), arange(-40, 40, 0.4));
  expect_within_bound(randn({60, 200}) * factors, randn({200, 50}));
  expect_within_bound(randn({3, 2, 40, 33}), randn({2, 33, 50}));
  expect_within_bound(randn({4, 40, 33}), randn({33, 50}).expand({4, 33, 50}));
}

TEST(MatmulHigh, DiffersFromHighestWhereItSplits) {
  manual_seed(2);
  const Tensor a = randn({40, 50});
  const Tensor b = randn({50, 60});
  const Tensor highest = matmul(a, b);
  const High high;
  EXPECT_EQ(equal(matmul(a, b), highest), !splits());
}

TEST(MatmulHigh, GradientsAreWithinTheBound) {
  manual_seed(3);
  const High high;
  const Tensor x = randn({100, 130}).requires_grad_();
  const Tensor w = randn({70, 130}).requires_grad_();
  const Tensor dy = randn({100, 70});
  linear(x, w).backward(dy);
  const Tensor dy64 = dy.to(kFloat64);
  const auto excess = [](const Tensor& got, const Tensor& a, const Tensor& b) {
    const Tensor allowed = matmul(a.abs(), b.abs()) * bound(a.size(-1));
    return ((got.to(kFloat64) - matmul(a, b)).abs() - allowed).max().item<double>();
  };
  EXPECT_LE(excess(x.grad(), dy64, w.detach().to(kFloat64)), 0);
  EXPECT_LE(excess(w.grad(), dy64.t(), x.detach().to(kFloat64)), 0);
}

// Such a number would become infinite, or NaN, or count as 0 in its second term.
TEST(MatmulHigh, NumbersThatCannotBeSplitAreMultipliedInFloat32) {
  manual_seed(5);
  const float numbers[] = {std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity(),
                           std::numeric_limits<float>::quiet_NaN(),
                           -std::numeric_limits<float>::max(),
                           0x1.ffp127F,
                           std::numeric_limits<float>::denorm_min(),
                           -0x1p-127F,
                           0x1p-101F};
  for (const float number : numbers) {
    for (int layout = 0; layout < 3; ++layout) {
      for (const bool in_a : {true, false}) {
        const Tensor a = laid_out(33, 70, layout);
        const Tensor b = laid_out(70, 51, layout);
        (in_a ? a : b).index_put_({32, 50}, number);
        const Tensor highest = matmul(a, b);
        const High high;
        const Tensor y = matmul(a, b);
        EXPECT_TRUE(allclose(y, highest, 0, 0, /*equal_nan=*/true)) << number << " " << layout;
      }
    }
  }
}

TEST(MatmulHigh, SmallProductsAreNotLost) {
  manual_seed(6);
  const High high;
  expect_within_bound(randn({40, 50}) * 0x1p-80F, randn({50, 60}) * 0x1p-60F);
  expect_within_bound(randn({40, 50}) * 0x1p-70F, randn({50, 60}) * 0x1p100F);
  expect_within_bound(zeros({40, 50}), randn({50, 60}));
  const Tensor some = randn({40, 50}) * (rand({40, 50}) > 0.5).to(kFloat32);
  expect_within_bound(some, randn({50, 60}));
}

TEST(MatmulHigh, Float64IsNotAffected) {
  manual_seed(7);
  const Tensor a = randn({40, 50}, kFloat64);
  const Tensor b = randn({50, 60}, kFloat64);
  const Tensor before = matmul(a, b);
  const High high;
  EXPECT_TRUE(equal(matmul(a, b), before));
}

}  // namespace
}  // namespace gradus::matmul_high_test
