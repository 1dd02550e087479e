// Losses and activations where numbers are extreme, their modules, and initialisation.
#include <gtest/gtest.h>

#include <cmath>

#include "gradus.h"

namespace gradus::losses_test {
namespace {

Tensor leaf(const NestedNumbers& values) { return tensor(values, kFloat64).requires_grad_(); }

/// The gradient of the sum of f, and of the sum of that gradient's squares.
std::vector<Tensor> two_derivatives(const Tensor& y, const Tensor& x) {
  const Tensor first = autograd::grad({y.sum()}, {x}, {}, true, true)[0];
  return {first, autograd::grad({(first * first).sum()}, {x})[0]};
}

TEST(Losses, CrossEntropyOfACertainPredictionHasFiniteDerivatives) {
  const Tensor x = leaf({0., 1., 0., 1.});
  const Tensor t = tensor({0., 1., 1., 0.}, kFloat64);
  const Tensor y = binary_cross_entropy(x, t, {}, kNone);
  EXPECT_TRUE(equal(y.detach(), tensor({0., 0., 100., 100.}, kFloat64)));
  for (const Tensor& dx : two_derivatives(y, x))
    EXPECT_TRUE(isfinite(dx).all().item<bool>()) << dx;
}

TEST(Losses, TheTargetOfACertainPredictionHasFiniteDerivatives) {
  const Tensor p = leaf({0., 1., 0.5});
  const Tensor t = leaf({0.25, 0.5, 0.75});
  const Tensor y = binary_cross_entropy(p, t, {}, kNone);
  const Tensor dt = autograd::grad({y.sum()}, {t}, {}, true, true)[0];
  EXPECT_TRUE(allclose(dt.detach(), tensor({100., -100., 0.}, kFloat64)));
  EXPECT_TRUE(isfinite(autograd::grad({dt.sum()}, {p})[0]).all().item<bool>());
}

TEST(Losses, HuberOfAnInfiniteErrorHasTheSlopeOfItsLine) {
  const Tensor x = leaf({INFINITY, -INFINITY, 0.5});
  huber_loss(x, zeros({3}, kFloat64), kSum, 2).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({2., -2., 0.5}, kFloat64)));
}

TEST(Losses, LargeLogitsNeitherOverflowNorLoseTheLoss) {
  const Tensor x = leaf({800., -800., 800., -800.});
  const Tensor t = tensor({1., 0., 0., 1.}, kFloat64);
  const Tensor y = binary_cross_entropy_with_logits(x, t, {}, {}, kNone);
  EXPECT_TRUE(equal(y.detach(), tensor({0., 0., 800., 800.}, kFloat64)));
  y.sum().backward();
  EXPECT_TRUE(equal(x.grad(), tensor({0., 0., 1., -1.}, kFloat64)));
}

TEST(Losses, TargetsOfProbabilityZeroCountAsZero) {
  const Tensor t = leaf({0., 1.});
  const Tensor y = kl_div(tensor({-3., 0.}, kFloat64), t, kSum);
  EXPECT_EQ(y.item<double>(), 0);
  EXPECT_TRUE(isfinite(autograd::grad({y}, {t})[0]).all().item<bool>());
}

TEST(Losses, ADistributionOnOneClassIsThatClass) {
  manual_seed(3);
  const Tensor x = randn({4, 3, 2}, kFloat64);
  const Tensor ids = randint(3, {4, 2});
  const Tensor p = one_hot(ids, 3).transpose(1, 2).to(kFloat64);
  const Tensor w = tensor({0.5, 2., 3.}, kFloat64);
  for (const int64_t reduction : {kNone, kSum}) {
    for (const double smoothing : {0., 0.2}) {
      EXPECT_TRUE(allclose(cross_entropy(x, p, w, reduction, -100, smoothing),
                           cross_entropy(x, ids, w, reduction, -100, smoothing), 1e-12));
    }
  }
  EXPECT_TRUE(allclose(nn::CrossEntropyLoss()(x, p), cross_entropy(x, ids), 1e-12));
}

