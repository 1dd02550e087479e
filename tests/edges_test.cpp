// Values and gradients at the edges: NaN, infinity, ties, zeros, numbers near the limits of float.
// Unless a comment says otherwise, the expected numbers are PyTorch 2.15's.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "tensor/random.h"

namespace gradus::tests::edges_test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
using X = const Tensor&;
using Function1 = std::function<Tensor(X)>;

/// Equal shapes, and elements that are close or both NaN.
void expect_close(X got, const NestedNumbers& wanted, double tolerance = 1e-6) {
  const Tensor expected = tensor(wanted, got.dtype());
  EXPECT_TRUE(got.sizes() == expected.sizes() &&
              allclose(got, expected, tolerance, tolerance / 1e6, /*equal_nan=*/true))
      << got << "\nwanted\n"
      << expected;
}

/// The gradient of f at x for dy, or for 1, 2, 3, ...; recorded or not.
Tensor gradient(const Function1& f, X x, const Tensor& dy = {}, bool recorded = false) {
  const Tensor leaf = x.detach().clone().requires_grad_();
  const Tensor y = f(leaf);
  const Tensor numbers = arange(1, y.numel() + 1, y.dtype()).view(y.sizes());
  const Tensor cotangent = dy.defined() ? dy : numbers;
  return autograd::grad({y}, {leaf}, {cotangent}, {}, recorded)[0].detach();
}

/// Both the gradient by the kernels and the recorded one.
void expect_gradient(const Function1& f, X x, const NestedNumbers& wanted, const Tensor& dy = {}) {
  for (const bool recorded : {false, true})
    expect_close(gradient(f, x, dy, recorded), wanted);
}

/// The gradient of the first element of the gradient of sum(f); undefined if that is constant.
Tensor second_derivative(const Function1& f, X x) {
  const Tensor leaf = x.detach().clone().requires_grad_();
  const Tensor dx = autograd::grad({f(leaf).sum()}, {leaf}, {}, {}, true)[0];
  if (!dx.requires_grad()) return {};
  return autograd::grad({dx.flatten()[0]}, {leaf}, {}, {}, false, true)[0];
}

Tensor doubles(const NestedNumbers& numbers) { return tensor(numbers, kFloat64); }

TEST(Edges, AnIndexOfAnyShape) {
  const Tensor x = arange(12, kFloat64).view({4, 3}).requires_grad_();
  expect_close(x[tensor({2, 0})].detach(), {{6.0, 7.0, 8.0}, {0.0, 1.0, 2.0}});
  EXPECT_EQ(x[tensor({{0, 1, 1}, {3, 3, 3}})].sizes(), (Shape{2, 3, 3}));
  EXPECT_EQ(x[zeros({0}, kInt64)].sizes(), (Shape{0, 3}));
  EXPECT_EQ(x[tensor(1)].sizes(), (Shape{3}));
  x[tensor({{2, 2}})].sum().backward();
  expect_close(x.grad(), {{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}, {2.0, 2.0, 2.0}, {0.0, 0.0, 0.0}});
}

TEST(Edges, MaximumAndMinimumPassTheGradientToNan) {
  const Tensor a = doubles({kNan, 1., kNan, 1., 2., 3., kInf, -kInf});
  const Tensor b = doubles({1., kNan, kNan, 1., 3., 2., kInf, kInf});
  expect_gradient([&](X x) { return maximum(x, b); }, a, {1., 2., 3., 2., 0., 6., 3.5, 0.});
  expect_gradient([&](X x) { return maximum(a, x); }, b, {1., 2., 3., 2., 5., 0., 3.5, 8.});
  expect_gradient([&](X x) { return minimum(x, b); }, a, {1., 2., 3., 2., 5., 0., 3.5, 8.});
  expect_gradient([&](X x) { return minimum(a, x); }, b, {1., 2., 3., 2., 0., 6., 3.5, 0.});
  // An infinite gradient does not become 0 * inf at the element that lost.
  expect_gradient(
      [&](X x) {
        return maximum(x, doubles({1., 4.}));
      },
      doubles({2., 3.}), {kInf, 0.}, full({2}, kInf, kFloat64));
}

