// Wrong calls of ops and their messages: indices, losses, normalisation, attention.
#include <gtest/gtest.h>

#include "tests/errors_support.h"

namespace gradus::errors_neural_test {
using namespace wrong_calls;
namespace {

TEST(Errors, Indices) {
  expect_errors({
      {[] { index_select(x, 2, ids); },
       "index_select: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] {
         index_select(x, 0, tensor({0, 2}));
       },
       "index_select: index 2 at [1] is outside the 2 entries"},
      {[] { index_select(x, 0, vector); },
       "index_select: each index must be an integer (int64), got float32"},
      {[] { index_select(x, 0, integers); },
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
         scatter_add(x, 1, integers, ones({1, 3}));
       },
       "scatter_add: the index of shape [2, 3] is larger than the source of shape [1, 3] at "
       "dimension 0"},
      {[] { scatter_add(x, 0, integers, integers); },
       "scatter_add: the dtypes differ, float32 and int64; convert one with .to()"},
      {[] {
         embedding(x, tensor({{0, 1}, {-1, 0}}));
       },
       "embedding: index -1 at [1, 0] is outside the 2 rows of weight"},
      {[] { embedding(vector, ids); }, "embedding: weight must be (V, C), got [3]"},
      {[] {
         one_hot(tensor({1, 5}), 5);
       },
       "one_hot: index 5 at [1] is outside the 5 classes"},
      {[] {
         one_hot(tensor({-1, 3}));
       },
       "one_hot: index -1 at [0] is outside the 4 classes"},
      {[] { one_hot(ids, 0); }, "one_hot: the number of classes must be positive, got 0"},
      {[] { one_hot(tensor({kMost})); },
       "one_hot: index 9223372036854775807 is too large, its number of classes cannot be counted"},
      {[] { one_hot(ids, kMost); },
       "one_hot: a tensor of shape [2, 9223372036854775807] has more elements than can be counted"},
      {[] { multinomial(vector, kMost, true); },
       "multinomial: a tensor of shape [9223372036854775807] has more elements than memory can "
       "hold"},
      {[] { multinomial(vector, 4); },
       "multinomial: 4 samples without replacement - only 3 weights are above 0"},
      {[] { multinomial(vector, -1, true); },
       "multinomial: -1 samples - at least one must be drawn"},
      {[] { multinomial(-vector, 1); },
       "multinomial: weight -1 at 0 - a weight is finite and not negative"},
      {[] { multinomial(vector * 0, 1); },
       "multinomial: the 3 weights sum to 0 - nothing can be drawn"},
      {[] { multinomial(ids, 1); },
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
      {[] { cross_entropy(x, vector); },
       "cross_entropy: a float32 target has the probabilities of the classes, in the shape [2, 3] "
       "of the scores, got [3]; the number of a class is an int64"},
      {[] { cross_entropy(x, x.to(kFloat64)); },
       "cross_entropy: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { cross_entropy(x, x, {.ignore_index = 0}); },
       "cross_entropy: ignore_index is 0, but a target of probabilities names no classes"},
      {[] { cross_entropy(x, x, ones(2)); },
       "cross_entropy: there are 3 classes, so weight must be [3], got [2]"},
      {[] { cross_entropy(integers, x); },
       "cross_entropy: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { cross_entropy(integers, ids); },
       "cross_entropy: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { cross_entropy(x, ids, ones(2)); },
       "cross_entropy: there are 3 classes, so weight must be [3], got [2]"},
      {[] { cross_entropy(x, ids, ones(3, kFloat64)); },
       "cross_entropy: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { cross_entropy(x, ids, {}, 5); },
       "cross_entropy: reduction must be None, Mean or Sum, got 5"},
      {[] { cross_entropy(x, ids, {.label_smoothing = 2}); },
       "cross_entropy: label_smoothing is between 0 and 1, got 2"},
      {[] {
         nll_loss(x, tensor({0, -1}));
       },
       "nll_loss: target -1 at [1] is outside the 3 classes"},
      {[] { nll_loss(integers, ids); },
       "nll_loss: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { mse_loss(x, vector); },
       "mse_loss: the shapes differ, [2, 3] and [3]; a loss does not broadcast"},
      {[] { mse_loss(integers, integers); },
       "mse_loss: expected floating-point tensors, got int64; convert them with .to(kFloat32)"},
      {[] { mse_loss(x, x.to(kFloat64)); },
       "mse_loss: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { l1_loss(x, vector); },
       "l1_loss: the shapes differ, [2, 3] and [3]; a loss does not broadcast"},
      {[] { smooth_l1_loss(x, x, kMean, -1); }, "smooth_l1_loss: beta is -1, expected 0 or more"},
      {[] { huber_loss(x, x, kMean, 0); }, "huber_loss: delta is 0, expected a number above 0"},
      {[] { huber_loss(x, x, 7); }, "huber_loss: reduction must be None, Mean or Sum, got 7"},
      {[] { binary_cross_entropy(x + 2, x); },
       "binary_cross_entropy: x is from 2 to 7, expected probabilities between 0 and 1; for logits "
       "call binary_cross_entropy_with_logits"},
      {[] { binary_cross_entropy_with_logits(x, vector); },
       "binary_cross_entropy_with_logits: the shapes differ, [2, 3] and [3]; a loss does not "
       "broadcast"},
      {[] { kl_div(integers, integers); },
       "kl_div: expected floating-point tensors, got int64; convert them with .to(kFloat32)"},
      {[] {
         cosine_similarity(x, ones({2, 2}));
       },
       "cosine_similarity: [2, 3] and [2, 2] do not broadcast - sizes 3 and 2 differ at dimension "
       "-1"},
      {[] { cosine_similarity(x, x, 2); },
       "cosine_similarity: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { softplus(x, 0); }, "softplus: beta is 0, but the result is divided by it"},
      {[] { softplus(integers); },
       "softplus: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { leaky_relu(integers); },
       "leaky_relu: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { elu(integers); },
       "elu: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { rms_norm(x, 2); },
       "rms_norm: x is [2, 3], which does not end with normalized_shape [2]"},
      {[] { rms_norm(x, {}); },
       "rms_norm: normalized_shape is empty, expected the last sizes of [2, 3]"},
      {[] { rms_norm(x, 3, ones(2)); },
       "rms_norm: normalized_shape is [3], so the weight must be too, got [2]"},
      {[] {
         layer_norm(x, {3, 2});
       },
       "layer_norm: x is [2, 3], its last dimensions are not the normalized shape [3, 2]"},
      {[] { layer_norm(x, 3, ones(2)); },
       "layer_norm: x is [2, 3], so weight and bias must be [3], got [2] and none"},
      {[] { layer_norm(x, 3, ones(3, kFloat64)); },
       "layer_norm: the dtypes differ, float32 and float64; convert one with .to()"},
      {[] { dropout(x, 1.5, true); }, "dropout: p is a probability between 0 and 1, got 1.5"},
      {[] { dropout(integers, 0.5, true); },
       "dropout: expected a floating-point tensor, got int64; convert it with .to(kFloat32)"},
      {[] { scaled_dot_product_attention(vector, x, x); },
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
      {[] { scaled_dot_product_attention(integers, integers, integers); },
       "scaled_dot_product_attention: expected floating-point tensors, got int64; convert them "
       "with .to(kFloat32)"},
  });
}

}  // namespace
}  // namespace gradus::errors_neural_test
