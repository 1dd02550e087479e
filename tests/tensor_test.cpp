// Tensors without gradients: factories, properties, views, conversions, comparisons.
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "gradus.h"
#include "tests/expect_error.h"

namespace gradus::tensor_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

/// Whether shape, dtype and elements are the same.
void expect_same(const Tensor& got, const Tensor& wanted) {
  EXPECT_TRUE(got.sizes() == wanted.sizes() && got.dtype() == wanted.dtype() && equal(got, wanted))
      << got << "\n"
      << wanted;
}

TEST(Make, TensorFromNumbersBracesAndVectors) {
  const auto is = [](const Tensor& x, const Shape& sizes, DType t) {
    EXPECT_EQ(x.sizes(), sizes) << x;
    EXPECT_EQ(x.dtype(), t) << x;
  };
  is(tensor(3), {}, kInt64);
  is(tensor(3.0), {}, kFloat32);
  is(tensor(true), {}, kBool);
  is(tensor(3.0, kFloat64), {}, kFloat64);
  is(tensor({1, 2, 3}), {3}, kInt64);
  is(tensor({1.f, 2.f}), {2}, kFloat32);
  is(tensor({1, 2.5}), {2}, kFloat32);
  is(tensor({true, false}), {2}, kBool);
  is(tensor({{1, 2, 3}, {4, 5, 6}}), {2, 3}, kInt64);
  is(tensor({{1, 2, 3}}), {1, 3}, kInt64);
  is(tensor({{{1.}}, {{2.}}}), {2, 1, 1}, kFloat32);
  is(tensor({{}, {}}), {2, 0}, kFloat32);
  is(tensor(std::vector<double>{1, 2}), {2}, kFloat32);
  is(tensor(std::vector<float>{1, 2}, kFloat64), {2}, kFloat64);
  is(tensor(std::vector<int>{1, 2}), {2}, kInt64);
  is(tensor(std::vector<int64_t>{}), {0}, kInt64);
  is(tensor(std::vector<bool>{true}), {1}, kBool);
  expect_same(tensor({1.9, -1.9}, kInt64), tensor({1, -1}));
  expect_same(tensor({2, 0}, kBool), tensor({true, false}));
  EXPECT_EQ(tensor(kMost).item<int64_t>(), kMost);
  EXPECT_EQ(tensor({0.1}, kFloat64).item<double>(), 0.1);
  EXPECT_EQ(tensor(std::vector<double>{0.1}, kFloat64).item<double>(), 0.1);
}

TEST(Make, Filled) {
  expect_same(zeros({2, 2}), tensor({{0., 0.}, {0., 0.}}));
  expect_same(ones(2, kInt64), tensor({1, 1}));
  expect_same(full({2}, 1.5), tensor({1.5, 1.5}));
  EXPECT_EQ(full({}, 1).dtype(), kInt64);
  EXPECT_EQ(full({}, true).dtype(), kBool);
  EXPECT_EQ(full({}, 1, kFloat64).dtype(), kFloat64);
  expect_same(eye(2, 3), tensor({{1., 0., 0.}, {0., 1., 0.}}));
  expect_same(eye(2, kBool), tensor({{true, false}, {false, true}}));
  EXPECT_EQ(eye(0).sizes(), (Shape{0, 0}));
  EXPECT_EQ(zeros({}).dim(), 0);
  EXPECT_EQ(zeros({0, 3}).numel(), 0);
  EXPECT_EQ(zeros(std::vector<int64_t>{2, 0}).sizes(), (Shape{2, 0}));
  EXPECT_EQ(ones({2}, dtype(kFloat64).requires_grad(true)).dtype(), kFloat64);
  const Tensor t = zeros({2, 3}).t();
  EXPECT_EQ(empty_like(t).strides(), t.strides());  // keeps the strides
  EXPECT_EQ(ones_like(t, kInt64).dtype(), kInt64);
  expect_same(full_like(tensor({1., 2.}), 3), tensor({3., 3.}));
}

