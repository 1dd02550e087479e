// Spellings of PyTorch, and wrong calls of rounding, bits, any, all, flip and repeat with their
// messages. Values and gradients: tests/torch_compat and the table of ops.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "check/gradcheck.h"
#include "tests/errors_support.h"

namespace gradus::everyday_test {
using namespace wrong_calls;
namespace {

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(Spellings, DTypesAndScalarsArePrinted) {
  EXPECT_EQ(printed(kFloat32), "float32");
  EXPECT_EQ(printed(x.dtype()), "float32");
  EXPECT_EQ(printed(kBool), "bool");
  EXPECT_EQ(printed(Scalar(true)), "true");
  EXPECT_EQ(printed(Scalar(-3)), "-3");
  EXPECT_EQ(printed(Scalar(std::numeric_limits<uint64_t>::max())), "18446744073709551615");
  EXPECT_EQ(printed(Scalar(0.5)), "0.5");
  EXPECT_EQ(printed(tensor(false).item()), "false");
}

TEST(Spellings, ItemIsAScalarOfTheTensorsKind) {
  EXPECT_TRUE(tensor(2.5).item().isFloatingPoint());
  EXPECT_TRUE(tensor(2).item().isIntegral(false));
  EXPECT_TRUE(tensor(true).item().isBoolean());
  EXPECT_TRUE(tensor(true).item().isIntegral(true));
  EXPECT_FALSE(tensor(true).item().isIntegral(false));
  EXPECT_EQ(tensor(kMost).item().toLong(), kMost);
  EXPECT_EQ(tensor(2.75).item().toInt(), 2);
  EXPECT_TRUE(equal(x * tensor(2).item(), x * 2));
  EXPECT_TRUE(std::isnan(tensor(NAN).item().toDouble()));
}

TEST(Spellings, ReductionsAreNamedAsConstants) {
  EXPECT_EQ(mse_loss(x, zeros_like(x), kNone).dim(), 2);
  EXPECT_TRUE(equal(mse_loss(x, zeros_like(x), kSum), tensor(55.)));
  EXPECT_TRUE(equal(mse_loss(x, zeros_like(x), kMean), mse_loss(x, zeros_like(x))));
}

TEST(Spellings, ViewsLikeAnotherTensorHaveGradients) {
  const auto f = [](const std::vector<Tensor>& in) {
    const Tensor& a = in[0];
    return a.view_as(ones({3, 2})) * a.t().reshape_as(ones({3, 2})) +
           a.select(1, 0).unsqueeze(1).expand_as(ones({3, 2, 2})).sum(0).flatten().sum();
  };
  EXPECT_TRUE(gradcheck(f, {randn({2, 3}, kFloat64)}));
}

TEST(Spellings, WrongCallsAreErrors) {
  expect_errors({
      {[] { x.item(); },
       "item: the tensor is [2, 3], only a tensor with one element has one value"},
      {[] { Scalar(1e300).toLong(); }, "Scalar: 1e+300 does not fit into int64"},
      {[] { Scalar(-1).to<uint8_t>(); }, "Scalar: -1 does not fit into uint8"},
      {[] { x.view_as(ids); }, "view_as: [2, 3] has 6 elements, they do not fill [2]"},
      {[] { x.t().view_as(ones(6)); },
       "view_as: the strides [1, 3] of [3, 2] do not allow [6] without a copy; use reshape"},
      {[] { x.reshape_as(ids); }, "reshape_as: [2, 3] has 6 elements, they do not fill [2]"},
      {[] { x.expand_as(ids); }, "expand_as: [2, 3] has more dimensions than [2]"},
      {[] { vector.expand_as(ids); }, "expand_as: [3] does not broadcast to [2]"},
      {[] { undefined.item(); }, kUndefined},
      {[] { x.view_as(undefined); }, kUndefined},
      {[] { zeros(2).random_(0); }, "random_: from 0 to 0 - there is no integer in between"},
      {[] { zeros(2).random_(1 << 25); },
       "random_: float32 cannot hold every integer from 0 to 33554431"},
      {[] { zeros(2, kFloat64).random_(kLeast, 5); },
       "random_: float64 cannot hold every integer from -9223372036854775808 to 4"},
      {[] { zeros(2, kBool).random_(3); },
       "random_: a bool tensor holds 0 and 1, not all from 0 to 2"},
      {[] {
         zeros(2).expand({3, 2}).random_();
       },
       "random_: several elements of the expanded tensor [3, 2] share memory; clone() it first"},
  });
}

TEST(Everyday, WrongCallsOfRoundingAndLogarithmsAreErrors) {
  expect_errors({
      {[] { mask.floor(); },
       "floor: expected a floating-point tensor, got bool; convert it with .to(kFloat32)"},
      {[] { log1p(integers); },
       "log1p: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { integers.erf(); },
       "erf: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { mask.expm1(); },
       "expm1: expected a floating-point tensor, got bool; convert it with .to(kFloat32)"},
      {[] { sign(undefined); }, kUndefined},
      {[] { isnan(undefined); }, kUndefined},
  });
}

TEST(Everyday, WrongCallsOfBitsAreErrors) {
  expect_errors({
      {[] { x& x; }, "bitwise_and: expected int64 or bool tensors, got float32"},
      {[] { ~x; }, "bitwise_not: expected an int64 or bool tensor, got float32"},
      {[] { integers | mask; },
       "bitwise_or: the dtypes differ, int64 and bool; convert one with .to()"},
      {[] {
         integers ^ tensor({1, 2});
       },
       "bitwise_xor: [2, 3] and [2] do not broadcast - sizes 3 and 2 differ at dimension -1"},
      {[] { mask & 2; },
       "bitwise_and: a bool tensor takes true or false, got 2; convert it with .to(kInt64) or "
       ".to(kFloat32)"},
      {[] { integers ^ 0.5; }, "bitwise_xor: an int64 tensor takes no fractional number, got 0.5"},
      {[] { ids.clone() &= integers; },
       "bitwise_and_: [2, 3] does not broadcast to [2], which is written in place"},
      {[] {
         ids.clone() |= tensor({true, false});
       },
       "bitwise_or_: the dtypes differ, int64 and bool; convert one with .to()"},
      {[] { x ^ 2; },
       "bitwise_xor: expected int64 or bool tensors, got float32; a power is pow(x, 2)"},
      {[] { ones(2).bitwise_xor_(ones(2)); },
       "bitwise_xor_: expected int64 or bool tensors, got float32; a power is pow(x, 2)"},
      {[] { tensor(1).expand({3}).bitwise_or_(2); },
       "bitwise_or_: several elements of the expanded tensor [3] share memory; clone() it first"},
      {[] { mask& undefined; }, kUndefined},
  });
}

TEST(Everyday, WrongCallsOfReductionsAndCopiesAreErrors) {
  expect_errors({
      {[] { mask.any(2); }, "any: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] {
         mask.all({0, -2});
       },
       "all: dimension 0 is named twice in [0, -2]"},
      {[] { undefined.any(); }, kUndefined},
      {[] { x.flip(2); }, "flip: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] {
         x.flip({1, -1});
       },
       "flip: dimension 1 is named twice in [1, -1]"},
      {[] { x.repeat(2); }, "repeat: [2] has fewer numbers than [2, 3] has dimensions"},
      {[] {
         x.repeat({2, -1});
       },
       "repeat: numbers of repetitions are at least 0, got [2, -1]"},
      {[] {
         x.repeat({kMost, 1});
       },
       "repeat: [2, 3] repeated [9223372036854775807, 1] times has more elements than can be "
       "counted"},
      {[] {
         x.repeat({int64_t{1} << 60, 2});
       },
       "repeat: a tensor of shape [2305843009213693952, 6] has more elements than can be counted"},
  });
}

