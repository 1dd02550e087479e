// Attention after set_float32_matmul_precision("medium"), against float64. tests/CMakeLists.txt
// runs this again for each kind of processor that has products of bfloat16 numbers.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gradus.h"
#include "tensor/kernels/gemm.h"
#include "tests/kernels_support.h"

namespace gradus::attention_precision_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Tensors = std::vector<Tensor>;

struct Precision {
  explicit Precision(const char* name) { set_float32_matmul_precision(name); }
  ~Precision() { set_float32_matmul_precision("highest"); }
};

/// The inputs of an attention in float32. All but dy may be views.
struct Inputs {
  Tensor q, k, v;  // (heads, L, D), (heads, S, D), (heads, S, Dv)
  Tensor dy;       // (heads, L, Dv)
  Tensor mask;     // (heads, L, S) or undefined
  bool causal = false;
  double dropout = 0;
  double scale = 0.25;  // a power of two, so q times scale is as exact as q
};

/// y, dq, dk and dv.
Tensors results_of(const Inputs& x) {
  Tensors leaves;
  for (const Tensor& t : {x.q, x.k, x.v})
    leaves.push_back(t.detach().requires_grad_());
  manual_seed(5);
  const Tensor y = scaled_dot_product_attention(leaves[0], leaves[1], leaves[2], x.mask, x.dropout,
                                                x.causal, x.scale);
  Tensors all = autograd::grad({y}, leaves, {x.dy});
  all.insert(all.begin(), y.detach());
  return all;
}

Tensor transposed(const Tensor& x) { return x.transpose(-2, -1); }

/// (heads, L, S): 1 where the query sees the key.
Tensor visible_keys(const Inputs& x) {
  const Tensor all = ones({x.q.size(0), x.q.size(1), x.k.size(1)}, kFloat64);
  if (x.causal) return all.tril();
  if (x.mask.defined() && x.mask.dtype() == kBool) return x.mask.to(kFloat64);
  return all;
}

/// The factors of dropout.
Tensor kept_factors(const Inputs& x) {
  manual_seed(5);
  return dropout(ones({x.q.size(0), x.q.size(1), x.k.size(1)}), x.dropout, true).to(kFloat64);
}

struct Expected {
  Tensors values;  // y, dq, dk, dv in float64
  Tensors bounds;  // of the errors of each number
};

/// The formulas of tensor/kernels/attention.h, and bounds for the errors of rounding. A factor of a
/// product is rounded by at most u = 2^-8 of itself: `of_inputs` is u, or 0 if the inputs are
/// bfloat16 numbers. With |A| the matrix of magnitudes and err(A) the bound for a matrix:
///
///   err(A B) = err(A) |B| + |A| err(B) + err(A) err(B)     err of a rounded A: u |A|
///
/// plus float32's rounding of a sum of K terms, at most (K + 8) 2^-23 of their magnitudes. An error
/// of at most e in all scores of a query changes its weights by factors within exp(-2 e) ...
/// exp(2 e): once in the numerator and once in the sum.
class Bounds {
 public:
  Bounds(const Inputs& x, double of_inputs) : of_inputs_(of_inputs) {
    const Tensor q = x.q.detach().to(kFloat64) * x.scale;
    const Tensor k = x.k.detach().to(kFloat64);
    const Tensor v = x.v.detach().to(kFloat64);
    const Tensor dy = x.dy.to(kFloat64);
    const Tensor Z = kept_factors(x);
    const Tensor P = weights(x, q, k);
    const Tensor most = product_bound(q, k) * visible_keys(x);
    // The relative error of P, that of float32's exp and sums included.
    const Tensor of_P =
        exp(2 * amax(most, -1, true)) * (1 + static_cast<double>(8 + 2 * k.size(1)) * kFloatUnit) -
        1;
    const Tensor err_P = of_P * P;
    const Tensor y = matmul(P * Z, v);
    const Tensor err_y = weighted(P * Z, err_P * Z, v, k.size(1));
    const Tensor dP = matmul(dy, transposed(v)) * Z;
    const Tensor err_dP = product_bound(dy, v) * Z;
    const Tensor delta = (dy * y).sum(-1, true);
    const double of_delta = of_inputs_ + static_cast<double>(v.size(2) + 8) * kFloatUnit;
    const Tensor err_delta =
        (dy.abs() * (of_delta * y.abs() + (1 + of_delta) * err_y)).sum(-1, true);
    const Tensor difference = dP - delta;
    const Tensor err_difference = err_dP + err_delta + 4 * kFloatUnit * (dP.abs() + delta.abs());
    const Tensor dS = P * difference;
    const Tensor err_dS =
        err_P * difference.abs() + (P + err_P) * err_difference + 4 * kFloatUnit * dS.abs();
    result_.values = {y, matmul(dS, k) * x.scale, matmul(transposed(dS), q),
                      matmul(transposed(P * Z), dy)};
    result_.bounds = {err_y, weighted(dS, err_dS, k, k.size(1)) * x.scale,
                      weighted(transposed(dS), transposed(err_dS), q, q.size(1)),
                      weighted(transposed(P * Z), transposed(err_P * Z), dy, q.size(1))};
  }
  const Expected& result() const { return result_; }

