// Wrong calls and what they say: the op, what was given, what does not fit.
#include <gtest/gtest.h>

#include <cmath>

#include "gradus.h"
#include "tests/expect_error.h"

namespace gradus {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(),
                  kMost = std::numeric_limits<int64_t>::max();

struct WrongCall {
  std::function<void()> call;
  std::string message;
};
void expect_errors(const std::vector<WrongCall>& calls) {
  for (const auto& [call, message] : calls)
    expect_error(call, message);
}

const Tensor none, x = arange(6, kFloat32).reshape({2, 3}), f = ones(3), i = tensor({0, 1}),
                   l = tensor({{0, 1, 0}, {1, 0, 1}}), b = tensor({{true, false, true}});

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
       "empty: there is no memory for a tensor of 576460752303423488 bytes"},
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
      {[] { randperm(-1); }, "randperm: expected a whole number of at least 0, got -1"},
      {[] { rand({2}, kInt64); },
       "rand: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { full({2}, 1.5, kInt64); }, "full: an int64 tensor cannot hold 1.5"},
      {[] { full_like(i, 0.5); }, "full_like: an int64 tensor cannot hold 0.5"},
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
      {[] { tensor(NAN).item<int64_t>(); }, "item: nan is not in the range of the type asked for"},
      {[] { tensor(3e9).item<int32_t>(); },
       "item: 3000000000 is not in the range of the type asked for"},
      {[] { x.data_ptr<double>(); }, "data_ptr: the tensor holds float32, not float64"},
      {[] { equal(x, l); }, "equal: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { allclose(x, ones(2)); },
       "allclose: [2, 3] and [2] do not broadcast - size 3 meets 2 at dimension -1"},
      {[] { none.sizes(); }, "tensor: this Tensor is undefined, it was never given a value"},
      {[] { none + 1; }, "tensor: this Tensor is undefined, it was never given a value"},
  });
}

TEST(Errors, Views) {
  expect_errors({
      {[] { x.view({4}); }, "view: [2, 3] has 6 elements, they do not fill [4]"},
      {[] {
         x.view({-1, -1});
       },
       "view: [-1, -1] is no shape; sizes are at least 0, and one may be -1"},
      {[] {
         x.view({-1, 4});
       },
       "view: [2, 3] has 6 elements, they do not fill [-1, 4]"},
      {[] { x.t().view({6}); },
       "view: the strides [1, 3] of [3, 2] do not allow [6] without a copy; use reshape"},
      {[] { x.reshape({5}); }, "reshape: [2, 3] has 6 elements, they do not fill [5]"},
      {[] {
         x.view({kMost, kMost});
       },
       "view: [9223372036854775807, 9223372036854775807] is more than can be counted"},
      {[] { x.transpose(0, 2); },
       "transpose: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] {
         ones({1, 1, 1}).t();
       },
       "t: expected a matrix, got [1, 1, 1]; use transpose(-2, -1) for a batch of them"},
      {[] { x.permute({0}); }, "permute: [0] names 1 dimensions, x is [2, 3]"},
      {[] {
         x.permute({0, 0});
       },
       "permute: [0, 0] names dimension 0 twice"},
      {[] { x.unsqueeze(kLeast); },
       "unsqueeze: dimension -9223372036854775808 is out of range for a tensor of 3 dimensions"},
      {[] { x.squeeze(-3); }, "squeeze: dimension -3 is out of range for a tensor of 2 dimensions"},
      {[] {
         x.expand({4, 3});
       },
       "expand: [2, 3] does not broadcast to [4, 3]"},
      {[] { x.expand({3}); }, "expand: [2, 3] has more dimensions than [3]"},
      {[] {
         f.expand({-1, 3});
       },
       "expand: [3] does not broadcast to [-1, 3]"},
      {[] { x.select(0, 2); }, "select: index 2 is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] { x[-3]; }, "select: index -3 is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] { ones({})[0]; }, "select: a tensor without dimensions has nothing to select from"},
      {[] { x[i]; },
       "operator[]: the index is one int64 number, got [2] int64; use index_select for several"},
      {[] { x.narrow(1, 2, 2); },
       "narrow: 2 entries from 2 are outside the 3 of dimension 1 of [2, 3]"},
      {[] { x.narrow(0, 5, 1); },
       "narrow: start 5 is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] { x.slice(0, {}, {}, 0); }, "slice: the step must be positive, got 0"},
      {[] { x.chunk(0); }, "chunk: the number of chunks must be positive, got 0"},
      {[] { x.chunk(2, 5); }, "chunk: dimension 5 is out of range for a tensor of 2 dimensions"},
      {[] { x.split(0); }, "split: the size must be positive, got 0"},
      {[] { x.split(1, 5); }, "split: dimension 5 is out of range for a tensor of 2 dimensions"},
      {[] {
         x.split(std::vector<int64_t>{1, 3}, 1);
       },
       "split: the sizes [1, 3] do not add up to dimension 1 of [2, 3]"},
      {[] {
         x.split(std::vector<int64_t>{3, -1});
       },
       "split: sizes are at least 0, got -1"},
      {[] {
         x.split(std::vector<int64_t>{kMost, kMost, 4});
       },
       "split: the sizes [9223372036854775807, 9223372036854775807, 4] do not add up to dimension "
       "0 of [2, 3]"},
      {[] { x.flatten(1, 0); }, "flatten: start_dim 1 comes after end_dim 0 in [2, 3]"},
      {[] {
         cat({x, f});
       },
       "cat: [3] does not go behind [2, 3] along dimension 0"},
      {[] {
         cat({x, ones({2, 2})});
       },
       "cat: [2, 2] does not go behind [2, 3] along dimension 0"},
      {[] {
         cat({x, l});
       },
       "cat: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         cat({x, ones({})});
       },
       "cat: a tensor without dimensions cannot be put behind another; use stack"},
      {[] { cat(std::vector<Tensor>{}); }, "cat: there is nothing to put together"},
      {[] {
         stack({x, f});
       },
       "stack: the shapes differ, [2, 3] and [3]"},
      {[] {
         stack({x, l});
       },
       "stack: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         stack({x, x}, 4);
       },
       "stack: dimension 4 is out of range for a tensor of 3 dimensions"},
  });
}