TEST(Edges, MaxSharesTheGradientAmongNans) {
  const Tensor x = doubles({1., kNan, 3., kNan});
  expect_gradient([](X v) { return v.max(); }, x, {0., 0.5, 0., 0.5});
  expect_gradient([](X v) { return v.min(); }, x, {0., 0.5, 0., 0.5});
  // PyTorch's amax and amin give 0 / 0 here.
  expect_gradient([](X v) { return v.amax(0); }, x, {0., 0.5, 0., 0.5});
  expect_gradient([](X v) { return v.amin(0, true); }, x, {0., 0.5, 0., 0.5});
  expect_gradient([](X v) { return std::get<0>(v.max(0)); }, x, {0., 1., 0., 0.});
  expect_gradient([](X v) { return v.max(); }, doubles({kInf, 1., kInf}), {0.5, 0., 0.5});
  expect_gradient([](X v) { return v.norm(kInf); }, x, {0., 0., 0., 0.});
  expect_gradient([](X v) { return v.max(); }, doubles({1., 2.}), {0., kInf},
                  tensor(kInf, kFloat64));
}

TEST(Edges, ReluAndClampAtNan) {
  const Tensor x = doubles({kNan, 0., -0., kInf, -kInf, 1., -1.});
  for (const DType t : {kFloat64, kFloat32}) {
    expect_gradient([](X v) { return relu(v); }, x.to(t), {1., 0., 0., 4., 0., 6., 0.});
    expect_gradient([](X v) { return v.clamp(-0.5, 2.); }, x.to(t), {0., 2., 3., 0., 0., 6., 0.});
    for (const auto& bounds : std::vector<std::pair<std::optional<Scalar>, std::optional<Scalar>>>{
             {kNan, {}}, {{}, kNan}, {0., kNan}, {kNan, 1.}}) {
      const auto clamp_nan = [&](X v) { return v.clamp(bounds.first, bounds.second); };
      expect_close(clamp_nan(x.to(t)), {kNan, kNan, kNan, kNan, kNan, kNan, kNan});
      expect_gradient(clamp_nan, x.to(t), {0., 0., 0., 0., 0., 0., 0.});
    }
  }
  expect_gradient([](X v) { return v.clamp(-0.5, 2.); }, doubles({1., 3.}), {kInf, 0.},
                  full({2}, kInf, kFloat64));
}

TEST(Edges, LayerNormKeepsTheDigitsOfLargeRows) {
  const std::vector<std::pair<double, double>> rows = {
      {1e7, 1}, {-1e7, 1}, {16777216, 2}, {0, 1e20}, {1e20, 1e20}, {0, 1e38}, {0, 1e-30}};
  const Tensor steps = arange(4, kFloat64);
  const Tensor dy = tensor({{0.5, -1., 2., 0.25}});
  for (const auto& [offset, step] : rows) {
    SCOPED_TRACE(fmt::format("{} + {} i", offset, step));
    const double eps = step < 1e-5 ? 0 : 1e-5;
    const auto norm = [&](X x) { return layer_norm(x, 4, {}, {}, eps); };
    const Tensor x = (steps * step + offset).view({1, 4}).to(kFloat32);
    expect_close(norm(x), {{-1.3416408, -0.4472136, 0.4472136, 1.3416408}}, 2e-5);
    const Tensor wanted = gradient(norm, x.to(kFloat64), dy.to(kFloat64));
    for (const bool recorded : {false, true}) {
      const Tensor got = gradient(norm, x, dy, recorded).to(kFloat64);
      EXPECT_TRUE(allclose(got * step, wanted * step, 1e-4, 1e-5)) << got << wanted;
    }
  }
}

TEST(Edges, LayerNormOfLongLargeRows) {
  manual_seed(1);
  const Tensor x = (randn({3, 1000}, kFloat64) * 3 + 1e7).to(kFloat32);
  const Tensor weight = rand({1000});
  const Tensor wanted = layer_norm(x.to(kFloat64), 1000, weight.to(kFloat64));
  EXPECT_TRUE(allclose(layer_norm(x, 1000, weight).to(kFloat64), wanted, 1e-5, 1e-5));
}

