// Lists of indices: values from PyTorch, which results are views, gradients through writes in
// place, wrong calls. The numbers are those of the same calls in Python, PyTorch 2.15.
#include <gtest/gtest.h>

#include <sstream>

#include "autograd/engine.h"
#include "gradus.h"
#include "tests/errors_support.h"

namespace gradus::tests::indexing_test {
using namespace wrong_calls;
namespace {

using indexing::Ellipsis;
using indexing::None;
using indexing::Slice;
using indexing::TensorIndex;

/// 24 different numbers, which float32 holds exactly.
Tensor numbers() {
  std::vector<double> values;
  for (int i = 0; i < 24; ++i)
    values.push_back((i * 37 + 11) % 101 / 32. - 1.5);
  return tensor(values).view({2, 3, 4});
}
Tensor floats(const std::vector<double>& values, const Shape& sizes) {
  return tensor(values).view(sizes);
}
void expect_equal(const Tensor& got, const Tensor& expected) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_TRUE(equal(got.detach(), expected)) << got << expected;
}
bool shares_memory(const Tensor& a, const Tensor& b) {
  return a.impl().storage == b.impl().storage;
}

const Tensor three = tensor({2, 0, -1});
const Tensor two = tensor({1, 0});

TEST(Indexing, ReadsAsPyTorchDoes) {
  const Tensor y = numbers();
  expect_equal(y,
               floats({-1.15625, 0.0,      1.15625, -0.84375, 0.3125,  1.46875, -0.53125, 0.625,
                       -1.375,   -0.21875, 0.9375,  -1.0625,  0.09375, 1.25,    -0.75,    0.40625,
                       1.5625,   -0.4375,  0.71875, -1.28125, -0.125,  1.03125, -0.96875, 0.1875},
                      {2, 3, 4}));
  expect_equal(y.index({two, Slice(1), two}), floats({-0.4375, 1.03125, 0.3125, -1.375}, {2, 2}));
  expect_equal(y.index({two.unsqueeze(1), three}),
               floats({-0.125,   1.03125, -0.96875, 0.1875,   0.09375, 1.25,     -0.75,  0.40625,
                       -0.125,   1.03125, -0.96875, 0.1875,   -1.375,  -0.21875, 0.9375, -1.0625,
                       -1.15625, 0.0,     1.15625,  -0.84375, -1.375,  -0.21875, 0.9375, -1.0625},
                      {2, 3, 4}));
  expect_equal(y[y > 0], floats({1.15625, 0.3125, 1.46875, 0.625, 0.9375, 0.09375, 1.25, 0.40625,
                                 1.5625, 0.71875, 1.03125, 0.1875},
                                12));
  expect_equal(y[y.select(2, 0) > 0], floats({0.3125, 1.46875, -0.53125, 0.625, 0.09375, 1.25,
                                              -0.75, 0.40625, 1.5625, -0.4375, 0.71875, -1.28125},
                                             {3, 4}));
  expect_equal(y.index({"...", None, three, Slice(None, None, 3)}),
               floats({-1.375, -1.0625, -1.15625, -0.84375, -1.375, -1.0625, -0.125, 0.1875,
                       0.09375, 0.40625, -0.125, 0.1875},
                      {2, 1, 3, 2}));
  expect_equal(y.index({true, 0, two, 0}), floats({0.3125, -1.15625}, 2));
  expect_equal(y.index({false}), floats({}, {0, 2, 3, 4}));
  expect_equal(y.index({1, Ellipsis, tensor({3, 1})}),
               floats({0.40625, 1.25, -1.28125, -0.4375, 0.1875, 1.03125}, {3, 2}));
  expect_equal(y.masked_select(y.index({0, Slice(None, 1)}) > 0),
               floats({1.15625, -0.53125, 0.9375, -0.75, 0.71875, -0.96875}, 6));
  expect_equal((y > 0).nonzero(), tensor({{0, 0, 2},
                                          {0, 1, 0},
                                          {0, 1, 1},
                                          {0, 1, 3},
                                          {0, 2, 2},
                                          {1, 0, 0},
                                          {1, 0, 1},
                                          {1, 0, 3},
                                          {1, 1, 0},
                                          {1, 1, 2},
                                          {1, 2, 1},
                                          {1, 2, 3}}));
}

TEST(Indexing, AssignsAsPyTorchDoes) {
  Tensor y = numbers();
  y.index_put_({two, Slice(), two}, tensor({1., 2., 3.}));
  expect_equal(y, floats({1.0,    0.0,      1.15625, -0.84375, 2.0,     1.46875, -0.53125, 0.625,
                          3.0,    -0.21875, 0.9375,  -1.0625,  0.09375, 1.0,     -0.75,    0.40625,
                          1.5625, 2.0,      0.71875, -1.28125, -0.125,  3.0,     -0.96875, 0.1875},
                         {2, 3, 4}));
  y = numbers();
  y.index_put_({1, Slice(None, None, 2), three}, tensor({{{1., 2., 3.}}}));
  expect_equal(y.index({1}), floats({2.0, 1.25, 1.0, 3.0, 1.5625, -0.4375, 0.71875, -1.28125, 2.0,
                                     1.03125, 1.0, 3.0},
                                    {3, 4}));
  y = numbers();
  EXPECT_TRUE(y.index_put_({two.unsqueeze(1), three}, tensor({1., 2., 3., 4.}), true).is_same(y));
  expect_equal(y, floats({-0.15625, 2.0,     4.15625, 3.15625,  0.3125,  1.46875, -0.53125, 0.625,
                          0.625,    3.78125, 6.9375,  6.9375,   1.09375, 3.25,    2.25,     4.40625,
                          1.5625,   -0.4375, 0.71875, -1.28125, 1.875,   5.03125, 5.03125,  8.1875},
                         {2, 3, 4}));
  y = numbers();
  y.index_put_({y > 0}, 0);
  expect_equal(y, numbers().clamp({}, 0));
  y.index_put_({Slice(), 1}, arange(4));  // without tensors among the indices it is a copy_
  expect_equal(y.index({0, 1}), tensor({0., 1., 2., 3.}));
  y.index_put_({Ellipsis}, 7);
  expect_equal(y, full({2, 3, 4}, 7.));
  Tensor reversed = arange(4);
  reversed.index_put_({3 - reversed}, reversed);  // the values and the indices share its memory
  expect_equal(reversed, tensor({3, 2, 1, 0}));
}

TEST(Indexing, GradientsAreThoseOfPyTorch) {
  const Tensor x = numbers().requires_grad_();
  pow(x.index({two.unsqueeze(1), three}), 2).sum().backward();
  expect_equal(x.grad(), floats({-2.3125, 0.0,    2.3125, -1.6875, 0.0,    0.0,   0.0,    0.0,
                                 -5.5,    -0.875, 3.75,   -4.25,   0.1875, 2.5,   -1.5,   0.8125,
                                 0.0,     0.0,    0.0,    0.0,     -0.5,   4.125, -3.875, 0.75},
                                {2, 3, 4}));
  x.mutable_grad() = Tensor();
  const Tensor values = tensor({1., 2., 3., 4.}, requires_grad());
  const Tensor y = x * 1;
  y.index_put_({Slice(), three}, values);  // row 2 is written twice
  (y * y * x.detach()).sum().backward();
  expect_equal(x.grad(),
               floats({0, 0, 0, 0, 0.1953125, 4.314453125, 0.564453125, 0.78125,     0, 0, 0, 0,
                       0, 0, 0, 0, 4.8828125, 0.3828125,   1.033203125, 3.283203125, 0, 0, 0, 0},
                      {2, 3, 4}));
  expect_equal(values.grad(), floats({-8.125, 11.5, 2.0625, -17.5}, 4));
}

TEST(Indexing, GivesViewsWithoutTensors) {
  const Tensor x = numbers();
  for (const Tensor& view : {x.index({1}), x.index({Slice(), None, Slice(0, 3, 2)}),
                             x.index({Ellipsis}), x.index({tensor(1)}), x[tensor(-1)]})
    EXPECT_TRUE(shares_memory(view, x));
  for (const Tensor& copy : {x[two], x[x > 0], x.index({true}), x.index({Slice(), two})})
    EXPECT_FALSE(shares_memory(copy, x));
  x.index({0, Ellipsis, 1}) = 5;
  EXPECT_EQ(x.index({0, 2, 1}).item<float>(), 5);
  x[tensor(1)] = 6;
  EXPECT_EQ(x.index({-1, -1, -1}).item<float>(), 6);
}

TEST(Indexing, ATensorThatOnlyChoosesKeepsNothingOfTheCaller) {
  const Tensor x = numbers().requires_grad_();
  const Tensor ids = tensor({1, 0});
  const Tensor y = x[ids].index({0}).sum();
  ids.fill_(100);
  y.backward();
  expect_equal(x.grad().sum({1, 2}), tensor({0., 12.}));
}

TEST(Indexing, WritesInPlaceCountAsChanges) {
  const Tensor x = ones(3).requires_grad_();
  const Tensor y = x * 2;
  const Tensor z = y * y;
  y.index_put_({tensor({0})}, 5);
  expect_error([&] { z.sum().backward(); },
               "backward: 'mul' saved a tensor of shape [3] that was changed in place since; use "
               "the op that makes a new tensor");
  (y * y).sum().backward();
  expect_equal(x.grad(), tensor({0., 8., 8.}));
  const Tensor base = ones({2, 2});
  const Tensor product = base * x.sum();
  base[0].index_put_({tensor({true, false})}, 3);
  EXPECT_THROW(product.sum().backward(), Error);
}

TEST(Indexing, OfEveryDtype) {
  for (const DType t : {kFloat32, kFloat64, kInt64, kBool}) {
    const Tensor x = tensor({{0, 1, 0}, {1, 1, 0}}).to(t);
    expect_equal(x.index({tensor({1, 1}), tensor({2, 0})}), tensor({0, 1}).to(t));
    const Tensor y = x.t().clone();
    y.index_put_({tensor({2})}, tensor({1, 1}).to(t));
    expect_equal(y.t(), tensor({{0, 1, 1}, {1, 1, 1}}).to(t));
    expect_equal(x.nonzero(), tensor({{0, 1}, {1, 0}, {1, 1}}));
  }
  const Tensor counts = zeros(3, kInt64);
  counts.index_put_({tensor({0, 2, 0})}, tensor(1), true);
  expect_equal(counts, tensor({2, 0, 1}));
}

TEST(Indexing, AnIndexKnowsItsKind) {
  const std::vector<TensorIndex> list = {None, "...", Ellipsis, 0, true, Slice(1, None, 2), two};
  EXPECT_TRUE(list[0].is_none());
  EXPECT_TRUE(list[1].is_ellipsis() && list[2].is_ellipsis());
  EXPECT_TRUE(list[3].is_integer() && list[3].integer() == 0);
  EXPECT_TRUE(list[4].is_boolean() && list[4].boolean());
  EXPECT_TRUE(list[5].is_slice());
  EXPECT_EQ(list[5].slice().start(), 1);
  EXPECT_EQ(list[5].slice().stop(), kMost);
  EXPECT_EQ(list[5].slice().step(), 2);
  EXPECT_TRUE(list[6].is_tensor() && list[6].tensor().is_same(two));
  expect_equal(numbers().index(std::vector<TensorIndex>{1, "...", 0}),
               floats({0.09375, 1.5625, -0.125}, 3));
}

TEST(Indexing, IndicesArePrinted) {
  const auto text = [](const auto& value) {
    std::ostringstream out;
    out << value;
    return out.str();
  };
  EXPECT_EQ(text(Slice(1, 5, 2)), "1:5:2");
  EXPECT_EQ(text(Slice(-3)), "-3:9223372036854775807:1");
  EXPECT_EQ(text(TensorIndex(two)), "tensor([1, 0])");
  EXPECT_EQ(text(std::vector<TensorIndex>{None, "...", Ellipsis, 3, false, Slice(0, 1)}),
            "(None, ..., ..., 3, false, 0:1:1)");
  EXPECT_EQ(text(std::vector<TensorIndex>{}), "()");
}

// Here x is arange(6) in the shape (2, 3), vector is ones(3), ids is {0, 1}, mask has the shape
// (1, 3).
TEST(Indexing, WrongCalls) {
  expect_errors({
      {[] { x.index({2}); }, "index: index 2 is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] {
         x.index({0, kLeast});
       },
       "index: index -9223372036854775808 is outside the 3 entries of dimension 1 of [2, 3]"},
      {[] {
         x.index({0, tensor({{1}, {-4}})});
       },
       "index: index -4 at [1, 0] is outside the 3 entries of dimension 1 of [2, 3]"},
      {[] {
         x[tensor({0, 2})];
       },
       "operator[]: index 2 at [1] is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] { x[vector]; }, "operator[]: an index tensor must be int64 or bool, got float32"},
      {[] { x[mask]; },
       "operator[]: the mask is [1, 3], its size 1 does not fit dimension 0 of [2, 3]"},
      {[] {
         x.index({Slice(), tensor({true, false})});
       },
       "index: the mask is [2], its size 2 does not fit dimension 1 of [2, 3]"},
      {[] {
         x.index({tensor({0, 1, 1}), ids});
       },
       "index: the index tensors of shapes [3] and [2] do not broadcast; the shape of a mask is "
       "the number of its true elements"},
      {[] {
         x.index({0, 1, 2});
       },
       "index: the indices are for 3 dimensions, x is [2, 3]"},
      {[] { ones({})[ids]; }, "operator[]: the indices are for 1 dimensions, x is []"},
      {[] {
         x.index({Ellipsis, "..."});
       },
       "index: at most one index may be Ellipsis, got 2"},
      {[] { x.index({}); }, "index: the list of indices is empty"},
      {[] { x.index({".."}); }, "index: the only text that is an index is \"...\", got \"..\""},
      {[] { x.index({static_cast<uint64_t>(kMost) + 1}); },
       "index: 9223372036854775808 does not fit into int64"},
      {[] { x.index({Slice(None, None, -1)}); },
       "index: the step of a slice must be positive, got -1"},
      {[] { x.index({undefined}); }, kUndefined},
      {[] { index(x, {undefined}); }, kUndefined},
      {[] { index(x, {nullopt}); }, "index: there is no tensor among the indices"},
      {[] { index(x, {tensor(true)}); }, "index: a mask needs at least one dimension"},
      {[] {
         x.clone().index_put_({ids}, ones({2, 2}));
       },
       "index_put_: the values of shape [2, 2] do not broadcast to [2, 3], the shape of the "
       "indexed "
       "part of [2, 3]"},
      {[] { x.clone().index_put_({ids}, tensor(1)); },
       "index_put_: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { integers.clone().index_put_({ids}, 0.5); },
       "index_put_: an int64 tensor takes no fractional number, got 0.5"},
      {[] {
         index_put(mask, {nullopt, ids}, tensor(true), true);
       },
       "index_put: expected numbers, got a bool tensor; convert it with .to(kFloat32) or "
       ".to(kInt64)"},
      {[] {
         ones(3).expand({2, 3}).index_put_({ids}, 0);
       },
       "index_put_: several elements of the expanded tensor [2, 3] share memory; clone() it first"},
      {[] { ones(3).requires_grad_().index_put_({ids}, 0); },
       "index_put_: a leaf that requires gradients cannot be changed in place while recording; use "
       "the op that makes a new tensor, or NoGradGuard"},
      {[] { x[ids] = 0; },
       "operator=: the left side is a copy of shape [2, 3] that nothing else refers to, so the "
       "value would be lost; write x.index_put_({mask}, value) for x[mask] = value"},
      {[] { masked_select(x, ids); }, "masked_select: the mask must be bool, got int64"},
      {[] {
         masked_select(x, tensor({true, false}));
       },
       "masked_select: [2, 3] and [2] do not broadcast - sizes 3 and 2 differ at dimension -1"},
      {[] {
         ones({1, 1, 1, 1, 1, 1, 1, 1}).index({None});
       },
       "shape: a tensor has at most 8 dimensions, got 9"},
  });
}

}  // namespace
}  // namespace gradus::tests::indexing_test
