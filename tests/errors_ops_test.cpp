// Wrong calls of ops and their messages: views, arithmetic, reductions, matrices.
#include <gtest/gtest.h>

#include "tests/errors_support.h"

namespace gradus::errors_ops_test {
using namespace wrong_calls;
namespace {

TEST(Errors, Views) {
  expect_errors({
      {[] { x.view({4}); }, "view: [2, 3] has 6 elements, they do not fill [4]"},
      {[] {
         x.view({-1, -1});
       },
       "view: [-1, -1] is not a shape; sizes are at least 0, and one may be -1"},
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
       "view: a tensor of shape [9223372036854775807, 9223372036854775807] has more elements than "
       "can be counted"},
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
         vector.expand({-1, 3});
       },
       "expand: [3] does not broadcast to [-1, 3]"},
      {[] { x.select(0, 2); }, "select: index 2 is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] { x[-3]; }, "select: index -3 is outside the 2 entries of dimension 0 of [2, 3]"},
      {[] { ones({})[0]; }, "select: a tensor without dimensions has nothing to select from"},
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
         cat({x, vector});
       },
       "cat: [2, 3] and [3] cannot be concatenated along dimension 0; their other sizes must "
       "agree"},
      {[] {
         cat({x, ones({2, 2})});
       },
       "cat: [2, 3] and [2, 2] cannot be concatenated along dimension 0; their other sizes must "
       "agree"},
      {[] {
         cat({x, integers});
       },
       "cat: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         cat({x, ones({})});
       },
       "cat: a tensor without dimensions cannot be concatenated; use stack"},
      {[] { cat(std::vector<Tensor>{}); }, "cat: there is no tensor to concatenate"},
      {[] {
         stack({x, vector});
       },
       "stack: the shapes differ, [2, 3] and [3]"},
      {[] {
         stack({x, integers});
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
       "add: [2, 3] and [2] do not broadcast - sizes 3 and 2 differ at dimension -1"},
      {[] { x + integers; }, "add: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { integers + 0.5; }, "add: an int64 tensor takes no fractional number, got 0.5"},
      {[] { integers / integers; },
       "div: int64 tensors cannot be divided; convert them with .to(kFloat32)"},
      {[] { ids / 2; }, "div: int64 tensors cannot be divided; convert them with .to(kFloat32)"},
      {[] { mask + mask; },
       "add: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)"},
      {[] { eq(mask, 2); },
       "eq: a bool tensor takes true or false, got 2; convert it with .to(kInt64) or "
       ".to(kFloat32)"},
      {[] { exp(integers); },
       "exp: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { sqrt(mask); },
       "sqrt: expected a floating-point tensor, got bool; convert it with .to(kFloat32)"},
      {[] { pow(integers, -1); }, "pow: an int64 to a negative power is not an integer"},
      {[] { pow(integers, 0.5); }, "pow: an int64 tensor takes no fractional number, got 0.5"},
      {[] { x.pow(integers); },
       "pow: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] { clamp(x); }, "clamp: at least one of min and max must be given"},
      {[] { clamp(integers, 0.5); }, "clamp: an int64 tensor takes no fractional number, got 0.5"},
      {[] { gelu(x, "fast"); }, "gelu: approximate is \"none\" or \"tanh\", got \"fast\""},
      {[] { where(x, x, x); }, "where: the condition must be bool, got float32"},
      {[] { where(mask, x, ones(2)); },
       "where: [2, 3] and [2] do not broadcast - sizes 3 and 2 differ at dimension -1"},
      {[] { masked_fill(x, integers, 1); }, "masked_fill: the condition must be bool, got int64"},
      {[] { masked_fill(x, ones({2}, kBool), 1); },
       "masked_fill: x is [2, 3], the mask of shape [2] does not broadcast to it"},
      {[] { tril(vector); }, "tril: expected a matrix or a batch of them, got [3]"},
  });
}

TEST(Errors, Reductions) {
  expect_errors({
      {[] { sum(x, 2); }, "sum: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { mean(x, 2); }, "mean: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { mean(integers); },
       "mean: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { x.std(5); }, "std: dimension 5 is out of range for a tensor of 2 dimensions"},
      {[] { x.norm(2, 5); }, "norm: dimension 5 is out of range for a tensor of 2 dimensions"},
      {[] {
         sum(x, {0, -2});
       },
       "sum: dimension 0 is named twice in [0, -2]"},
      {[] { softmax(x, 2); }, "softmax: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { softmax(integers, 0); },
       "softmax: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { logsumexp(x, -3); },
       "logsumexp: dimension -3 is out of range for a tensor of 2 dimensions"},
      {[] { max(zeros({0})); },
       "max: a reduced dimension of x has size 0, so there is no element to choose from; x is "
       "[0]"},
      {[] {
         amax(zeros({0, 3}), 0);
       },
       "amax: a reduced dimension of x has size 0, so there is no element to choose from; x is "
       "[0, 3]"},
      {[] { topk(x, 4); }, "topk: k is 4, dimension -1 of [2, 3] has 3"},
      {[] { topk(x, 1, 2); }, "topk: dimension 2 is out of range for a tensor of 2 dimensions"},
  });
}

TEST(Errors, Matrices) {
  expect_errors({
      {[] { matmul(x, x); },
       "matmul: [2, 3] x [2, 3] - the 3 columns of a do not meet the 2 rows of b"},
      {[] { matmul(vector, ones(4)); },
       "matmul: [3] x [4] - the 3 columns of a do not meet the 4 rows of b"},
      {[] { matmul(ones({}), x); }, "matmul: [] x [2, 3] - both need at least one dimension"},
      {[] { matmul(x, integers); },
       "matmul: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         matmul(ones({2, 2, 3}), ones({3, 3, 2}));
       },
       "matmul: [2, 2, 3] x [3, 3, 2] - the batch sizes 2 and 3 do not broadcast"},
      {[] { outer(x, vector); }, "outer: expected two vectors, got [2, 3] and [3]"},
      {[] { outer(ids, vector); },
       "outer: the dtypes differ, int64 and float32; convert one with .to()"},
      {[] {
         linear(x, ones({2, 2}));
       },
       "linear: x is [2, 3] and weight [2, 2] - the 3 columns of x do not meet the 2 of weight"},
      {[] { linear(x, vector); }, "linear: weight must be (out, in), got [3]"},
      {[] { linear(x, x, vector); }, "linear: weight is [2, 3], so bias must be [2], got [3]"},
      {[] {
         linear(x, ones({2, 3}, kFloat64));
       },
       "linear: the dtypes differ, float32 and float64; convert one with .to()"},
  });
}

}  // namespace
}  // namespace gradus::errors_ops_test