TEST(Edges, MeanVarianceAndStdOfLargeNumbers) {
  EXPECT_EQ(tensor({3e38, 3e38}).mean().item<float>(), 3e38f);  // PyTorch: infinity
  expect_close(tensor({{3e38, 1e38}, {3e38, -1e38}}).mean(0), {3e38, 0.});
  EXPECT_FLOAT_EQ(tensor({1e20, 2e20}).std().item<float>(), 7.0710678e19f);
  EXPECT_FLOAT_EQ(tensor({1e-30, 2e-30}).std().item<float>(), 7.0710678e-31f);
  // In PyTorch the gradients of the next two are off, because the mean is rounded to float32.
  const Tensor x = arange(4).to(kFloat32) + 1e7;
  expect_gradient([](X v) { return v.var(0); }, x, {-1., -1. / 3, 1. / 3, 1.});
  expect_gradient([](X v) { return v.std(0); }, x, {-0.3872983, -0.1290994, 0.1290994, 0.3872983});
  expect_gradient([](X v) { return v.std(0); }, tensor({1e20, 2e20}), {-0.70710678, 0.70710678});
}

TEST(Edges, NormOfNumbersWhoseSquaresAreOutOfRange) {
  // PyTorch gives infinity and 0.
  for (const double p : {2., 3., 1.5}) {
    for (const double scale : {1e20, 1e-30, 1.}) {
      SCOPED_TRACE(fmt::format("{} {}", p, scale));
      const Tensor x = tensor({3., -4.}) * scale;
      const double norm = std::pow(std::pow(3, p) + std::pow(4, p), 1 / p);
      EXPECT_NEAR(x.norm(p).item<double>() / scale, norm, 1e-6 * norm);
      expect_gradient([&](X v) { return v.norm(p); }, x,
                      {std::pow(3 / norm, p - 1), -std::pow(4 / norm, p - 1)});
    }
  }
  expect_close(tensor({{3e20, 1.}, {4e20, 0.}}).norm(2, 0), {5e20, 1.});
  EXPECT_EQ(doubles({kInf, 1.}).norm().item<double>(), kInf);
  expect_gradient([](X v) { return v.norm(); }, doubles({kInf, 1.}), {kNan, 0.});
}

TEST(Edges, CountingElementsThatAreNot0HasTheGradient0) {
  const Tensor x = doubles({0., 4., -3.}).requires_grad_();
  const Tensor count = x.norm(0);
  EXPECT_EQ(count.item<double>(), 2);
  ASSERT_TRUE(count.requires_grad());
  count.backward();
  expect_close(x.grad(), {0., 0., 0.});
}

TEST(Edges, DerivativesAtZeroAreNotNan) {
  for (const double p : {0.5, 1., 1.5, 2., 3., kInf}) {
    SCOPED_TRACE(p);
    const auto norm = [&](X x) { return x.norm(p); };
    expect_gradient(norm, doubles({0., 0.}), {0., 0.});
    const Tensor second = second_derivative(norm, doubles({0., 0.}));
    if (second.defined()) expect_close(second, {0., 0.});
  }
  const auto deviation = [](X x) { return x.std(0); };
  expect_gradient(deviation, doubles({2., 2.}), {0., 0.});
  // Also where the incoming gradient is infinite.
  for (const double p : {0.5, 1.5, 2., 3.})
    expect_gradient([&](X x) { return sqrt(x.norm(p)); }, doubles({0., 0.}), {0., 0.});
  expect_gradient([](X x) { return sqrt(x.std(0)); }, doubles({2., 2.}), {0., 0.});
  expect_close(second_derivative(deviation, doubles({2., 2.})), {0., 0.});
  expect_close(second_derivative([](X x) { return x.var(0); }, doubles({0., 0.})), {1., -1.});
  // Here PyTorch has NaN. The derivative of p x^(p - 1) is 0 at x = 0 for these p.
  const Tensor p = doubles({0., 1., 3.});
  expect_gradient([&](X x) { return pow(x, p); }, doubles({0., 0., 0.}), {0., 2., 0.});
  expect_close(second_derivative([&](X x) { return pow(x, p); }, doubles({0., 0., 0.})),
               {0., 0., 0.});
  // Infinite derivatives stay infinite.
  expect_gradient([](X x) { return sqrt(x); }, doubles({0., 4.}), {kInf, 0.5});
  expect_close(second_derivative([](X x) { return sqrt(x); }, doubles({0., 4.})), {-kInf, 0.});
  expect_gradient([](X x) { return rsqrt(x); }, doubles({0.}), {-kInf});
  expect_gradient([](X x) { return pow(x, 0.5); }, doubles({0.}), {kInf});
}