 private:
  static constexpr double kUnit = 0x1p-8;        // of bfloat16
  static constexpr double kFloatUnit = 0x1p-23;  // twice that of float32

  static Tensor weights(const Inputs& x, const Tensor& q, const Tensor& k) {
    Tensor scores = matmul(q, transposed(k));
    if (x.mask.defined() && x.mask.dtype() != kBool) scores = scores + x.mask.to(kFloat64);
    return masked_softmax(scores.masked_fill(visible_keys(x) == 0, -kInf));
  }
  /// err(a b^T) for inputs a and b.
  Tensor product_bound(const Tensor& a, const Tensor& b) const {
    const double of_factors = (1 + of_inputs_) * (1 + of_inputs_) - 1;
    return (of_factors + static_cast<double>(a.size(-1) + 8) * kFloatUnit) *
           matmul(a.abs(), transposed(b).abs());
  }
  /// err(w x) of K terms, for weights w that are rounded and an input x.
  Tensor weighted(const Tensor& w, const Tensor& err_w, const Tensor& x, int64_t K) const {
    const Tensor most = w.abs() + err_w;
    const Tensor err = err_w + kUnit * most;
    const double of_sums = static_cast<double>(K + 8) * kFloatUnit;
    return matmul(err, x.abs()) * (1 + of_inputs_) +
           matmul(most, x.abs()) * (of_inputs_ + 2 * of_sums);
  }

  double of_inputs_;
  Expected result_;
};

void expect_within_bounds(const Inputs& x, double of_inputs) {
  const Tensors got = results_of(x);
  const Bounds bounds(x, of_inputs);
  const auto& [values, most] = bounds.result();
  const char* names[] = {"y", "dq", "dk", "dv"};
  for (size_t i = 0; i < values.size(); ++i) {
    const Tensor errors = (got[i].to(kFloat64) - values[i]).abs();
    EXPECT_LE((errors - most[i]).max().item<double>(), 1e-30)
        << names[i] << ": largest error " << errors.max() << " of " << values[i].abs().max()
        << ", largest bound " << most[i].max();
  }
}

/// The nearest bfloat16 numbers.
Tensor rounded(const Tensor& x) {
  const Tensor y = x.contiguous().clone();
  for (int64_t i = 0; i < y.numel(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(y.data<float>()[i]);
    y.data<float>()[i] = std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
  }
  return y;
}

struct Sizes {
  int64_t L, S, D, Dv;
};
const std::vector<Sizes> kSizes{{3, 40, 16, 16},   {5, 1, 3, 2},      {7, 64, 17, 31},
                                {16, 16, 16, 16},  {33, 31, 1, 15},   {64, 64, 64, 64},
                                {65, 129, 40, 24}, {129, 65, 65, 1},  {130, 190, 12, 7},
                                {200, 70, 200, 3}, {195, 197, 19, 99}};

Inputs random_inputs(const Sizes& s, const std::string& kind) {
  Inputs x{.q = randn({3, s.L, s.D}),
           .k = randn({3, s.S, s.D}),
           .v = randn({3, s.S, s.Dv}),
           .dy = randn({3, s.L, s.Dv}),
           .mask = {}};
  const auto has = [&](const char* word) { return kind.find(word) != std::string::npos; };
  if (has("visible")) {
    x.mask = rand({3, s.L, s.S}) > 0.4;
    x.mask.select(1, s.L / 2).fill_(false);  // this query sees no key
  }
  if (has("padding")) x.mask = (rand({3, 1, s.S}) > 0.5).expand({3, s.L, s.S});
  if (has("added")) x.mask = randn({3, s.L, s.S});
  if (has("columns")) x.mask = transposed(transposed(x.mask).contiguous());
  x.causal = has("causal");
  x.dropout = has("dropout") ? 0.3 : 0;
  return x;
}

TEST(AttentionPrecision, MediumIsWithinTheBoundsOfRounding) {
  const Precision medium("medium");
  manual_seed(1);
  for (const Sizes& s : kSizes) {
    for (const std::string kind : {"plain", "causal", "visible", "visible, columns", "padding",
                                   "added", "added, columns", "dropout", "causal, dropout"}) {
      SCOPED_TRACE(fmt::format("L {}, S {}, D {}, Dv {}, {}", s.L, s.S, s.D, s.Dv, kind));
      Inputs x = random_inputs(s, kind);
      expect_within_bounds(x, 0x1p-8);
      for (Tensor* const input : {&x.q, &x.k, &x.v, &x.dy})
        *input = rounded(*input);
      expect_within_bounds(x, 0);
    }
  }
}

TEST(AttentionPrecision, ViewsOfOneTensor) {
  const Precision medium("medium");
  manual_seed(2);
  const int64_t T = 77;
  const int64_t D = 40;
  const Tensor qkv = rounded(randn({T, 3, 2, D}));
  const auto part = [&](int64_t i) { return qkv.select(1, i).transpose(0, 1); };  // (2, T, D)
  const Tensor dy = rounded(randn({T, 2, D})).transpose(0, 1);
  expect_within_bounds(
      {.q = part(0), .k = part(1), .v = part(2), .dy = dy, .mask = {}, .causal = true}, 0);
}

TEST(AttentionPrecision, MediumDiffersWhereTheProcessorHasSuchProducts) {
  manual_seed(3);
  const Inputs x = random_inputs({40, 50, 20, 30}, "plain");
  const Inputs few = random_inputs({4, 50, 20, 30}, "plain");
  const Tensors before = results_of(x);
  const Tensors few_before = results_of(few);
  {
    const Precision medium("medium");
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(!equal(results_of(x)[i], before[i]), kernels::has_bfloat16_products()) << i;
      EXPECT_TRUE(equal(results_of(few)[i], few_before[i])) << i;
    }
  }
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(equal(results_of(x)[i], before[i])) << i;
}

