// Wrong calls and their messages, which name the op, what was given, and what does not fit:
// making tensors, asking them, writing in place, gradients.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/errors_support.h"

namespace gradus::errors_test {
using namespace wrong_calls;
namespace {

TEST(Errors, Making) {
  expect_errors({
      {[] {
         zeros({2, -1});
       },
       "zeros: a shape has no negative sizes, got [2, -1]"},
      {[] {
         ones({int64_t{1} << 40, int64_t{1} << 40});
       },
       "ones: a tensor of shape [1099511627776, 1099511627776] has more elements than can be "
       "counted"},
      {[] { full({kMost}, 1.5); },
       "full: a tensor of shape [9223372036854775807] has more elements than memory can hold"},
      {[] { rand({-1}); }, "rand: a shape has no negative sizes, got [-1]"},
      {[] { randint(2, {-2}); }, "randint: a shape has no negative sizes, got [-2]"},
      {[] {
         zeros({1, 1, 1, 1, 1, 1, 1, 1, 1});
       },
       "shape: a tensor has at most 8 dimensions, got 9"},
      {[] { zeros({int64_t{1} << 57}); },
       "out of memory: a tensor of 576460752303423488 bytes could not be allocated"},
      {[] { eye(2, -3); }, "eye: a shape has no negative sizes, got [2, -3]"},
      {[] { eye(int64_t{1} << 40); },
       "eye: a tensor of shape [1099511627776, 1099511627776] has more elements than can be "
       "counted"},
      {[] { arange(1, 5, 0); }, "arange: from 1 to 5 in steps of 0 - the steps do not lead there"},
      {[] { arange(5, 1); }, "arange: from 5 to 1 in steps of 1 - the steps do not lead there"},
      {[] { arange(NAN); }, "arange: from 0 to nan in steps of 1 - the steps do not lead there"},
      {[] { arange(kMost); },
       "arange: from 0 to 9.223372036854776e+18 in steps of 1 are more numbers than memory can "
       "hold"},
      {[] { arange(0, 2, 0.5, kInt64); }, "arange: an int64 tensor cannot hold 0.5"},
      {[] { arange(3, kBool); },
       "arange: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)"},
      {[] { linspace(0, 1, -1); }, "linspace: the number of steps cannot be negative, got -1"},
      {[] { linspace(0, 1, 3, kInt64); },
       "linspace: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { randint(5, 2, {2}); }, "randint: from 5 to 2 - there is no integer in between"},
      {[] { randperm(-1); }, "randperm: expected an integer of at least 0, got -1"},
      {[] { rand({2}, kInt64); },
       "rand: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { full({2}, 1.5, kInt64); }, "full: an int64 tensor cannot hold 1.5"},
      {[] { full_like(ids, 0.5); }, "full_like: an int64 tensor cannot hold 0.5"},
      {[] {
         tensor({{1, 2}, {3}});
       },
       "tensor: the rows differ in shape, [2] and [1]"},
      {[] { tensor({1e300}, kInt64); }, "tensor: an int64 tensor cannot hold 1e+300"},
  });
}

TEST(Errors, Asking) {
  expect_errors({
      {[] { x.size(2); }, "size: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { ones({}).size(0); }, "size: a tensor without dimensions has no sizes"},
      {[] { x.sizes<3>(); }, "sizes<3>: the tensor is [2, 3]"},
      {[] { x.item<float>(); },
       "item: the tensor is [2, 3], only a tensor with one element has one value"},
      {[] { tensor(NAN).item<int64_t>(); }, "item: nan does not fit into int64"},
      {[] { tensor(3e9).item<int32_t>(); }, "item: 3000000000 does not fit into int32"},
      {[] { x.data_ptr<double>(); }, "data_ptr: the tensor holds float32, not float64"},
      {[] { equal(x, integers); },
       "equal: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { allclose(x, x, -1e-5); },
       "allclose: rtol is -1e-05 and atol 1e-08, a tolerance is not negative"},
      {[] { allclose(x, ones(2)); },
       "allclose: [2, 3] and [2] do not broadcast - sizes 3 and 2 differ at dimension -1"},
      {[] { undefined.sizes(); }, kUndefined},
      {[] { undefined + 1; }, kUndefined},
  });
}

TEST(Errors, InPlace) {
  expect_errors({
      {[] {
         x.copy_(ones({3, 3}));
       },
       "copy_: [3, 3] does not broadcast to [2, 3], which is written in place"},
      {[] { x.add_(integers); },
       "add_: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { integers.add_(0.5); }, "add_: an int64 tensor takes no fractional number, got 0.5"},
      {[] { integers.div_(2); },
       "div_: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { x.uniform_(2, 1); }, "uniform_: from 2 to 1 - the bounds must be in order"},
      {[] { x.normal_(0, -1); }, "normal_: std = -1 - a standard deviation is not negative"},
      {[] { x.bernoulli_(2); }, "bernoulli_: p = 2 - a probability is between 0 and 1"},
      {[] { integers.normal_(); },
       "normal_: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { x.masked_fill_(integers, 1); }, "masked_fill: the condition must be bool, got int64"},
      {[] {
         x.expand({4, 2, 3}).fill_(1);
       },
       "fill_: several elements of the expanded tensor [4, 2, 3] share memory; clone() it first"},
  });
}

TEST(Errors, Gradients) {
  expect_errors({
      {[] { x.backward(); },
       "backward: the output of shape [2, 3] does not depend on any tensor that requires "
       "gradients"},
      {[] { x.clone().requires_grad_().backward(); },
       "backward: the output is [2, 3]; only an output with a single element can do without a "
       "gradient argument"},
      {[] { integers.requires_grad_(); },
       "requires_grad_: only floating-point tensors have gradients, got int64"},
      {[] { ones(2).requires_grad_().grad().sum(); }, kUndefined},
      {[] { x.retain_grad(); }, "retain_grad: the tensor does not require gradients"},
      {[] { x.to(requires_grad()); },
       "to: the options require gradients, but the result has the history of this tensor; call "
       "requires_grad_() on it"},
      {[] { set_num_threads(0); }, "set_num_threads: expected 1 to 1024 threads, got 0"},
  });
}

}  // namespace
}  // namespace gradus::errors_test
