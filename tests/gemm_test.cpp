#include "tensor/kernels/gemm.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/kernels/few_rows.h"
#include "tests/kernels_support.h"

namespace gradus::kernels::gemm_test {
namespace {

TEST(Parallel, CoversEveryNumberOnce) {
  for (int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    EXPECT_EQ(get_num_threads(), threads);
    for (int64_t n : {0, 1, 2, 7, 8, 9, 1000}) {
      for (int64_t grain : {0, 1, 3, 2000}) {
        std::vector<int> seen(static_cast<size_t>(n));
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          EXPECT_LT(begin, end);
          for (int64_t i = begin; i < end; ++i)
            ++seen[static_cast<size_t>(i)];
        });
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), n) << n << " by " << grain;
      }
    }
  }
  set_num_threads(2);
}

TEST(Parallel, InsideAnotherRunsInOneChunk) {
  set_num_threads(2);
  std::vector<int> calls(8);
  parallel_for(8, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      parallel_for(100, 1, [&](int64_t, int64_t) { ++calls[static_cast<size_t>(i)]; });
    }
  });
  EXPECT_EQ(calls, std::vector<int>(8, 1));
}

// Each shape is tried with all strides of A, B and C, and with each kind of start: none, C itself,
// two kinds of bias.
template <class T>
void compare_gemm(int64_t M, int64_t N, int64_t K) {
  // Up to 256 terms are added in T. Where all terms are equal, all roundings may go the same way.
  const double tolerance =
      64 * static_cast<double>(K) * static_cast<double>(std::numeric_limits<T>::epsilon());
  const auto a = numbers<T>(std::max<int64_t>(M * K, 1), 3);
  const auto b = numbers<T>(std::max<int64_t>(K * N, N + 1), 4);
  const Matrix<const T> as[] = {
      {a.data(), K, 1}, {a.data(), 1, M}, {a.data(), 0, 1}, {a.data(), 1, 0}};
  const Matrix<const T> bs[] = {
      {b.data(), N, 1}, {b.data(), 1, K}, {b.data(), 0, 1}, {b.data(), 0, 0}};
  const Matrix<const T> biases[] = {{b.data(), 0, 1}, {b.data(), 0, 0}};
  const int64_t strides[][2] = {{N + 3, 1}, {1, M}, {2 * N + 1, 2}};
  for (const auto& A : as) {
    for (const auto& B : bs) {
      for (const auto& [row, col] : strides) {
        for (const size_t added : {0U, 1U, 2U, 3U}) {
          const auto size = static_cast<size_t>((M + 1) * row + (N + 1) * col);
          std::vector<T> expected(size, T(7));
          std::vector<T> c(size, T(7));
          const auto start = [&, row = row, col = col](const std::vector<T>& onto) {
            return added == 0   ? Matrix<const T>{}
                   : added == 1 ? Matrix<const T>{onto.data(), row, col}
                                : biases[added - 2];
          };
          gemm_reference<T>({expected.data(), row, col}, A, B, M, N, K, start(expected));
          gemm<T>({c.data(), row, col}, A, B, M, N, K, start(c));
          double worst = 0;
          for (size_t i = 0; i < size; ++i) {
            worst = std::max(
                worst, std::abs(static_cast<double>(c[i]) - static_cast<double>(expected[i])));
          }
          ASSERT_LE(worst, tolerance) << M << " " << N << " " << K << " strides " << A.row_stride
                                      << " " << A.col_stride << " " << B.row_stride << " "
                                      << B.col_stride << " " << row << " " << col << " " << added;
        }
      }
    }
  }
}