TEST(AttentionPrecision, Float64IsNotAffected) {
  manual_seed(4);
  Inputs x = random_inputs({40, 50, 20, 30}, "causal");
  for (Tensor* const input : {&x.q, &x.k, &x.v, &x.dy})
    *input = input->to(kFloat64);
  const Tensors before = results_of(x);
  const Precision medium("medium");
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(equal(results_of(x)[i], before[i])) << i;
}

TEST(AttentionPrecision, TheBitsDoNotDependOnTheThreads) {
  const Precision medium("medium");
  manual_seed(5);
  for (const Sizes& s : {Sizes{300, 1500, 24, 20}, Sizes{700, 300, 40, 33}}) {
    for (const std::string kind : {"plain", "causal, dropout"}) {
      const Inputs x = random_inputs(s, kind);
      kernels::for_all_thread_counts([&] {
        std::vector<float> numbers;
        for (const Tensor& result : results_of(x)) {
          const Tensor c = result.contiguous();
          numbers.insert(numbers.end(), c.data<float>(), c.data<float>() + c.numel());
        }
        return numbers;
      });
      expect_within_bounds(x, 0x1p-8);
    }
  }
}

// Scores of up to 1e4 have errors of up to 40: weights from scores of one precision and sums from
// those of the other would be wrong by many powers of e.
TEST(AttentionPrecision, TheBackwardHasThePrecisionOfItsForward) {
  manual_seed(6);
  Inputs x = random_inputs({50, 70, 64, 32}, "plain");
  x.q = x.q * 30;
  x.k = x.k * 30;
  x.dy = ones(x.dy.sizes());
  for (const auto& [forward, backward] :
       {std::pair{"medium", "highest"}, {"highest", "medium"}, {"medium", "medium"}}) {
    SCOPED_TRACE(fmt::format("forward {}, backward {}", forward, backward));
    Tensors leaves;
    for (const Tensor& input : {x.q, x.k, x.v})
      leaves.push_back(input.detach().requires_grad_());
    set_float32_matmul_precision(forward);
    const Tensors expected = results_of(x);
    const Tensor y =
        scaled_dot_product_attention(leaves[0], leaves[1], leaves[2], {}, 0, false, x.scale);
    set_float32_matmul_precision(backward);
    const Tensors got = autograd::grad({y}, leaves, {x.dy});
    set_float32_matmul_precision("highest");
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_TRUE(equal(got[i], expected[i + 1])) << i;
    // dv = P^T 1: the weights of each query sum to 1.
    const Tensor of_queries = got[2].to(kFloat64).sum(1) / 50;
    EXPECT_TRUE(allclose(of_queries, ones(of_queries.sizes(), kFloat64), 0, 0x1p-8)) << of_queries;
  }
}

TEST(AttentionPrecision, OneKeyWithAllTheWeight) {
  const Precision medium("medium");
  manual_seed(7);
  for (const int64_t L : {5, 150}) {
    Inputs x = random_inputs({L, 90, 17, 9}, "plain");
    x.q = x.q * 1e4;
    x.k = x.k * 1e4;
    const Tensors results = results_of(x);
    const double rounding = 1e-6 * 5e4;  // of float32 sums, times keys or queries
    EXPECT_LT(results[1].abs().max().item<float>(), rounding);
    EXPECT_LT(results[2].abs().max().item<float>(), rounding);
    const Tensor of_keys = results[3].sum(1);
    EXPECT_TRUE(allclose(of_keys, x.dy.sum(1), 0, 0x1p-8 * static_cast<double>(L)));
  }
}

