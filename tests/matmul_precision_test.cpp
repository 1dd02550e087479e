// set_float32_matmul_precision: factors rounded to bfloat16. tests/CMakeLists.txt runs this again
// for each kind of processor that has such products.
#include "tensor/matmul_precision.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "gradus.h"
#include "tensor/kernels/few_rows.h"
#include "tensor/kernels/gemm.h"
#include "tests/expect_error.h"
#include "tests/kernels_support.h"

namespace gradus::matmul_precision_test {
namespace {

using kernels::Matrix;

struct Medium {
  Medium() { set_float32_matmul_precision("medium"); }
  ~Medium() { set_float32_matmul_precision("highest"); }
  const int threads = get_num_threads();
};

/// The nearest bfloat16 number, ties to even: by addition of half a unit of the last place, or a
/// little less if the last bit is 0.
float rounded(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

/// A matrix of rows x columns in memory, with one of three orders.
Matrix<const float> ordered(const std::vector<float>& data, int64_t rows, int64_t columns,
                            int order) {
  if (order == 0) return {data.data(), columns, 1};
  if (order == 1) return {data.data(), 1, rows};
  return {data.data(), 3 * columns, 3};
}

struct Product {
  int64_t M;
  int64_t N;
  int64_t K;
  int a_order;
  int b_order;
  bool has_start;
};

/// Compares a product with the sums of products of rounded numbers in double: what remains is the
/// rounding of float32 sums. `c_col` is the distance of the columns of C.
void compare(const Product& p, int64_t c_col) {
  const auto [M, N, K, a_order, b_order, has_start] = p;
  const std::vector<float> a = kernels::numbers(3 * M * K, 1);
  const std::vector<float> b = kernels::numbers(3 * K * N, 2);
  const std::vector<float> bias = kernels::numbers(N, 3);
  const Matrix<const float> A = ordered(a, M, K, a_order);
  const Matrix<const float> B = ordered(b, K, N, b_order);
  const Matrix<const float> start{has_start ? bias.data() : nullptr, 0, 1};
  const int64_t c_row = c_col * N + 3;
  std::vector<float> c(static_cast<size_t>(M * c_row), 7);
  kernels::gemm<float>({c.data(), c_row, c_col}, A, B, M, N, K, start);
  // What is computed in float32 is more precise: a C without contiguous columns, a few rows or
  // columns.
  const bool is_few = kernels::are_few_rows(M, K) && A.col_stride == 1 && B.row_stride == 1;
  const bool is_rounded = kernels::has_bfloat16_products() && c_col == 1 && M > 1 && N > 1 &&
                          !is_few && M * N * K > 200;
  const double of_factors = is_rounded ? 0 : std::ldexp(1.0, -8) + std::ldexp(1.0, -17);
  const double of_sums = static_cast<double>(K) * std::ldexp(1.0, -24);
  for (int64_t i = 0; i < M; ++i) {
    for (int64_t j = 0; j < N; ++j) {
      double expected = has_start ? double{bias[static_cast<size_t>(j)]} : 0;
      double magnitude = std::abs(expected);
      for (int64_t k = 0; k < K; ++k) {
        const double term = double{rounded(A.data[i * A.row_stride + k * A.col_stride])} *
                            double{rounded(B.data[k * B.row_stride + j * B.col_stride])};
        expected += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(c[static_cast<size_t>(i * c_row + j * c_col)], expected,
                  magnitude * (of_factors + of_sums))
          << M << " " << N << " " << K << " orders " << a_order << " " << b_order << " at " << i
          << " " << j;
    }
    for (int64_t j = c_col * N; j < c_row; ++j)
      ASSERT_EQ(c[static_cast<size_t>(i * c_row + j)], 7) << "written beyond the columns";
  }
}

TEST(MatmulPrecision, MediumMultipliesRoundedNumbers) {
  const Medium medium;
  const int64_t sizes[][3] = {{2, 9, 17},    {14, 32, 32},   {15, 33, 65},    {17, 16, 31},
                              {33, 31, 100}, {100, 70, 513}, {40, 290, 1030}, {530, 40, 64}};
  for (const auto& [M, N, K] : sizes) {
    for (int order = 0; order < 9; ++order)
      compare({M, N, K, order / 3, order % 3, order % 2 == 0}, 1);
    compare({M, N, K, 0, 1, false}, 2);
  }
}

/// Small whole numbers are bfloat16 numbers, and their sums are exact in any order. The sizes have
/// several strips of rows, parts of the depth, passes over it, and columns that are kept packed.
TEST(MatmulPrecision, LargeProductsOfWholeNumbersAreExact) {
  const Medium medium;
  for (const Shape& size : {Shape{260, 2100, 1024}, Shape{521, 260, 2100}, Shape{1100, 150, 300},
                            Shape{290, 300, 400}, Shape{200, 300, 900}, Shape{200, 1024, 900}}) {
    const Tensor a = randint(-4, 5, {size[0], size[2]}).to(kFloat32);
    const Tensor b = randint(-4, 5, {size[2], size[1]}).to(kFloat32);
    const Tensor bias = randint(-4, 5, {size[1]}).to(kFloat32);
    const Tensor a_in_columns = a.t().contiguous().t();
    const Tensor b_in_columns = b.t().contiguous().t();
    const Tensor expected = matmul(a.to(kFloat64), b.to(kFloat64)).to(kFloat32);
    for (const int threads : {1, 2}) {  // one thread has all columns, more than are kept at a time
      set_num_threads(threads);
      for (const char* const precision : {"medium", "high"}) {
        set_float32_matmul_precision(precision);
        EXPECT_TRUE(equal(matmul(a, b), expected)) << precision;
        EXPECT_TRUE(equal(matmul(a_in_columns, b), expected)) << precision;
        EXPECT_TRUE(equal(linear(a, b_in_columns.t(), bias), expected + bias)) << precision;
        EXPECT_TRUE(equal(matmul(a_in_columns, b_in_columns), expected)) << precision;
      }
    }
    set_num_threads(medium.threads);
  }
}

/// So large that C is prefetched: in one part of the depth, in several, and for several strips.
TEST(MatmulPrecision, LargeResultsOfWholeNumbersAreExact) {
  const Medium medium;
  set_num_threads(1);
  for (const Shape& size : {Shape{300, 14001, 40}, Shape{290, 14001, 400}, Shape{800, 5100, 130}}) {
    const Tensor a = randint(-4, 5, {size[0], size[2]}).to(kFloat32);
    const Tensor b = randint(-4, 5, {size[2], size[1]}).to(kFloat32);
    const Tensor expected = matmul(a.to(kFloat64), b.to(kFloat64)).to(kFloat32);
    for (const char* const precision : {"medium", "high"}) {
      set_float32_matmul_precision(precision);
      EXPECT_TRUE(equal(matmul(a, b), expected)) << precision;
    }
  }
  set_num_threads(medium.threads);
}

TEST(MatmulPrecision, TheBitsDoNotDependOnTheThreads) {
  const Medium medium;
  for (const Shape& size : {Shape{300, 200, 1000}, Shape{64, 1000, 90}, Shape{1100, 30, 70}}) {
    const Tensor a = randn({size[0], size[2]});
    const Tensor b = randn({size[2], size[1]});
    for (const char* const precision : {"medium", "high"}) {
      set_float32_matmul_precision(precision);
      set_num_threads(1);
      const Tensor one = matmul(a, b);
      for (const int threads : {2, 3, 5}) {
        set_num_threads(threads);
        EXPECT_TRUE(equal(matmul(a, b), one)) << precision << ", " << threads << " threads";
      }
    }
    set_num_threads(medium.threads);
  }
}

/// |x|, |dx| and so on against float64. A factor is rounded by at most 2^-8 of itself, so a product
/// by 2^-7 + 2^-16, and the float32 sum of K products by K 2^-24 of the sum of their magnitudes. In
/// sums of 33 and more random products the roundings cancel to less than half of that.
void expect_within_bound(const Tensor& got, const Tensor& expected, const Tensor& magnitudes,
                         int64_t K) {
  const double bound = std::ldexp(1.0, -8) + std::ldexp(1.0, -18) +
                       static_cast<double>(K + 1) * std::ldexp(1.0, -24);
  const Tensor excess = (got.to(kFloat64) - expected).abs() - bound * magnitudes;
  EXPECT_LE(excess.max().item<double>(), 0);
}

TEST(MatmulPrecision, LinearAndItsGradientsAreWithinTheBoundOfRounding) {
  const Medium medium;
  const int64_t T = 50;
  const int64_t C = 130;
  const int64_t out = 70;
  const Tensor x = randn({2, T, C}).requires_grad_();
  const Tensor w = randn({out, C}).requires_grad_();
  const Tensor bias = randn({out}).requires_grad_();
  const Tensor dy = randn({2, T, out});
  const Tensor y = linear(x, w, bias);
  y.backward(dy);
  const Tensor x64 = x.detach().to(kFloat64).view({2 * T, C});
  const Tensor w64 = w.detach().to(kFloat64);
  const Tensor dy64 = dy.to(kFloat64).view({2 * T, out});
  const Tensor bias64 = bias.detach().to(kFloat64);
  expect_within_bound(y.detach().view({2 * T, out}), matmul(x64, w64.t()) + bias64,
                      matmul(x64.abs(), w64.abs().t()) + bias64.abs(), C);
  expect_within_bound(x.grad().view({2 * T, C}), matmul(dy64, w64), matmul(dy64.abs(), w64.abs()),
                      out);
  expect_within_bound(w.grad(), matmul(dy64.t(), x64), matmul(dy64.abs().t(), x64.abs()), 2 * T);
  const bool differs = !equal(y.detach().view({2 * T, out}).to(kFloat32), [&] {
    set_float32_matmul_precision("highest");
    return linear(x.detach(), w.detach(), bias.detach()).view({2 * T, out});
  }());
  EXPECT_EQ(differs, kernels::has_bfloat16_products());
}

TEST(MatmulPrecision, BatchedProducts) {
  const Medium medium;
  const Tensor a = randn({3, 2, 40, 33});
  const Tensor b = randn({2, 33, 50});
  const Tensor a64 = a.to(kFloat64);
  const Tensor b64 = b.to(kFloat64);
  expect_within_bound(matmul(a, b), matmul(a64, b64), matmul(a64.abs(), b64.abs()), 33);
  const Tensor columns = a.transpose(-2, -1);  // (3, 2, 33, 40)
  expect_within_bound(matmul(columns, a), matmul(columns.to(kFloat64), a64),
                      matmul(columns.to(kFloat64).abs(), a64.abs()), 40);
}

float number(const Tensor& x, int64_t i, int64_t j) { return x.index({i, j}).item<float>(); }

TEST(MatmulPrecision, InfinitiesAndNanPropagate) {
  const Medium medium;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Tensor a = ones({20, 40});
  Tensor b = ones({40, 20});
  a.index_put_({0, 39}, kInfinity);
  a.index_put_({1, 0}, kNan);
  b.index_put_({5, 7}, -kInfinity);
  // The largest float32 is rounded up to infinity, as in every conversion to bfloat16.
  a.index_put_({2, 3}, std::numeric_limits<float>::max());
  const Tensor y = matmul(a, b);
  EXPECT_EQ(number(y, 0, 0), kInfinity);
  EXPECT_TRUE(std::isnan(number(y, 0, 7)));
  EXPECT_TRUE(std::isnan(number(y, 1, 3)));
  EXPECT_EQ(number(y, 3, 7), -kInfinity);
  EXPECT_EQ(number(y, 3, 6), 40);
}

TEST(MatmulPrecision, Float64IsNotAffected) {
  const Tensor a = randn({40, 50}, kFloat64);
  const Tensor b = randn({50, 60}, kFloat64);
  const Tensor before = matmul(a, b);
  const Medium medium;
  EXPECT_TRUE(equal(matmul(a, b), before));
}

TEST(MatmulPrecision, NamesAreThoseOfPyTorch) {
  EXPECT_EQ(get_float32_matmul_precision(), "highest");
  for (const char* name : {"high", "medium", "highest"}) {
    set_float32_matmul_precision(name);
    EXPECT_EQ(get_float32_matmul_precision(), name);
  }
  expect_error([] { set_float32_matmul_precision("low"); },
               "set_float32_matmul_precision: expected highest, high or medium, got 'low'");
}

}  // namespace
}  // namespace gradus::matmul_precision_test