TEST(Gemm, EqualsTheReferenceOnOddSizes) {
  const int64_t sizes[][3] = {
      {1, 1, 1},   {3, 2, 3},    {1, 65, 33},  {65, 1, 33},   {2, 33, 17},  {5, 31, 9},
      {13, 29, 7}, {14, 32, 16}, {15, 33, 17}, {28, 64, 300}, {29, 97, 13}, {253, 35, 19},
      {6, 16, 40}, {7, 17, 257}, {4, 100, 50}, {19, 8, 515},  {1, 40, 600}, {300, 70, 5}};
  for (const auto& [M, N, K] : sizes) {
    compare_gemm<float>(M, N, K);
    compare_gemm<double>(M, N, K);
  }
}

// Up to eight rows times contiguous columns: every number of columns up to two groups of streams,
// rows with and without a rest that is shorter than a vector, and rows so long that their sums are
// added in double, for all numbers of threads.
template <class T>
void compare_few_rows(int64_t M, int64_t N, int64_t K) {
  const auto a = numbers<T>(M * (K + 1), 3);
  const auto w = numbers<T>(N * (K + 3), 4);
  const auto bias = numbers<T>(N, 5);
  const Matrix<const T> A{a.data(), K + 1, 1};
  const Matrix<const T> W{w.data(), K + 3, 1};
  const Matrix<const T> start{bias.data(), 0, 1};
  std::vector<T> expected(static_cast<size_t>(M * N));
  gemm_reference<T>({expected.data(), N, 1}, A, {w.data(), 1, K + 3}, M, N, K, start);
  const auto c = for_all_thread_counts([&] {
    std::vector<T> out(expected.size());
    multiply_few_rows<T, T>({{out.data(), N, 1}, A, W, start, M, N, K});
    return out;
  });
  const double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
  for (size_t i = 0; i < c.size(); ++i)
    ASSERT_NEAR(c[i], expected[i], 8 * std::sqrt(static_cast<double>(K)) * epsilon + epsilon)
        << M << " " << N << " " << K << " " << i;
  // gemm may compute it in another way.
  const auto product = for_all_thread_counts([&] {
    std::vector<T> out(expected.size());
    gemm<T>({out.data(), N, 1}, A, {w.data(), 1, K + 3}, M, N, K, start);
    return out;
  });
  for (size_t i = 0; i < c.size(); ++i)
    ASSERT_NEAR(product[i], expected[i], 64 * static_cast<double>(K) * epsilon + epsilon)
        << M << " " << N << " " << K << " " << i;
}
TEST(Gemm, FewRowsTimesContiguousColumns) {
  for (int64_t M = 1; M <= kFewRows; ++M) {
    for (const int64_t K : {0, 1, 15, 16, 17, 127, 128, 129, 300}) {
      for (const int64_t N : {1, 2, 3, 4, 5, 7, 8, 9, 101}) {
        compare_few_rows<float>(M, N, K);
        compare_few_rows<double>(M, N, K);
      }
    }
    compare_few_rows<float>(M, 1001, 1027);
    compare_few_rows<double>(M, 1001, 1027);
    for (const int64_t K : {1024, 2049, 4096, 4101, 8193}) {
      compare_few_rows<float>(M, 5, K);
      compare_few_rows<double>(M, 5, K);
    }
  }
}

TEST(Gemm, EmptySizes) {
  compare_gemm<float>(0, 3, 4);
  compare_gemm<float>(3, 0, 4);
  compare_gemm<float>(3, 4, 0);
  std::vector<float> c(40 * 40, 5);
  gemm<float>({c.data(), 40, 1}, {nullptr, 0, 1}, {nullptr, 40, 1}, 40, 40, 0, {c.data(), 40, 1});
  EXPECT_EQ(c, std::vector<float>(1600, 5));
  gemm<float>({c.data(), 40, 1}, {nullptr, 0, 1}, {nullptr, 40, 1}, 40, 40, 0, {});
  EXPECT_EQ(c, std::vector<float>(1600, 0));
}

/// A copy of a matrix with the given strides, which begins at a cache line or `off` numbers after
/// one.
template <class T>
struct Placed {
  std::vector<T> memory;
  Matrix<const T> matrix;

