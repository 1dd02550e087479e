// Numbers that a dtype or a C++ type cannot hold are errors, and no other numbers.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/ops.h"
#include "tests/expect_error.h"

namespace gradus::tests::scalars_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kTooLarge = 1e39;  // for float32
constexpr uint64_t kUnsigned = (uint64_t{1} << 63) + 5;

TEST(Scalars, ItemThrowsIfTheTypeCannotHoldTheValue) {
  const Tensor large = tensor(int64_t{1} << 40);
  expect_error([&] { large.item<int>(); }, "item: 1099511627776 does not fit into int32");
  expect_error([] { tensor(300).item<uint8_t>(); }, "item: 300 does not fit into uint8");
  expect_error([] { tensor(-1).item<uint64_t>(); }, "item: -1 does not fit into uint64");
  expect_error([] { tensor(128).item<int8_t>(); }, "item: 128 does not fit into int8");
  expect_error([] { tensor(-32769).item<int16_t>(); }, "item: -32769 does not fit into int16");
  expect_error([] { tensor(1e300, kFloat64).item<float>(); },
               "item: 1e+300 does not fit into float32");
  expect_error([] { tensor(-1.).item<uint32_t>(); }, "item: -1 does not fit into uint32");
  expect_error([] { tensor(kInf).item<int64_t>(); }, "item: inf does not fit into int64");
}

TEST(Scalars, ItemConvertsWhatFits) {
  EXPECT_EQ(tensor(int64_t{1} << 40).item<double>(), 0x1p40);
  EXPECT_EQ(tensor(int64_t{1} << 40).item<float>(), 0x1p40f);
  EXPECT_EQ(tensor(255).item<uint8_t>(), 255);
  EXPECT_EQ(tensor(-128).item<int8_t>(), -128);
  EXPECT_EQ(tensor(std::numeric_limits<int64_t>::min()).item<int64_t>(),
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ(tensor(2.9).item<int>(), 2);
  EXPECT_EQ(tensor(-0.9).item<uint8_t>(), 0);
  EXPECT_EQ(tensor(3e38).item<float>(), 3e38f);
  EXPECT_EQ(tensor(1e-300, kFloat64).item<float>(), 0);
  EXPECT_EQ(tensor(kInf, kFloat64).item<float>(), INFINITY);
  EXPECT_TRUE(std::isnan(tensor(NAN, kFloat64).item<float>()));
  EXPECT_TRUE(tensor(300).item<bool>());
  EXPECT_TRUE(tensor(0.5).item<bool>());
  EXPECT_EQ(tensor(true).item<int8_t>(), 1);
}

TEST(Scalars, AreErrorsIfTheTensorsDtypeCannotHoldThem) {
  const Tensor x = ones(2);
  const Tensor mask = x > 0;
  const Tensor integers = ones(2, kInt64);
  const auto fails = [](const char* op, const std::function<void()>& call) {
    expect_error(call, fmt::format("{}: 1e+39 does not fit into float32", op));
  };
  fails("full", [] { full({1}, kTooLarge); });
  fails("full_like", [&] { full_like(x, kTooLarge); });
  fails("tensor", [] { tensor(kTooLarge); });
  fails("tensor", [] { tensor({1., kTooLarge}); });
  fails("tensor", [] { tensor(std::vector<double>{kTooLarge}); });
  fails("linspace", [] { linspace(0, kTooLarge, 2); });
  fails("fill_", [&] { x.fill_(kTooLarge); });
  fails("masked_fill", [&] { x.masked_fill(mask, kTooLarge); });
  fails("masked_fill", [&] { x.masked_fill_(mask, kTooLarge); });
  fails("clamp", [&] { x.clamp({}, kTooLarge); });
  fails("add", [&] { return x + kTooLarge; });
  fails("mul_", [&] { x.mul_(kTooLarge); });
  fails("pow", [&] { x.pow(kTooLarge); });
  fails("where", [&] { where(mask, x, kTooLarge); });
  fails("where", [&] { where(mask, kTooLarge, 1); });
  fails("lt", [&] { return x < kTooLarge; });
  expect_error([&] { x.clamp(-kTooLarge); }, "clamp: -1e+39 does not fit into float32");
  expect_error([] { arange(0, kTooLarge, 5e38); },
               "arange: from 0 to 1e+39 in steps of 5e+38 does not fit float32");
  expect_error([&] { x.normal_(kTooLarge, 1); },
               "normal_: mean 1e+39 and std 1 do not both fit into float32");
  expect_error([] { randint(0, 5, {2}, kBool); },
               "randint: from 0 to 5 - a bool tensor holds 0 and 1 only");
  EXPECT_THROW(x.uniform_(0, kTooLarge), Error);
  EXPECT_THROW(scaled_dot_product_attention(ones({1, 1}), ones({1, 1}), ones({1, 1}), {}, 0, false,
                                            kTooLarge),
               Error);
  EXPECT_TRUE(equal(x, ones(2)));  // unchanged by the calls that failed
  expect_error([&] { integers.fill_(1e30); },
               "fill_: an int64 tensor takes no fractional number, got 1e+30");
}

TEST(Scalars, UnsignedNumbersFrom2To63On) {
  const Tensor integers = ones(2, kInt64);
  const auto fails = [](const char* op, const std::function<void()>& call) {
    expect_error(call, fmt::format("{}: 9223372036854775813 does not fit into int64", op));
  };
  fails("full", [] { full({1}, kUnsigned); });
  fails("tensor", [] { tensor(kUnsigned); });
  fails("tensor", [] { tensor(std::vector<uint64_t>{kUnsigned}); });
  fails("add", [&] { return integers + kUnsigned; });
  fails("eq", [&] { return integers == kUnsigned; });
  fails("arange", [] { arange(0, kUnsigned); });
  EXPECT_EQ(full({1}, kUnsigned, kFloat32).item<float>(), 0x1p63f);
  EXPECT_EQ((zeros(1, kFloat64) + kUnsigned).item<double>(), 0x1p63);
  EXPECT_EQ(tensor(uint64_t{7}).item<int64_t>(), 7);
}

TEST(Scalars, InfinityNanAndTheLargestFloatPass) {
  EXPECT_EQ(full({1}, kInf).item<float>(), INFINITY);
  EXPECT_EQ(ones(1).masked_fill(tensor(true), -kInf).item<float>(), -INFINITY);
  EXPECT_TRUE(std::isnan(full({1}, NAN).item<float>()));
  const double largest = std::numeric_limits<float>::max();
  EXPECT_EQ(full({1}, largest).item<double>(), largest);
  EXPECT_EQ(full({1}, 3.4028235e38).item<double>(), largest);  // is rounded, like any double
  EXPECT_EQ(full({1}, 1e-50).item<float>(), 0);
  EXPECT_EQ(full({1}, kTooLarge, kFloat64).item<double>(), kTooLarge);
  EXPECT_TRUE(std::isnan(empty(1).normal_(NAN, 1).item<float>()));
}

TEST(Scalars, LinspaceOfMoreThanTheRangeOfFloat) {
  const Tensor x = linspace(-3e38, 3e38, 5);
  EXPECT_EQ(x[0].item<float>(), -3e38f);
  EXPECT_FLOAT_EQ(x[1].item<float>(), -1.5e38f);
  EXPECT_EQ(x[2].item<float>(), 0);
  EXPECT_EQ(x[4].item<float>(), 3e38f);
}

}  // namespace
}  // namespace gradus::tests::scalars_test