TEST(Everyday, BitsInPlaceHaveTheResultsOfCopies) {
  const Tensor m = tensor({{true, false}, {true, true}});
  const Tensor same = m.clone();
  same &= same.t();
  EXPECT_TRUE(equal(same, m & m.t()));
  Tensor strided = tensor({{12, 0, -7}, {1, 0, 5}});
  strided.slice(1, 0, 3, 2) ^= tensor({3, 10});
  EXPECT_TRUE(equal(strided, tensor({{15, 0, -13}, {2, 0, 15}})));
  EXPECT_TRUE(equal(m | ~m, ones({2, 2}, kBool)));
}

TEST(Everyday, RepeatIsACopyAlsoOfASingleNumber) {
  const Tensor one = ones(1);
  const Tensor many = one.repeat(4);
  EXPECT_TRUE(many.is_contiguous());
  many[2] = 5;
  EXPECT_TRUE(equal(many, tensor({1., 1., 5., 1.})));
  one.repeat(1).fill_(3);
  EXPECT_EQ(one.item<float>(), 1);
  EXPECT_EQ(zeros({0, 2}).repeat({kMost, 0}).sizes(), (Shape{0, 0}));
}

TEST(Everyday, LargeMasksAreReducedInAnyLayout) {
  Tensor large = zeros({300, 401}, kBool);
  EXPECT_FALSE(large.any().item<bool>());
  EXPECT_TRUE((~large).all().item<bool>());
  large[299][400] = true;
  EXPECT_TRUE(large.any().item<bool>());
  EXPECT_FALSE((~large).all().item<bool>());
  EXPECT_EQ(large.any(0).sum().item<int64_t>(), 1);
  EXPECT_EQ(large.t().any(0).sum().item<int64_t>(), 1);
  EXPECT_EQ((~large).all(1).sum().item<int64_t>(), 299);
}

TEST(Everyday, VectorsThereAndBack) {
  const Tensor x = from_vector(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3}, kInt64);
  EXPECT_EQ(x.sizes(), Shape({2, 3}));
  EXPECT_EQ(x.t().to_vector<int>(), (std::vector<int>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ((x > 3).to_vector<bool>(), (std::vector<bool>{false, false, false, true, true, true}));
  EXPECT_TRUE(zeros({2, 0}).to_vector<float>().empty());
  const Tensor leaf = from_vector(std::vector<float>{1, 2}, requires_grad());
  EXPECT_EQ((leaf * 2).to_vector<float>(), (std::vector<float>{2, 4}));
  std::vector<float> copy = leaf.to_vector<float>();
  copy[0] = 7;
  EXPECT_EQ(leaf[0].item<float>(), 1);
  EXPECT_THROW(tensor({300}).to_vector<uint8_t>(), Error);
  EXPECT_THROW(tensor({NAN}).to_vector<int>(), Error);
  EXPECT_THROW(from_vector(std::vector<float>{1, 2}, {3}), Error);
  EXPECT_TRUE(from_vector(std::vector<float>{1, 2}, {1, 2}, requires_grad()).is_leaf());
}

}  // namespace
}  // namespace gradus::everyday_test