TEST(AttentionPrecision, RowsThatSeeNothingAreZeros) {
  const Precision medium("medium");
  manual_seed(8);
  Inputs x = random_inputs({9, 70, 4, 5}, "plain");
  for (const Tensor& mask : {zeros({3, 9, 70}, kBool), full({3, 9, 70}, -kInf, kFloat32)}) {
    x.mask = mask;
    for (const Tensor& result : results_of(x))
      EXPECT_TRUE(equal(result, zeros(result.sizes())));
  }
}

bool has_nan(const Tensor& x) { return !equal(x, x); }

TEST(AttentionPrecision, NanAndInfinitiesPropagate) {
  const Precision medium("medium");
  manual_seed(9);
  for (const int64_t L : {5, 40}) {
    Inputs x = random_inputs({L, 50, 4, 4}, "plain");
    x.q.select(0, 1)[1][2] = std::nan("");
    Tensors results = results_of(x);
    for (int64_t i = 0; i < L; ++i) {
      EXPECT_EQ(has_nan(results[0].select(0, 1)[i]), i == 1) << i;
      EXPECT_EQ(has_nan(results[1].select(0, 1)[i]), i == 1) << i;
    }
    EXPECT_TRUE(has_nan(results[2].select(0, 1)[49]));
    for (const Tensor& result : results)
      EXPECT_FALSE(has_nan(result.select(0, 0)));
    x.q.select(0, 1)[1][2] = 1;
    x.v.select(0, 1)[49][3] = kInf;
    results = results_of(x);
    for (int64_t i = 0; i < L; ++i) {
      EXPECT_EQ(results[0].select(0, 1)[i][3].item<float>(), kInf) << i;
      EXPECT_TRUE(std::isfinite(results[0].select(0, 1)[i][2].item<float>())) << i;
    }
    // A key whose score is -inf for every query gets no weight. There are 32 - L % 32 queries fewer
    // than a panel holds: the product of the missing ones with it is NaN.
    x.v.select(0, 1)[49][3] = 0;
    x.q.fill_(1);
    x.k.select(0, 1)[20].fill_(-kInf);
    results = results_of(x);
    EXPECT_FALSE(has_nan(results[0]));
    EXPECT_TRUE(equal(results[3].select(0, 1)[20], zeros({4})));
    EXPECT_FALSE(has_nan(results[3]));
    x.k.select(0, 1)[20].fill_(std::nan(""));
    const Tensor y = results_of(x)[0];
    for (int64_t i = 0; i < L; ++i)
      EXPECT_TRUE(std::isnan(y.select(0, 1)[i][0].item<float>())) << i;
    // A key that no query sees.
    x.mask = ones({3, L, 50}, kBool);
    x.mask.select(2, 20).fill_(false);
    EXPECT_FALSE(has_nan(results_of(x)[0]));
  }
}

/// Leaves free memory in which all numbers are NaN. The last piece stays in use while the result is
/// alive, so that the others are not returned to the system.
std::unique_ptr<float[]> fill_free_memory_with_nan() {
  constexpr size_t kNumbers = 16'384;
  std::vector<std::unique_ptr<float[]>> pieces(100);
  for (auto& piece : pieces) {
    piece = std::make_unique<float[]>(kNumbers);
    std::fill_n(piece.get(), kNumbers, std::nanf(""));
  }
  return std::move(pieces.back());
}

TEST(AttentionPrecision, WhatWasInTheMemoryBeforeDoesNotMatter) {
  manual_seed(9);
  for (const char* const precision : {"highest", "medium"}) {
    const Precision chosen(precision);
    for (const Sizes& s : {Sizes{7, 64, 17, 31}, {33, 9, 8, 8}, {16, 40, 4, 4}, {40, 70, 33, 5}}) {
      for (const std::string kind :
           {"plain", "causal", "visible", "added", "dropout", "causal, dropout"}) {
        SCOPED_TRACE(
            fmt::format("{}: L {}, S {}, D {}, Dv {}, {}", precision, s.L, s.S, s.D, s.Dv, kind));
        const Inputs x = random_inputs(s, kind);
        const Tensors expected = results_of(x);
        const auto in_use = fill_free_memory_with_nan();
        const Tensors results = results_of(x);
        for (size_t i = 0; i < results.size(); ++i) {
          EXPECT_FALSE(has_nan(expected[i])) << i;
          EXPECT_TRUE(equal(results[i], expected[i])) << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradus::attention_precision_test