TEST(Edges, AnInfiniteGradientPassesAnActivationAtZero) {
  const std::vector<Function1> activations = {
      [](X x) { return gelu(x); }, [](X x) { return gelu(x, "tanh"); },
      [](X x) { return silu(x); }, [](X x) { return softplus(x); },
      [](X x) { return elu(x); },  [](X x) { return leaky_relu(x); },
  };
  const Tensor dy = tensor({kInf, -kInf}, kFloat32);
  for (const Function1& f : activations)
    expect_gradient(f, zeros(2), {kInf, -kInf}, dy);
}

TEST(Edges, EluPassesTheGradientAtNanAndIsALineFrom0On) {
  const auto twice = [](X x) { return elu(x, 2, 3, 0.5); };
  const Tensor x = doubles({kNan, 0., -kInf, 1., 1000.});
  expect_gradient(twice, x, {3., 6., 0., 12., 15.});  // dy is 1, 2, 3, 4, 5
  expect_close(second_derivative(twice, doubles({0., 1.})), {0., 0.});
  // A negative input_scale turns the lower side around.
  EXPECT_DOUBLE_EQ(elu(doubles({-1.}), 1, 1, -2).item<double>(), std::expm1(2));
}

TEST(Edges, GradientsOfTheSoftmaxFamilyWithLargeLogits) {
  const Tensor x = tensor({{1e8, 1e8, 1e8}});
  const double third = 1. / 3;
  // PyTorch gives 1, 1, 1: the rounding error of logsumexp(x) is larger than log(3).
  expect_gradient([](X v) { return logsumexp(v, -1); }, x, {{third, third, third}});
  const auto loss = [](X v) { return cross_entropy(v, tensor({0})); };
  expect_gradient(loss, x, {{third - 1, third, third}});
  expect_close(second_derivative(loss, x), {{2. / 9, -1. / 9, -1. / 9}}, 1e-5);
  expect_close(second_derivative([](X v) { return log_softmax(v, 1).select(1, 0); }, x),
               {{-2. / 9, 1. / 9, 1. / 9}}, 1e-5);
  const Tensor none = doubles({-kInf, -kInf});
  EXPECT_EQ(logsumexp(none, 0).item<double>(), -kInf);
  expect_gradient([](X v) { return logsumexp(v, 0); }, none, {kNan, kNan});
  expect_gradient([](X v) { return logsumexp(v, 0); }, doubles({kInf, 1.}), {kNan, 0.});
  expect_gradient([](X v) { return logsumexp(v, 0); }, doubles({-kInf, 1.}), {0., 1.});
}

TEST(Edges, AnEmptyDimensionHasAsManyChunksAsAskedFor) {
  const auto sizes = [](const std::vector<Tensor>& parts) {
    std::vector<Shape> list;
    for (const Tensor& part : parts)
      list.push_back(part.sizes());
    return list;
  };
  const std::vector<Shape> three = {{2, 0}, {2, 0}, {2, 0}};
  EXPECT_EQ(sizes(chunk(zeros({2, 0}), 3, 1)), three);
  EXPECT_EQ(sizes(split(zeros({2, 0}), std::vector<int64_t>{0, 0, 0}, 1)), three);
  EXPECT_EQ(sizes(split(zeros({0, 2}), 0)), (std::vector<Shape>{{0, 2}}));
  EXPECT_EQ(sizes(split(zeros({0, 2}), 5)), (std::vector<Shape>{{0, 2}}));
  EXPECT_TRUE(split(zeros({0, 2}), std::vector<int64_t>{}).empty());
  EXPECT_EQ(sizes(chunk(zeros(6), 4)), (std::vector<Shape>{{2}, {2}, {2}}));
  EXPECT_THROW(chunk(zeros(0), int64_t{1} << 40), Error);
  // The gradient reaches x through every chunk.
  const Tensor x = zeros({0}).requires_grad_();
  for (const Tensor& part : chunk(x, 3))
    part.sum().backward();
  EXPECT_EQ(x.grad().sizes(), Shape{0});
}