TEST(Errors, Arithmetic) {
  expect_errors({
      {[] { x + ones(2); },
       "add: [2, 3] and [2] do not broadcast - size 3 meets 2 at dimension -1"},
      {[] { x + l; }, "add: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { l + 0.5; }, "add: an int64 tensor takes no fractional number, got 0.5"},
      {[] { l / l; }, "div: int64 tensors do not divide; convert them with .to(kFloat32)"},
      {[] { i / 2; }, "div: int64 tensors do not divide; convert them with .to(kFloat32)"},
      {[] { b + b; },
       "add: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)"},
      {[] { eq(b, 2); },
       "eq: a bool tensor goes with true or false, got 2; convert it with .to(kInt64) or "
       ".to(kFloat32)"},
      {[] { exp(l); },
       "exp: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { sqrt(b); },
       "sqrt: expected a floating-point tensor, got bool; convert it with .to(kFloat32)"},
      {[] { pow(l, -1); }, "pow: int64 to a negative power is no whole number"},
      {[] { pow(l, 0.5); }, "pow: an int64 tensor takes no fractional number, got 0.5"},
      {[] { x.pow(l); }, "pow: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { clamp(x); }, "clamp: at least one of min and max must be given"},
      {[] { clamp(l, 0.5); }, "clamp: an int64 tensor takes no fractional number, got 0.5"},
      {[] { gelu(x, "fast"); }, "gelu: approximate is \"none\" or \"tanh\", got \"fast\""},
      {[] { where(x, x, x); }, "where: the condition must be bool, got float32"},
      {[] { where(b, x, ones(2)); },
       "where: [2, 3] and [2] do not broadcast - size 3 meets 2 at dimension -1"},
      {[] { masked_fill(x, l, 1); }, "masked_fill: the condition must be bool, got int64"},
      {[] { masked_fill(x, ones({2}, kBool), 1); },
       "masked_fill: x is [2, 3], the mask of shape [2] does not broadcast to it"},
      {[] { tril(f); }, "tril: expected a matrix or a batch of them, got [3]"},
  });
}

TEST(Errors, Reductions) {
  expect_errors({
      {[] { sum(x, 2); }, "sum: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { mean(x, 2); }, "mean: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { mean(l); },
       "mean: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { x.std(5); }, "std: dimension 5 is out of range for a tensor of 2 dimensions"},
      {[] { x.norm(2, 5); }, "norm: dimension 5 is out of range for a tensor of 2 dimensions"},
      {[] {
         sum(x, {0, -2});
       },
       "sum: dimension 0 is named twice in [0, -2]"},
      {[] { softmax(x, 2); }, "softmax: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { softmax(l, 0); },
       "softmax: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { logsumexp(x, -3); },
       "logsumexp: dimension -3 is out of range for a tensor of 2 dimensions"},
      {[] { max(zeros({0})); },
       "max: there is no element to choose from in a tensor with sizes [1] left"},
      {[] {
         amax(zeros({0, 3}), 0);
       },
       "amax: there is no element to choose from in a tensor with sizes [1, 3] left"},
      {[] { topk(x, 4); }, "topk: k is 4, dimension -1 of [2, 3] has 3"},
      {[] { topk(x, 1, 2); }, "topk: dimension 2 is out of range for a tensor of 2 dimensions"},
  });
}

TEST(Errors, Matrices) {
  expect_errors({
      {[] { matmul(x, x); },
       "matmul: [2, 3] x [2, 3] - the 3 columns of a do not meet the 2 rows of b"},
      {[] { matmul(f, ones(4)); },
       "matmul: [3] x [4] - the 3 columns of a do not meet the 4 rows of b"},
      {[] { matmul(ones({}), x); }, "matmul: [] x [2, 3] - both need at least one dimension"},
      {[] { matmul(x, l); },
       "matmul: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         matmul(ones({2, 2, 3}), ones({3, 3, 2}));
       },
       "matmul: [2, 2, 3] x [3, 3, 2] - the batch sizes 2 and 3 do not broadcast"},
      {[] { outer(x, f); }, "outer: expected two vectors, got [2, 3] and [3]"},
      {[] { outer(i, f); }, "outer: the dtypes differ, int64 and float32; convert one with .to()"},
      {[] {
         linear(x, ones({2, 2}));
       },
       "linear: x is [2, 3] and weight [2, 2] - the 3 columns of x do not meet the 2 of weight"},
      {[] { linear(x, f); }, "linear: weight must be (out, in), got [3]"},
      {[] { linear(x, x, f); }, "linear: weight is [2, 3], so bias must be [2], got [3]"},
      {[] {
         linear(x, ones({2, 3}, kFloat64));
       },
       "linear: the dtypes differ, float32 and float64; convert one with .to()"},
  });
}

TEST(Errors, Indices) {
  expect_errors({
      {[] { index_select(x, 2, i); },
       "index_select: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] {
         index_select(x, 0, tensor({0, 2}));
       },
       "index_select: index 2 at [1] is outside the 2 entries"},
      {[] { index_select(x, 0, f); },
       "index_select: each index is a whole number and must be int64, got float32"},
      {[] { index_select(x, 0, l); },
       "index_select: the index must have one dimension, got [2, 3]"},
      {[] {
         index_select(zeros({0, 3}), 0, tensor({0}));
       },
       "index_select: index 0 at [0] is outside the 0 entries"},
      {[] { gather(x, 0, tensor({0})); },
       "gather: x is [2, 3] and the index [1] - they need the same number of dimensions"},
      {[] {
         gather(x, 0, tensor({{0, 2}}));
       },
       "gather: index 2 at [0, 1] is outside the 2 entries along the dimension"},
      {[] {
         gather(x, 0, tensor({{0, 0, 0, 0}}));
       },
       "gather: the index of shape [1, 4] is larger than x of shape [2, 3] at dimension 1"},
      {[] {
         scatter_add(x, 1, l, ones({1, 3}));
       },
       "scatter_add: the index of shape [2, 3] is larger than the source of shape [1, 3] at "
       "dimension 0"},
      {[] { scatter_add(x, 0, l, l); },
       "scatter_add: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         embedding(x, tensor({{0, 1}, {-1, 0}}));
       },
       "embedding: index -1 at [1, 0] is outside the 2 rows of weight"},
      {[] { embedding(f, i); }, "embedding: weight must be (V, C), got [3]"},
      {[] {
         one_hot(tensor({1, 5}), 5);
       },
       "one_hot: index 5 at [1] is outside the 5 classes"},
      {[] {
         one_hot(tensor({-1, 3}));
       },
       "one_hot: index -1 at [0] is outside the 4 classes"},
      {[] { one_hot(i, 0); }, "one_hot: the number of classes must be positive, got 0"},
      {[] { one_hot(tensor({kMost})); },
       "one_hot: index 9223372036854775807 is one class more than can be counted"},
      {[] { one_hot(i, kMost); },
       "one_hot: a tensor of shape [2, 9223372036854775807] has more elements than can be counted"},
      {[] { multinomial(f, 4); },
       "multinomial: 4 samples without replacement - only 3 weights are above 0"},
      {[] { multinomial(f, -1, true); }, "multinomial: -1 samples - at least one must be drawn"},
      {[] { multinomial(-f, 1); },
       "multinomial: weight -1 at 0 - a weight is finite and not negative"},
      {[] { multinomial(f * 0, 1); }, "multinomial: the 3 weights sum to 0 - nothing can be drawn"},
      {[] { multinomial(i, 1); },
       "multinomial: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
  });
}

TEST(Errors, Losses) {
  expect_errors({
      {[] {
         cross_entropy(x, tensor({0, 3}));
       },
       "cross_entropy: target 3 at [1] is outside the 3 classes"},
      {[] { cross_entropy(x, tensor({0})); },
       "cross_entropy: the scores are [2, 3] with the classes in dimension 1, so the target must "
       "be [2], got [1]"},
      {[] { cross_entropy(x, f); },
       "cross_entropy: the scores are [2, 3] with the classes in dimension 1, so the target must "
       "be [2], got [3]"},
      {[] { cross_entropy(l, i); },
       "cross_entropy: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { cross_entropy(x, i, ones(2)); },
       "cross_entropy: there are 3 classes, so weight must be [3], got [2]"},
      {[] { cross_entropy(x, i, ones(3, kFloat64)); },
       "cross_entropy: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { cross_entropy(x, i, {}, 5); },
       "cross_entropy: reduction must be None, Mean or Sum, got 5"},
      {[] { cross_entropy(x, i, {.label_smoothing = 2}); },
       "cross_entropy: label_smoothing is between 0 and 1, got 2"},
      {[] {
         nll_loss(x, tensor({0, -1}));
       },
       "nll_loss: target -1 at [1] is outside the 3 classes"},
      {[] { nll_loss(l, i); },
       "nll_loss: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { mse_loss(x, f); },
       "mse_loss: the shapes differ, [2, 3] and [3]; a loss does not broadcast"},
      {[] { mse_loss(l, l); },
       "mse_loss: expected floating-point tensors, got int64; convert them with .to(kFloat32)"},
      {[] { mse_loss(x, x.to(kFloat64)); },
       "mse_loss: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] {
         layer_norm(x, {3, 2});
       },
       "layer_norm: x is [2, 3], its last dimensions are not the normalized shape [3, 2]"},
      {[] { layer_norm(x, 3, ones(2)); },
       "layer_norm: x is [2, 3], so weight and bias must be [3], got [2] and none"},
      {[] { layer_norm(x, 3, ones(3, kFloat64)); },
       "layer_norm: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { dropout(x, 1.5, true); }, "dropout: p is a probability between 0 and 1, got 1.5"},
      {[] { dropout(l, 0.5, true); },
       "dropout: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { scaled_dot_product_attention(f, x, x); },
       "scaled_dot_product_attention: q [3], k [2, 3] and v [2, 3] need at least two dimensions"},
      {[] {
         scaled_dot_product_attention(x, ones({4, 2}), x);
       },
       "scaled_dot_product_attention: q is [2, 3] and k [4, 2] - their heads differ in size, 3 and "
       "2"},
      {[] {
         scaled_dot_product_attention(x, ones({4, 3}), x);
       },
       "scaled_dot_product_attention: k is [4, 3] and v [2, 3] - the 4 keys do not meet the 2 "
       "values"},
      {[] { scaled_dot_product_attention(x, x, x, ones({5}, kBool)); },
       "scaled_dot_product_attention: attn_mask of shape [5] does not broadcast to the scores of "
       "shape [2, 2]"},
      {[] {
         scaled_dot_product_attention(x, x, x, ones({2, 2}), 0, true);
       },
       "scaled_dot_product_attention: give attn_mask or is_causal, not both"},
      {[] {
         scaled_dot_product_attention(x, x, x, ones({2, 2}, kInt64));
       },
       "scaled_dot_product_attention: the dtypes differ, float32 and int64; convert one with "
       ".to()"},
      {[] { scaled_dot_product_attention(x, x, x, {}, 2); },
       "scaled_dot_product_attention: dropout_p is a probability between 0 and 1, got 2"},
      {[] { scaled_dot_product_attention(l, l, l); },
       "scaled_dot_product_attention: expected floating-point tensors, got int64; convert them "
       "with .to(kFloat32)"},
  });
}

TEST(Errors, InPlace) {
  expect_errors({
      {[] {
         x.copy_(ones({3, 3}));
       },
       "copy_: [3, 3] does not broadcast to [2, 3], which is written in place"},
      {[] { x.add_(l); }, "add_: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { l.add_(0.5); }, "add_: an int64 tensor takes no fractional number, got 0.5"},
      {[] { l.div_(2); },
       "div_: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { x.uniform_(2, 1); }, "uniform_: from 2 to 1 - the bounds must be in order"},
      {[] { x.normal_(0, -1); }, "normal_: std = -1 - a standard deviation is not negative"},
      {[] { x.bernoulli_(2); }, "bernoulli_: p = 2 - a probability lies between 0 and 1"},
      {[] { l.normal_(); },
       "normal_: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { x.masked_fill_(l, 1); }, "masked_fill: the condition must be bool, got int64"},
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
       "backward: the output is [2, 3]; only one with a single element needs no gradient given"},
      {[] { l.requires_grad_(); },
       "requires_grad_: only floating-point tensors have gradients, got int64"},
      {[] { x.retain_grad(); }, "retain_grad: the tensor does not require gradients"},
      {[] { set_num_threads(0); }, "set_num_threads: expected 1 to 1024 threads, got 0"},
  });
}

}  // namespace
}  // namespace gradus