TEST(Make, ArangeMixesIntegersAndFloatingPoint) {
  expect_same(arange(3), tensor({0, 1, 2}));
  expect_same(arange(1, 4), tensor({1, 2, 3}));
  expect_same(arange(3.), tensor({0., 1., 2.}));
  expect_same(arange(0, 1, 0.25), tensor({0., 0.25, 0.5, 0.75}));
  expect_same(arange(5, 0, -2), tensor({5, 3, 1}));
  expect_same(arange(0., 3., 1., kInt64), tensor({0, 1, 2}));
  expect_same(arange(2, kFloat64), tensor({0., 1.}, kFloat64));
  EXPECT_EQ(arange(1, 1).numel(), 0);
  EXPECT_EQ(arange(1., 1.1, 1).numel(), 1);
  expect_same(arange(kMost - 2, kMost), tensor({kMost - 2, kMost - 1}));  // not exact in double
  expect_same(arange(int64_t{1} << 53, (int64_t{1} << 53) + 3),
              tensor({int64_t{1} << 53, (int64_t{1} << 53) + 1, (int64_t{1} << 53) + 2}));
  expect_same(arange(0, kMost, kMost), tensor({0}));
  expect_same(arange(-kMost - 1, 0, kMost), tensor({-kMost - 1, int64_t{-1}}));
}

TEST(Make, LinspaceEndsExactly) {
  expect_same(linspace(0, 1, 5), tensor({0., 0.25, 0.5, 0.75, 1.}));
  expect_same(linspace(3, 9, 1), tensor({3.}));
  EXPECT_EQ(linspace(0, 1, 0).numel(), 0);
  EXPECT_EQ(linspace(0, 0.1, 7, kFloat64)[6].item<double>(), 0.1);
  EXPECT_EQ(linspace(1, 0.7, 100)[99].item<float>(), 0.7f);
}

