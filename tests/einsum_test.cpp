// Diagonals, bmm and einsum: wrong calls with their messages, and what einsum computes.
#include <gtest/gtest.h>

#include "tests/errors_support.h"

namespace gradus::einsum_test {
using namespace wrong_calls;
namespace {

TEST(Einsum, WrongCallsOfDiagonalsAndBatchesAreErrors) {
  const auto zeros_of = [](const Shape& sizes) { return zeros(sizes); };
  expect_errors({
      {[] { vector.diagonal(); }, "diagonal: expected at least two dimensions, got [3]"},
      {[] { x.diagonal(0, 2); },
       "diagonal: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { x.diagonal(0, 1, -1); }, "diagonal: dim1 and dim2 are the same dimension 1 of [2, 3]"},
      {[=] {
         zeros_of({1, 2, 3}).diag();
       },
       "diag: expected a vector or a matrix, got [1, 2, 3]"},
      {[] { vector.diag(kLeast); },
       "diag: a matrix with a diagonal -9223372036854775808 from the main one is more than memory "
       "can hold"},
      {[] { vector.diag(int64_t{1} << 40); },
       "diag: a tensor of shape [1099511627779, 1099511627779] has more elements than can be "
       "counted"},
      {[] { vector.trace(); }, "trace: expected a matrix, got [3]"},
      {[] { mask.trace(); },
       "trace: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)"},
      {[] { x.mm(x); }, "mm: [2, 3] x [2, 3] - the 3 columns of a do not meet the 2 rows of b"},
      {[] { x.mm(vector); }, "mm: expected two matrices, got [2, 3] and [3]"},
      {[=] {
         x.mm(zeros({3, 1}, kFloat64));
       },
       "mm: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { mm(mask, mask.t()); },
       "mm: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)"},
      {[] { mm(x, undefined); }, kUndefined},
      {[] { x.bmm(x); }, "bmm: expected two batches of matrices, got [2, 3] and [2, 3]"},
      {[=] {
         zeros_of({2, 1, 3}).bmm(zeros_of({1, 3, 2}));
       },
       "bmm: [2, 1, 3] x [1, 3, 2] - the batches have 2 and 1 matrices"},
      {[=] {
         zeros_of({2, 1, 3}).bmm(zeros_of({2, 2, 2}));
       },
       "bmm: [2, 1, 3] x [2, 2, 2] - the 3 columns of a do not meet the 2 rows of b"},
      {[=] {
         zeros_of({2, 1, 3}).bmm(zeros({2, 3, 1}, kFloat64));
       },
       "bmm: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { trace(undefined); }, kUndefined},
  });
}

TEST(Einsum, WrongEquationsAreErrors) {
  const auto call = [](const std::string& equation, const std::vector<Tensor>& operands) {
    return [=] { einsum(equation, operands); };
  };
  expect_errors({
      {call("i1->i", {x}), "einsum: '1' in \"i1->i\" is not a letter"},
      {call("ij->i->j", {x}), "einsum: '-' in \"ij->i->j\" is not a letter"},
      {call("ij->i,j", {x}), "einsum: ',' in \"ij->i,j\" is not a letter"},
      {call("i..j", {x}), "einsum: a '.' in \"i..j\" is not part of an ellipsis (...)"},
      {call("i....", {x}), "einsum: a '.' in \"i....\" is not part of an ellipsis (...)"},
      {call("...i...", {x}), "einsum: \"...i...\" of \"...i...\" has two ellipses"},
      {call("ij", {x, x}), "einsum: \"ij\" has 1 operands, got 2"},
      {call("ij,jk", {x}), "einsum: \"ij,jk\" has 2 operands, got 1"},
      {call("", {}), "einsum: \"\" has 1 operands, got 0"},
      {call("ijk", {x}), "einsum: \"ijk\" names 3 dimensions of operand 0, which is [2, 3]"},
      {call("ij,i", {x, x}), "einsum: \"ij,i\" names 1 dimensions of operand 1, which is [2, 3]"},
      {call("...ijk", {x}), "einsum: \"...ijk\" names 3 dimensions of operand 0, which is [2, 3]"},
      {call("ii", {x}), "einsum: the sizes of 'i', which \"ii\" repeats in operand 0, are 2 and 3"},
      {call("ij,jk", {x, x}), "einsum: 'j' of \"ij,jk\" has size 2 in operand 1, and 3 before"},
      {call("...i,...i", {x, x.t()}),
       "einsum: dimension -1 of the ellipsis of \"...i,...i\" has size 3 in operand 1, and 2 "
       "before"},
      {call("...i,...j", {x, x.t()}),
       "einsum: dimension -1 of the ellipsis of \"...i,...j\" has size 3 in operand 1, and 2 "
       "before"},
      {call("ij->ik", {x}), "einsum: no operand of \"ij->ik\" has the letter 'k' of the output"},
      {call("ij->ii", {x}), "einsum: the output of \"ij->ii\" has the letter 'i' twice"},
      {call("ij,ij", {x, integers}),
       "einsum: the dtypes differ, float32 and int64; convert one with .to()"},
      {call("ij,ij", {mask, mask}),
       "einsum: expected numbers, got a bool tensor; convert it with .to(kFloat32) or "
       ".to(kInt64)"},
      {call("abcde,fghij", {ones({1, 1, 1, 1, 1}), ones({1, 1, 1, 1, 1})}),
       "einsum: a product would have 10 dimensions, at most 8 are possible"},
      {call("i,j", {ones(1).expand(int64_t{1} << 30), ones(1).expand(int64_t{1} << 30)}),
       "einsum: a tensor of shape [1073741824, 1073741824] has more elements than memory can "
       "hold"},
      {call("i", {undefined}), kUndefined},
  });
}

TEST(Einsum, DiagonalsAreViewsAndDiagIsACopy) {
  const Tensor a = zeros({2, 3});
  a.diagonal(1).fill_(5);
  EXPECT_TRUE(equal(a, tensor({{0., 5., 0.}, {0., 0., 5.}})));
  a.diag().fill_(7);
  EXPECT_TRUE(equal(a, tensor({{0., 5., 0.}, {0., 0., 5.}})));
  EXPECT_EQ(a.diagonal(kLeast).numel() + a.diagonal(kMost).numel(), 0);
}

/// The definition: a loop over all letters of "bij,bkj,k->bi".
TEST(Einsum, IsTheSumOfProducts) {
  const Tensor a = randn({3, 4, 5}, kFloat64);
  const Tensor b = randn({3, 2, 5}, kFloat64);
  const Tensor c = randn({2}, kFloat64);
  const Tensor y = einsum("bij,bkj,k->bi", {a, b, c});
  ASSERT_EQ(y.sizes(), (Shape{3, 4}));
  for (int64_t n = 0; n < 12; ++n) {
    const int64_t row = n / 4;
    double expected = 0;
    for (int64_t k = 0; k < 2; ++k)
      for (int64_t j = 0; j < 5; ++j)
        expected +=
            a[row][n % 4][j].item<double>() * b[row][k][j].item<double>() * c[k].item<double>();
    EXPECT_NEAR(y[row][n % 4].item<double>(), expected, 1e-12);
  }
}

/// A product that is not computed as matrices would need 64 GB here.
TEST(Einsum, DoesNotMultiplyEverything) {
  const Tensor a = ones({250, 250}, kFloat64);
  const Tensor y = einsum("ij,jk,kl,lm->im", {a, a, a, a});
  EXPECT_TRUE(equal(y, full({250, 250}, 250. * 250 * 250, kFloat64)));
  EXPECT_EQ(einsum("ab,cd,ef->", {a, a, a}).item<double>(), std::pow(62500., 3));
}

TEST(Einsum, SpacesAreAllowedAndCapitalsComeFirst) {
  EXPECT_TRUE(equal(einsum(" i j -> j i ", {x}), x.t()));
  EXPECT_TRUE(equal(einsum("aB", {x}), x.t()));
  EXPECT_TRUE(equal(einsum("i ... , j -> j ...", {x, ones(4)}), x.sum(0).expand({4, 3})));
  EXPECT_TRUE(equal(einsum("ij->i", {mask}), tensor({2})));
}

}  // namespace
}  // namespace gradus::einsum_test