TEST(Edges, EmptyTensors) {
  const Tensor rows = zeros({0, 3});
  const Tensor columns = zeros({3, 0});
  EXPECT_EQ(std::get<0>(topk(zeros(3), 0)).sizes(), Shape{0});
  EXPECT_EQ(std::get<0>(topk(zeros(0), 0)).sizes(), Shape{0});
  EXPECT_EQ(cat({zeros(0), zeros(0)}).sizes(), Shape{0});
  EXPECT_EQ(cat({rows, ones({2, 3})}).sizes(), (Shape{2, 3}));
  EXPECT_EQ(stack({rows, rows}).sizes(), (Shape{2, 0, 3}));
  EXPECT_EQ(cumsum(rows, 0).sizes(), (Shape{0, 3}));
  EXPECT_EQ(one_hot(zeros(0, kInt64), 3).sizes(), (Shape{0, 3}));
  EXPECT_EQ(multinomial(rows, 2).sizes(), (Shape{0, 2}));
  EXPECT_EQ(std::get<1>(max(columns, 0)).sizes(), Shape{0});
  EXPECT_EQ(amax(columns, 0).sizes(), Shape{0});
  EXPECT_EQ(argmin(columns, 0).sizes(), Shape{0});
  for (const Function1& f :
       std::vector<Function1>{[](X x) { return x.max(); }, [](X x) { return x.argmax(); },
                              [](X x) { return amin(x, 1); }, [](X x) { return x.norm(kInf); },
                              [](X x) { return x.norm(-1); }})
    EXPECT_THROW(f(columns), Error);
  for (const Function1& f :
       std::vector<Function1>{[](X x) { return x.mean(); }, [](X x) { return x.var(); },
                              [](X x) { return x.std(); }, [](X x) { return mse_loss(x, x); }})
    EXPECT_TRUE(std::isnan(f(columns).item<float>()));
  expect_close(logsumexp(columns, 1), {-kInf, -kInf, -kInf});
  expect_close(columns.norm(2, 1), {0., 0., 0.});
  EXPECT_EQ(softmax(columns, 1).sizes(), (Shape{3, 0}));
  EXPECT_EQ(layer_norm(columns, 0).sizes(), (Shape{3, 0}));
  EXPECT_EQ(layer_norm(rows, 3).sizes(), (Shape{0, 3}));
  EXPECT_EQ(cross_entropy(rows, zeros(0, kInt64), {}, Reduction::Sum).item<float>(), 0);
  expect_close(matmul(columns, rows), {{0., 0., 0.}, {0., 0., 0.}, {0., 0., 0.}});
}

TEST(CrossEntropy, GradientsBelowTheNormalNumbersAreZeros) {
  const Tensor x = tensor({{0., -80., -86., -100.}, {0., -80., -86., kNan}}).requires_grad_();
  cross_entropy(x, tensor({0, 0})).backward();
  const Tensor dx = x.grad();
  EXPECT_NEAR(dx[0][1].item<float>() / (0.5 * std::exp(-80.0)), 1, 1e-6);
  EXPECT_NEAR(dx[0][2].item<float>() / (0.5 * std::exp(-86.0)), 1, 1e-6);
  EXPECT_EQ(dx[0][3].item<float>(), 0);
  EXPECT_TRUE(std::isnan(dx[1][3].item<float>()));
  const Tensor many = zeros({1000, 2});
  many.select(1, 1).fill_(-86);
  many.requires_grad_();
  cross_entropy(many, zeros({1000}, kInt64)).backward();  // exp(-86) / 1000 is too small
  EXPECT_EQ(many.grad()[0][1].item<float>(), 0);
}

// Intel's processors take 40 times as long for numbers that small.
TEST(Attention, WeightsBelowTheNormalNumbersAreZeros) {
  for (const int64_t L : {1, 9}) {
    const Tensor q = ones({L, 1});
    const Tensor k = tensor({{0.}, {-87.}, {-88.}, {-1000.}});
    const Tensor v = tensor({{0., 0., 0.}, {1., 0., 0.}, {0., 1., 0.}, {0., 0., 1.}});
    const Tensor y = scaled_dot_product_attention(q, k, v);
    for (int64_t i = 0; i < L; ++i) {
      EXPECT_NEAR(y[i][0].item<float>() / std::exp(-87.0), 1, 1e-6) << i;
      EXPECT_EQ(y[i][1].item<float>(), 0) << i;
      EXPECT_EQ(y[i][2].item<float>(), 0) << i;
    }
  }
}

}  // namespace
}  // namespace gradus::tests::edges_test