TEST(Properties, SizesStridesAndValues) {
  const Tensor x = arange(24).view({2, 3, 4});
  EXPECT_EQ(x.sizes(), (Shape{2, 3, 4}));
  EXPECT_EQ(x.strides(), (Shape{12, 4, 1}));
  EXPECT_EQ(x.size(-1), 4);
  EXPECT_EQ(x.stride(0), 12);
  EXPECT_EQ(x.dim(), 3);
  const auto [B, T, C] = x.sizes<3>();
  EXPECT_EQ(B * 100 + T * 10 + C, 234);
  EXPECT_EQ(x.sizes().vec(), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(x[1][2][3].item<int>(), 23);
  EXPECT_EQ(x[1][-1].data_ptr<int64_t>()[0], 20);
  EXPECT_EQ(x[1].data_ptr<int64_t>(), x.data_ptr<int64_t>() + 12);
  EXPECT_EQ(x[1].data_ptr(), x.data_ptr<int64_t>() + 12);
  EXPECT_EQ(x.to(ones(1)).dtype(), kFloat32);
  EXPECT_TRUE(x.to(ones(1, kInt64)).is_same(x));
  const Tensor mask = zeros({2, 3}, kBool);
  EXPECT_EQ(mask[1].data_ptr(), mask.data_ptr<bool>() + 3);
  EXPECT_EQ(x[1].storage_offset(), 12);
  EXPECT_TRUE(x.is_contiguous() && x[1].is_contiguous() && !x.transpose(0, 1).is_contiguous());
  EXPECT_TRUE(zeros({2, 0}).t().is_contiguous() && zeros({1, 3}).t().is_contiguous());
  EXPECT_EQ(tensor({{2.75}}).item<int>(), 2);
  EXPECT_EQ(tensor(-1.5).item<bool>(), true);
  EXPECT_EQ(tensor(2147483647.0, kFloat64).item<int32_t>(), 2147483647);
  EXPECT_EQ(tensor(-2147483648.0, kFloat64).item<int32_t>(), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(tensor(-0x1p63, kFloat64).item<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_THROW(tensor(0x1p63, kFloat64).item<int64_t>(), Error);
  EXPECT_THROW(tensor(-1.).item<uint8_t>(), Error);
  EXPECT_TRUE(std::isnan(tensor(NAN).item<double>()));
  EXPECT_FALSE(Tensor().defined());
  EXPECT_FALSE(Tensor().requires_grad());
}

TEST(Views, ShareMemory) {
  const Tensor x = arange(6, kFloat32).view({2, 3});
  const std::vector<Tensor> views = {x.view({6}),
                                     x.reshape({3, 2}),
                                     x.t(),
                                     x.permute({1, 0}),
                                     x.unsqueeze(0),
                                     x.squeeze(),
                                     x[0],
                                     x.narrow(1, 0, 1),
                                     x.slice(1, 0, 3, 2),
                                     x.flatten(),
                                     x.expand({4, 2, 3}),
                                     x.chunk(2, 1)[0],
                                     x.split(1)[0],
                                     x.detach(),
                                     x.contiguous()};
  x[0][0] = 9;
  for (const Tensor& view : views)
    EXPECT_EQ(view.data_ptr<float>()[0], 9) << view;
  EXPECT_EQ(x.t().strides(), (Shape{1, 3}));
  EXPECT_EQ(x.slice(1, 0, 3, 2).strides(), (Shape{3, 2}));
  EXPECT_EQ(x.expand({4, 2, 3}).strides(), (Shape{0, 3, 1}));
  EXPECT_EQ(x.unsqueeze(1).strides(), (Shape{3, 3, 1}));
  const std::vector<Tensor> copies = {x.clone(), x.t().contiguous(), x.t().reshape({6}),
                                      x.to(kFloat64).to(kFloat32)};
  x[0][0] = 7;
  for (const Tensor& copy : copies)
    EXPECT_EQ(copy.data_ptr<float>()[0], 9) << copy;
  EXPECT_TRUE(x.to(kFloat32).is_same(x) && x.contiguous().is_same(x) && !x.view({2, 3}).is_same(x));
}

TEST(Views, SliceAsInPython) {
  const Tensor x = arange(10);
  expect_same(x.slice(0, -3), tensor({7, 8, 9}));
  expect_same(x.slice(0, 2, -2, 3), tensor({2, 5}));
  expect_same(x.slice(0, 5, 2), x.slice(0, 0, 0));
  expect_same(x.slice(0, 8, 100), tensor({8, 9}));
  const auto sizes = [](const std::vector<Tensor>& pieces) {
    std::vector<int64_t> list;
    for (const Tensor& piece : pieces)
      list.push_back(piece.size(0));
    return list;
  };
  EXPECT_EQ(sizes(x.chunk(4)), (std::vector<int64_t>{3, 3, 3, 1}));
  EXPECT_EQ(sizes(arange(5).chunk(4)), (std::vector<int64_t>{2, 2, 1}));
  EXPECT_EQ(sizes(x.split(4)), (std::vector<int64_t>{4, 4, 2}));
  EXPECT_EQ(sizes(x.split({1, 9})), (std::vector<int64_t>{1, 9}));
  EXPECT_EQ(sizes(zeros({0}).chunk(3)), (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(zeros({1, 2, 1}).squeeze().sizes(), (Shape{2}));
  EXPECT_EQ(zeros({1, 2, 1}).squeeze(1).sizes(), (Shape{1, 2, 1}));
  EXPECT_EQ(zeros({2, 3, 4}).flatten(0, 1).sizes(), (Shape{6, 4}));
  expect_same(cat({tensor(std::vector<int64_t>{}), tensor({1})}), tensor({1}));
}

TEST(Views, AssignmentWritesThrough) {
  const Tensor x = zeros({2, 3});
  x[0] = 1;
  x[1] = tensor({2., 3., 4.});
  x[1][2] = 7.5;
  expect_same(x, tensor({{1., 1., 1.}, {2., 3., 7.5}}));
  x[0] = x[1];
  x.select(1, 0) = 0;
  expect_same(x, tensor({{0., 3., 7.5}, {0., 3., 7.5}}));
  Tensor y = x;
  y = ones({2});  // y is another tensor now, x does not change
  expect_same(x[0], tensor({0., 3., 7.5}));
}

TEST(To, ConvertsElements) {
  expect_same(tensor({1.9, -1.9, 0.}).to(kInt64), tensor({1, -1, 0}));
  expect_same(tensor({0.5, 0., -0.}).to(kBool), tensor({true, false, false}));
  expect_same(tensor({true, false}).to(kFloat64), tensor({1., 0.}, kFloat64));
  expect_same(tensor({0.1}, kFloat64).to(kFloat32), tensor({0.1}));
  const int64_t least = std::numeric_limits<int64_t>::min();
  expect_same(tensor({NAN, INFINITY, -INFINITY, 1e30f}).to(kInt64),
              tensor({least, least, least, least}));
  EXPECT_EQ(tensor({1}).to(dtype(kFloat64)).dtype(), kFloat64);
}

TEST(Compare, EqualAndAllclose) {
  EXPECT_TRUE(equal(tensor({1., 2.}), tensor({1., 2.})));
  EXPECT_FALSE(equal(tensor({1., 2.}), tensor({1., 3.})));
  EXPECT_FALSE(equal(tensor({1.}), tensor({1., 1.})));
  EXPECT_FALSE(equal(tensor({NAN}), tensor({NAN})));
  EXPECT_TRUE(equal(tensor({{1, 2}, {3, 4}}).t(), tensor({{1, 3}, {2, 4}})));
  EXPECT_TRUE(allclose(tensor({1.}), tensor({1.000005})));
  EXPECT_FALSE(allclose(tensor({1.}), tensor({1.00005})));
  EXPECT_TRUE(allclose(tensor({{1.}, {1.}}), tensor({1., 1.})));  // broadcast
  EXPECT_FALSE(allclose(tensor({NAN}), tensor({NAN})));
  EXPECT_TRUE(allclose(tensor({NAN}), tensor({NAN}), 0, 0, true));
  EXPECT_TRUE(allclose(tensor({kInf}), tensor({kInf})));
  EXPECT_FALSE(allclose(tensor({1.}), tensor({kInf})));
  EXPECT_TRUE(allclose(zeros({0}), zeros({0})));
}

// The expected answers are PyTorch's.
TEST(Compare, AllcloseComputesInTheTypeOfTheTensors) {
  EXPECT_TRUE(allclose(tensor({0.1}), tensor({0.}), 1.1, 0.1));  // 0.1f is above the double 0.1
  EXPECT_TRUE(allclose(tensor({0.1}, kFloat64), tensor({0.}, kFloat64), 1.1, 0.1));
  EXPECT_FALSE(allclose(tensor({1.1}), tensor({1.}), 0.1, 0));
  EXPECT_TRUE(allclose(tensor({1e38}), tensor({3e38}), 1e38, 0));  // the tolerance is infinite
  EXPECT_TRUE(allclose(tensor({1.}), tensor({2.}), 0, 1e39));
  EXPECT_FALSE(allclose(tensor({-3e38}), tensor({3e38}), 3, 0));  // the difference is infinite
  EXPECT_FALSE(allclose(tensor({kInf}), tensor({1.}), kInf, 0));
  EXPECT_FALSE(allclose(tensor({1.}), tensor({0.}), kInf, 0));  // infinity times 0 is NaN
  EXPECT_TRUE(allclose(tensor({3, 1}), tensor({2, 1}), 0.5, 0));
  EXPECT_FALSE(allclose(tensor({3}), tensor({2}), 0, 0.99));
}

TEST(Arithmetic, OfIntegersAndBools) {
  expect_same(tensor({7, -7}) * 2 + 1, tensor({15, -13}));
  expect_same(pow(tensor({-2, 3}), 3), tensor({-8, 27}));
  expect_same(tensor({true, true}).sum(), tensor(2));
  expect_same(tensor({true, false}) == 1, tensor({true, false}));
  expect_same(tensor({1, 2}) == 2, tensor({false, true}));
  expect_same(matmul(tensor({{1, 2}}), tensor({{3}, {4}})), tensor({{11}}));
  expect_same(relu(tensor({-1, 2})), tensor({0, 2}));
}

TEST(Threads, AreSetAndGiveTheSameBits) {
  const int before = get_num_threads();
  EXPECT_GE(before, 1);
  manual_seed(4);
  const Tensor x = randn({300, 257});
  const Tensor w = randn({257, 129});
  std::vector<Tensor> results;
  for (const int n : {1, 2, 3, 8}) {
    set_num_threads(n);
    EXPECT_EQ(get_num_threads(), n);
    results.push_back(softmax(matmul(x, w), 1).sum({0}) + x.sum() + x.exp().mean());
  }
  set_num_threads(before);
  for (const Tensor& y : results)
    expect_same(y, results[0]);
}

}  // namespace
}  // namespace gradus::tensor_test
