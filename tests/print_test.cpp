// to_string(x) compared with the output of print(x) in PyTorch 2.15.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "tensor/factories.h"

namespace gradus::print_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

/// A tensor with these values, repeated until it is full.
Tensor numbers(const Shape& sizes, const std::vector<Scalar>& values, DType t) {
  const Tensor x = empty(sizes, t);
  dispatch(t, [&]<class T>() {
    const auto count = static_cast<size_t>(x.numel());
    for (size_t i = 0; i < count; ++i)
      x.data<T>()[i] = values[i % values.size()].to<T>("numbers");
  });
  return x;
}

/// 0, 1, 2, ...
Tensor ramp(const Shape& sizes, DType t) {
  const Tensor x = empty(sizes, t);
  dispatch(t, [&]<class T>() {
    for (int64_t i = 0; i < x.numel(); ++i)
      x.data<T>()[i] = static_cast<T>(i);
  });
  return x;
}

TEST(Print, IsTheSameAsInPyTorch) {
  const std::vector<std::pair<Tensor, std::string>> cases = {
      {numbers({6, 3},
               {0.43, 0.15, 0.89, 0.55, 0.87, 0.66, 0.57, 0.85, 0.64, 0.22, 0.58, 0.33, 0.77, 0.25,
                0.1, 0.05, 0.8, 0.55},
               kFloat32),
       R"(tensor([[0.4300, 0.1500, 0.8900],
        [0.5500, 0.8700, 0.6600],
        [0.5700, 0.8500, 0.6400],
        [0.2200, 0.5800, 0.3300],
        [0.7700, 0.2500, 0.1000],
        [0.0500, 0.8000, 0.5500]]))"},
      {numbers({}, {10.794}, kFloat32), R"(tensor(10.7940))"},
      {numbers({}, {3.0}, kFloat32), R"(tensor(3.))"},
      {numbers({}, {0.3333333333333333}, kFloat64), R"(tensor(0.3333, dtype=torch.float64))"},
      {numbers({}, {-7}, kInt64), R"(tensor(-7))"},
      {numbers({}, {true}, kBool), R"(tensor(True))"},
      {numbers({}, {kNan}, kFloat32), R"(tensor(nan))"},
      {numbers({}, {-kInf}, kFloat32), R"(tensor(-inf))"},
      {numbers({}, {1e-07}, kFloat32), R"(tensor(1.0000e-07))"},
      {numbers({}, {-0.0}, kFloat32), R"(tensor(-0.))"},
      {numbers({3}, {1.0, 2.0, 3.0}, kFloat32), R"(tensor([1., 2., 3.]))"},
      {numbers({4}, {0.0, -0.0, 0.0, -0.0}, kFloat32), R"(tensor([0., -0., 0., -0.]))"},
      {numbers({3}, {1.0, 2.5, -3.0}, kFloat32), R"(tensor([ 1.0000,  2.5000, -3.0000]))"},
      {numbers({2, 2}, {1.0, 2.0, 3.0, 4.5}, kFloat64),
       R"(tensor([[1.0000, 2.0000],
        [3.0000, 4.5000]], dtype=torch.float64))"},
      {numbers({3}, {0.0}, kFloat64), R"(tensor([0., 0., 0.], dtype=torch.float64))"},
      {numbers({4}, {1.0, 1000.0, 2.0, -5.0}, kFloat32), R"(tensor([   1., 1000.,    2.,   -5.]))"},
      {numbers({4}, {1.0, 1001.0, 2.0, -5.0}, kFloat32),
       R"(tensor([ 1.0000e+00,  1.0010e+03,  2.0000e+00, -5.0000e+00]))"},
      {numbers({2}, {100000000.0, 200000000.0}, kFloat32), R"(tensor([1.0000e+08, 2.0000e+08]))"},
      {numbers({1}, {100000000.0}, kFloat32), R"(tensor([100000000.]))"},
      {numbers({1}, {100000001.0}, kFloat64), R"(tensor([1.0000e+08], dtype=torch.float64))"},
      {numbers({2}, {0.0001, 0.05}, kFloat32), R"(tensor([1.0000e-04, 5.0000e-02]))"},
      {numbers({2}, {0.0001, 0.05}, kFloat64), R"(tensor([0.0001, 0.0500], dtype=torch.float64))"},
      {numbers({3}, {1e-05, 1.0, -2.5}, kFloat32),
       R"(tensor([ 1.0000e-05,  1.0000e+00, -2.5000e+00]))"},
      {numbers({5}, {kNan, kInf, -kInf, 0.0, 1.0}, kFloat32),
       R"(tensor([nan, inf, -inf, 0., 1.]))"},
      {numbers({4}, {kNan, -kInf, 0.5, -12.25}, kFloat32),
       R"(tensor([     nan,     -inf,   0.5000, -12.2500]))"},
      {numbers({3}, {kNan, kInf, -kInf}, kFloat32), R"(tensor([nan, inf, -inf]))"},
      {numbers({2, 3}, {-kInf, 0.0, -kInf, 1e-06, kNan, 3.0}, kFloat32),
       R"(tensor([[      -inf, 0.0000e+00,       -inf],
        [1.0000e-06,        nan, 3.0000e+00]]))"},
      {numbers({2, 2}, {3.4028234663852886e+38, 1e-45, 0.0, 1.0}, kFloat32),
       R"(tensor([[3.4028e+38, 1.4013e-45],
        [0.0000e+00, 1.0000e+00]]))"},
      {numbers({2}, {1.7976931348623157e+308, 5e-324}, kFloat64),
       R"(tensor([1.7977e+308, 4.9407e-324], dtype=torch.float64))"},
      {numbers({3}, {-4e-05, 0.5, 0.00012}, kFloat32),
       R"(tensor([-4.0000e-05,  5.0000e-01,  1.2000e-04]))"},
      {numbers({2}, {0.99999, 0.5}, kFloat32), R"(tensor([1.0000, 0.5000]))"},
      {numbers({2}, {99999.99999, 200.5}, kFloat32), R"(tensor([100000.0000,    200.5000]))"},
      {numbers({3}, {0.12345, 5e-05, 2.00005}, kFloat32),
       R"(tensor([1.2345e-01, 5.0000e-05, 2.0001e+00]))"},
      {numbers({2}, {0.00125, 2.5}, kFloat64),
       R"(tensor([1.2500e-03, 2.5000e+00], dtype=torch.float64))"},
      {numbers({3}, {1, -20, 300}, kInt64), R"(tensor([  1, -20, 300]))"},
      {numbers({2, 3}, {1, -20, 300, 0}, kInt64),
       R"(tensor([[  1, -20, 300],
        [  0,   1, -20]]))"},
      {numbers({2}, {kLeast, 9223372036854775807}, kInt64),
       R"(tensor([-9223372036854775808,  9223372036854775807]))"},
      {numbers({3}, {true, false, true}, kBool), R"(tensor([ True, False,  True]))"},
      {numbers({2, 2}, {true}, kBool),
       R"(tensor([[True, True],
        [True, True]]))"},
      {numbers({2, 3}, {true, false}, kBool),
       R"(tensor([[ True, False,  True],
        [False,  True, False]]))"},
      {ramp({0}, kFloat32), R"(tensor([]))"},
      {ramp({0}, kFloat64), R"(tensor([], dtype=torch.float64))"},
      {ramp({0}, kInt64), R"(tensor([], dtype=torch.int64))"},
      {ramp({0}, kBool), R"(tensor([], dtype=torch.bool))"},
      {ramp({2, 0}, kFloat32), R"(tensor([], size=(2, 0)))"},
      {ramp({2, 0}, kFloat64), R"(tensor([], size=(2, 0), dtype=torch.float64))"},
      {ramp({2, 0}, kInt64), R"(tensor([], size=(2, 0), dtype=torch.int64))"},
      {ramp({2, 0}, kBool), R"(tensor([], size=(2, 0), dtype=torch.bool))"},
      {ramp({0, 3}, kFloat32), R"(tensor([], size=(0, 3)))"},
      {ramp({0, 3}, kInt64), R"(tensor([], size=(0, 3), dtype=torch.int64))"},
      {ramp({1, 0, 2}, kFloat32), R"(tensor([], size=(1, 0, 2)))"},
      {ramp({1, 0, 2}, kInt64), R"(tensor([], size=(1, 0, 2), dtype=torch.int64))"},
      {numbers({2, 2, 2}, {1.5, -2.25, 3.0, 4.0}, kFloat32),
       R"(tensor([[[ 1.5000, -2.2500],
         [ 3.0000,  4.0000]],

        [[ 1.5000, -2.2500],
         [ 3.0000,  4.0000]]]))"},
      {ramp({2, 1, 2, 3}, kInt64),
       R"(tensor([[[[ 0,  1,  2],
          [ 3,  4,  5]]],


        [[[ 6,  7,  8],
          [ 9, 10, 11]]]]))"},
      {ramp({1, 1, 1, 1, 1, 1, 1, 2}, kInt64), R"(tensor([[[[[[[[0, 1]]]]]]]]))"},
      {ramp({30}, kInt64),
       R"(tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]))"},
      {ramp({40}, kFloat32),
       R"(tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,
        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,
        28., 29., 30., 31., 32., 33., 34., 35., 36., 37., 38., 39.]))"},
      {numbers({11}, {0.125, 2.5}, kFloat64),
       R"(tensor([0.1250, 2.5000, 0.1250, 2.5000, 0.1250, 2.5000, 0.1250, 2.5000, 0.1250,
        2.5000, 0.1250], dtype=torch.float64))"},
      {numbers({20}, {1e-09, 1.0}, kFloat64),
       R"(tensor([1.0000e-09, 1.0000e+00, 1.0000e-09, 1.0000e+00, 1.0000e-09, 1.0000e+00,
        1.0000e-09, 1.0000e+00, 1.0000e-09, 1.0000e+00, 1.0000e-09, 1.0000e+00,
        1.0000e-09, 1.0000e+00, 1.0000e-09, 1.0000e+00, 1.0000e-09, 1.0000e+00,
        1.0000e-09, 1.0000e+00], dtype=torch.float64))"},
      {numbers({2, 12}, {0.1, -0.25, 3.0}, kFloat32),
       R"(tensor([[ 0.1000, -0.2500,  3.0000,  0.1000, -0.2500,  3.0000,  0.1000, -0.2500,
          3.0000,  0.1000, -0.2500,  3.0000],
        [ 0.1000, -0.2500,  3.0000,  0.1000, -0.2500,  3.0000,  0.1000, -0.2500,
          3.0000,  0.1000, -0.2500,  3.0000]]))"},
      {numbers({14}, {true, false, false}, kBool),
       R"(tensor([ True, False, False,  True, False, False,  True, False, False,  True,
        False, False,  True, False]))"},
      {numbers({9}, {0.5}, kFloat64),
       R"(tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],
       dtype=torch.float64))"},
      {numbers({8}, {0.5}, kFloat64),
       R"(tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],
       dtype=torch.float64))"},
      {numbers({2, 7}, {0.5}, kFloat64),
       R"(tensor([[0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],
        [0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000]],
       dtype=torch.float64))"},
      {numbers({7}, {0.25}, kFloat64),
       R"(tensor([0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500],
       dtype=torch.float64))"},
      {numbers({1, 7}, {100.25}, kFloat64),
       R"(tensor([[100.2500, 100.2500, 100.2500, 100.2500, 100.2500, 100.2500, 100.2500]],
       dtype=torch.float64))"},
      {numbers({2, 8}, {10.5}, kFloat64),
       R"(tensor([[10.5000, 10.5000, 10.5000, 10.5000, 10.5000, 10.5000, 10.5000, 10.5000],
        [10.5000, 10.5000, 10.5000, 10.5000, 10.5000, 10.5000, 10.5000, 10.5000]],
       dtype=torch.float64))"},
      {ramp({1001}, kInt64), R"(tensor([   0,    1,    2,  ...,  998,  999, 1000]))"},
      {ramp({1001}, kFloat32), R"(tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.]))"},
      {ramp({1001}, kFloat64),
       R"(tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.], dtype=torch.float64))"},
      {ramp({40, 30}, kInt64),
       R"(tensor([[   0,    1,    2,  ...,   27,   28,   29],
        [  30,   31,   32,  ...,   57,   58,   59],
        [  60,   61,   62,  ...,   87,   88,   89],
        ...,
        [1110, 1111, 1112,  ..., 1137, 1138, 1139],
        [1140, 1141, 1142,  ..., 1167, 1168, 1169],
        [1170, 1171, 1172,  ..., 1197, 1198, 1199]]))"},
      {ramp({2, 600}, kFloat32),
       R"(tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 5.9700e+02, 5.9800e+02,
         5.9900e+02],
        [6.0000e+02, 6.0100e+02, 6.0200e+02,  ..., 1.1970e+03, 1.1980e+03,
         1.1990e+03]]))"},
      {ramp({600, 2}, kFloat32),
       R"(tensor([[0.0000e+00, 1.0000e+00],
        [2.0000e+00, 3.0000e+00],
        [4.0000e+00, 5.0000e+00],
        ...,
        [1.1940e+03, 1.1950e+03],
        [1.1960e+03, 1.1970e+03],
        [1.1980e+03, 1.1990e+03]]))"},
      {ramp({6, 200}, kInt64),
       R"(tensor([[   0,    1,    2,  ...,  197,  198,  199],
        [ 200,  201,  202,  ...,  397,  398,  399],
        [ 400,  401,  402,  ...,  597,  598,  599],
        [ 600,  601,  602,  ...,  797,  798,  799],
        [ 800,  801,  802,  ...,  997,  998,  999],
        [1000, 1001, 1002,  ..., 1197, 1198, 1199]]))"},
      {ramp({7, 200}, kInt64),
       R"(tensor([[   0,    1,    2,  ...,  197,  198,  199],
        [ 200,  201,  202,  ...,  397,  398,  399],
        [ 400,  401,  402,  ...,  597,  598,  599],
        ...,
        [ 800,  801,  802,  ...,  997,  998,  999],
        [1000, 1001, 1002,  ..., 1197, 1198, 1199],
        [1200, 1201, 1202,  ..., 1397, 1398, 1399]]))"},
      {numbers({1200}, {true, true, true, false}, kBool),
       R"(tensor([ True,  True,  True,  ...,  True,  True, False]))"},
      {numbers({1500}, {1.0, 1.5, 1e-06, 2.0, 3.0, 4.0, 5.0}, kFloat64),
       R"(tensor([1.0000e+00, 1.5000e+00, 1.0000e-06,  ..., 5.0000e+00, 1.0000e+00,
        1.5000e+00], dtype=torch.float64))"},
  };
  for (const auto& [x, expected] : cases)
    EXPECT_EQ(to_string(x), expected);
}