  Placed(const Matrix<const T>& from, int64_t rows, int64_t columns, int64_t row, int64_t col,
         size_t off) {
    memory.resize(static_cast<size_t>((rows - 1) * row + (columns - 1) * col) + 1 + off + 64);
    const size_t line = (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64 / sizeof(T);
    T* const to = memory.data() + line + off;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        to[i * row + j * col] = from.data[i * from.row_stride + j * from.col_stride];
    matrix = {to, row, col};
  }
  Placed(const Placed&) = delete;  // a copy would have another alignment
  Placed& operator=(const Placed&) = delete;
};

// Operands so large that their strides and alignment decide whether they are packed: rows that
// share one set of the L1 cache, and not; rows and columns aligned to vectors, and not; no
// contiguous dimension.
template <class T>
void compare_large() {
  const int64_t M = 60;
  const int64_t N = 320;
  const int64_t K = 2048;
  const auto a = numbers<T>(M * K, 3);
  const auto b = numbers<T>(K * N, 4);
  const auto onto = numbers<T>(M * N, 5);
  const Matrix<const T> A{a.data(), K, 1};
  const Matrix<const T> B{b.data(), N, 1};
  const Matrix<const T> starts[] = {{}, {onto.data(), N, 1}, {b.data(), 0, 1}};
  const Placed<T> as[] = {{A, M, K, K, 1, 0},
                          {A, M, K, K + 16, 1, 1},
                          {A, M, K, 1, M + 4, 0},
                          {A, M, K, 1, M + 4, 1},
                          {A, M, K, 2, 2 * M, 0}};
  const Placed<T> bs[] = {
      {B, K, N, N, 1, 0}, {B, K, N, N, 1, 1}, {B, K, N, N + 1, 1, 0}, {B, K, N, 1, K, 0}};
  for (size_t added = 0; added < 3; ++added) {
    std::vector<T> expected(static_cast<size_t>(M * N));
    gemm_reference<T>({expected.data(), N, 1}, A, B, M, N, K, starts[added]);
    for (size_t i = 0; i < std::size(as); ++i)
      for (size_t j = 0; j < std::size(bs); ++j) {
        const auto c = for_all_thread_counts([&] {
          std::vector<T> out = onto;
          const Matrix<const T> start =
              added == 1 ? Matrix<const T>{out.data(), N, 1} : starts[added];
          gemm<T>({out.data(), N, 1}, as[i].matrix, bs[j].matrix, M, N, K, start);
          return out;
        });
        double worst = 0;
        for (size_t n = 0; n < c.size(); ++n)
          worst = std::max(worst,
                           std::abs(static_cast<double>(c[n]) - static_cast<double>(expected[n])));
        EXPECT_LE(worst, 1000 * static_cast<double>(std::numeric_limits<T>::epsilon()))
            << "A " << i << ", B " << j << ", start " << added;
      }
  }
}

TEST(Gemm, LargeOperandsOfAnyStrides) {
  compare_large<float>();
  compare_large<double>();
}

TEST(Gemm, SameBitsForAnyNumberOfThreads) {
  const auto a = numbers(301 * 517);
  const auto b = numbers(517 * 203, 2);
  for (int64_t M : {1, 4, 61, 301}) {
    for (int64_t N : {1, 31, 203}) {
      for_all_thread_counts([&] {
        std::vector<float> c(static_cast<size_t>(M * N));
        gemm<float>({c.data(), N, 1}, {a.data(), 517, 1}, {b.data(), N, 1}, M, N, 517, {});
        return c;
      });
    }
  }
}

TEST(Gemm, NanAndInfinityGoThroughZeros) {
  for (int64_t n : {3, 40}) {
    std::vector<float> a(static_cast<size_t>(n * n));
    std::vector<float> b(a);
    std::vector<float> c(a);
    b[0] = std::numeric_limits<float>::quiet_NaN();
    b[1] = std::numeric_limits<float>::infinity();
    b[2] = 1;
    gemm<float>({c.data(), n, 1}, {a.data(), n, 1}, {b.data(), n, 1}, n, n, n, {});
    for (int64_t m = 0; m < n; ++m) {
      EXPECT_TRUE(std::isnan(c[static_cast<size_t>(m * n)]));
      EXPECT_TRUE(std::isnan(c[static_cast<size_t>(m * n + 1)]));
      EXPECT_EQ(c[static_cast<size_t>(m * n + 2)], 0);
    }
  }
}

TEST(Gemm, LongProductsDoNotSaturate) {
  const float one = 1;
  float c[4];
  const int64_t K = int64_t{1} << 25;
  gemm<float>({c, 1, 1}, {&one, 0, 0}, {&one, 0, 0}, 1, 1, K, {});
  EXPECT_EQ(c[0], static_cast<float>(K));
  gemm<float>({c, 2, 1}, {&one, 0, 0}, {&one, 0, 0}, 2, 2, K, {});
  EXPECT_EQ(c[3], static_cast<float>(K));
  const std::vector<float> ones(static_cast<size_t>(K), 1);
  gemm<float>({c, 1, 1}, {ones.data(), K, 1}, {ones.data(), 1, K}, 1, 1, K, {});
  EXPECT_EQ(c[0], static_cast<float>(K));
}

TEST(Gemm, IntegersAreExactAndWrap) {
  const std::vector<int64_t> a = {1, 2, 3, 4};
  const std::vector<int64_t> big = {std::numeric_limits<int64_t>::max()};
  const std::vector<int64_t> two = {2};
  std::vector<int64_t> c(4, 100);
  gemm<int64_t>({c.data(), 2, 1}, {a.data(), 2, 1}, {a.data(), 1, 2}, 2, 2, 2, {c.data(), 2, 1});
  EXPECT_EQ(c, (std::vector<int64_t>{105, 111, 111, 125}));
  gemm<int64_t>({c.data(), 1, 1}, {big.data(), 1, 1}, {two.data(), 1, 1}, 1, 1, 1, {});
  EXPECT_EQ(c[0], -2);
}

TEST(Gemm, BatchesEqualSingleProducts) {
  for (int64_t size : {3, 17, 70}) {
    const int64_t batch = 6;
    const int64_t n = size * size;
    const auto a = numbers(batch * n);
    const auto b = numbers(n, 2);
    std::vector<int64_t> offsets;
    std::vector<int64_t> zeros(static_cast<size_t>(batch));
    for (int64_t i = 0; i < batch; ++i)
      offsets.push_back(i * n);
    std::vector<float> expected(static_cast<size_t>(batch * n));
    for (int64_t i = 0; i < batch; ++i) {
      gemm<float>({&expected[static_cast<size_t>(i * n)], size, 1},
                  {&a[static_cast<size_t>(i * n)], 1, size}, {b.data(), size, 1}, size, size, size,
                  {});
    }
    const auto products = [&](std::vector<float>& out, const Matrix<const float>& start) {
      return BatchedGemm<float>{.C = {out.data(), size, 1},
                                .A = {a.data(), 1, size},
                                .B = {b.data(), size, 1},
                                .start = start,
                                .c_offsets = offsets.data(),
                                .a_offsets = offsets.data(),
                                .b_offsets = zeros.data(),
                                .batch = batch,
                                .M = size,
                                .N = size,
                                .K = size};
    };
    const auto c = for_all_thread_counts([&] {
      std::vector<float> out(expected.size(), 9);
      batched_gemm(products(out, {}));
      return out;
    });
    EXPECT_TRUE(same_bits(c, expected)) << size;
    std::vector<float> twice = c;
    batched_gemm(products(twice, {twice.data(), size, 1}));
    for (size_t i = 0; i < c.size(); ++i)
      ASSERT_NEAR(twice[i], 2 * c[i], 1e-3) << size << " at " << i;
  }
}

}  // namespace
}  // namespace gradus::kernels::gemm_test