TEST(Losses, ModulesAreTheirFunctions) {
  const Tensor x = tensor({{0.2, 0.7}, {0.6, 0.1}});
  const Tensor t = tensor({{0.3, 0.5}, {0.9, 0.2}});
  const Tensor w = tensor({2., 3.});
  const Tensor ids = tensor({1, 0});
  EXPECT_TRUE(equal(nn::MSELoss({kSum})(x, t), mse_loss(x, t, kSum)));
  EXPECT_TRUE(equal(nn::L1Loss({kNone})(x, t), l1_loss(x, t, kNone)));
  EXPECT_TRUE(equal(nn::SmoothL1Loss({.beta = 0.1})(x, t), smooth_l1_loss(x, t, kMean, 0.1)));
  EXPECT_TRUE(equal(nn::HuberLoss({.delta = 0.1})(x, t), huber_loss(x, t, kMean, 0.1)));
  EXPECT_TRUE(equal(nn::CrossEntropyLoss({.weight = w})(x, ids), cross_entropy(x, ids, w)));
  EXPECT_TRUE(
      equal(nn::NLLLoss({.weight = w, .ignore_index = 1})(x, ids), nll_loss(x, ids, w, kMean, 1)));
  EXPECT_TRUE(equal(nn::BCELoss({.weight = w})(x, t), binary_cross_entropy(x, t, w)));
  EXPECT_TRUE(equal(nn::BCEWithLogitsLoss({.weight = w, .pos_weight = w + 1})(x, t),
                    binary_cross_entropy_with_logits(x, t, w, w + 1)));
  EXPECT_TRUE(equal(nn::KLDivLoss({.log_target = true})(x, t), kl_div(x, t, kMean, true)));
  EXPECT_TRUE(equal(nn::CosineSimilarity({.dim = 0})(x, t), cosine_similarity(x, t, 0)));
}

TEST(Activations, ModulesAreTheirFunctions) {
  const Tensor x = tensor({{-0.2, 0.7}, {0.6, -0.1}});
  EXPECT_TRUE(equal(nn::ReLU()(x), relu(x)));
  EXPECT_TRUE(equal(nn::LeakyReLU(0.3)(x), leaky_relu(x, 0.3)));
  EXPECT_TRUE(equal(nn::ELU(0.3)(x), elu(x, 0.3)));
  EXPECT_TRUE(equal(nn::Tanh()(x), tanh(x)));
  EXPECT_TRUE(equal(nn::Sigmoid()(x), sigmoid(x)));
  EXPECT_TRUE(equal(nn::SiLU()(x), silu(x)));
  EXPECT_TRUE(equal(nn::Softplus(2, 1)(x), softplus(x, 2, 1)));
  EXPECT_TRUE(equal(nn::Softmax(0)(x), softmax(x, 0)));
  EXPECT_TRUE(equal(nn::LogSoftmax(1)(x), log_softmax(x, 1)));
  EXPECT_TRUE(equal(nn::Identity()(x), x));
  EXPECT_TRUE(equal(nn::Flatten(0)(x), x.flatten()));
}

TEST(Activations, RmsNormGivesRowsTheMeanSquareOne) {
  const nn::RMSNorm layer(64);
  EXPECT_EQ(layer.named_parameters().size(), 1U);
  EXPECT_TRUE(nn::RMSNorm(4, {.elementwise_affine = false}).parameters().empty());
  const Tensor y = layer(randn({8, 64}) * 5);
  EXPECT_TRUE(allclose((y * y).mean(-1), ones(8), 1e-4, 1e-4));
}

TEST(Init, ChangesAParameterWithoutRecording) {
  const nn::Linear layer(4, 3);
  nn::init::kaiming_normal_(layer.weight);
  nn::init::zeros_(layer.bias);
  EXPECT_TRUE(layer.weight.is_leaf());
  EXPECT_TRUE(layer.weight.requires_grad());
  EXPECT_TRUE(equal(layer.bias.detach(), zeros(3)));
}

TEST(Init, AnEmptyWeightStaysAsItIs) {
  EXPECT_EQ(nn::init::xavier_uniform_(zeros({0, 0})).numel(), 0);
  EXPECT_EQ(nn::init::kaiming_normal_(zeros({3, 0})).numel(), 0);
}

TEST(Init, AVectorHasNoFans) {
  try {
    nn::init::xavier_normal_(zeros(3));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "xavier_normal_: the tensor is [3], expected a weight with 2 or more dimensions");
  }
}

}  // namespace
}  // namespace gradus::losses_test