TEST(Print, ShowsAThousandElementsAndSummarisesMore) {
  EXPECT_EQ(to_string(ramp({1000}, kInt64)).find("..."), std::string::npos);
  EXPECT_EQ(to_string(ramp({10, 1, 100}, kInt64)).find("..."), std::string::npos);
  EXPECT_NE(to_string(ramp({1001}, kInt64)).find("..."), std::string::npos);
  EXPECT_LT(to_string(ramp({1000, 1000}, kFloat32)).size(), 1000u);
}

TEST(Print, FollowsTheStridesOfViews) {
  const Tensor x = ramp({3, 4}, kInt64);
  EXPECT_EQ(to_string(x.as_view({4, 3}, {1, 4}, 0)), R"(tensor([[ 0,  4,  8],
        [ 1,  5,  9],
        [ 2,  6, 10],
        [ 3,  7, 11]]))");
  EXPECT_EQ(to_string(x.as_view({2}, {4}, 3)), "tensor([3, 7])");
  EXPECT_EQ(to_string(x.as_view({2, 2}, {0, 0}, 5)), "tensor([[5, 5],\n        [5, 5]])");
  EXPECT_EQ(to_string(x.as_view({}, {}, 7)), "tensor(7)");
}

TEST(Print, ShowsNoSignOfANan) {
  EXPECT_EQ(to_string(numbers({1}, {-kNan}, kFloat32)), "tensor([nan])");
}

TEST(Print, OfAnUndefinedTensor) { EXPECT_EQ(to_string(Tensor()), "tensor(undefined)"); }

TEST(Print, ThroughStreamsAndFmt) {
  const Tensor x = numbers({2}, {1.5, 2}, kFloat32);
  std::ostringstream out;
  out << "x = " << x;
  EXPECT_EQ(out.str(), "x = tensor([1.5000, 2.0000])");
  EXPECT_EQ(fmt::format("x = {}", x), "x = tensor([1.5000, 2.0000])");
  EXPECT_EQ(fmt::format("{}", Tensor()), "tensor(undefined)");
}

}  // namespace
}  // namespace gradus::print_test
