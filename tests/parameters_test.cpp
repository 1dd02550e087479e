// Functions of all parameters of a model: clipping by value, and one vector for all of them.
#include "nn/parameters.h"

#include "nn/linear.h"
#include "tests/expect_error.h"

namespace gradus::parameters_test {
namespace {

using nn::utils::clip_grad_value_;
using nn::utils::parameters_to_vector;
using nn::utils::vector_to_parameters;

TEST(ClipGradValue, ClampsInPlace) {
  const Tensor a = zeros({2, 2}).requires_grad_();
  const Tensor b = zeros(2, kFloat64).requires_grad_();
  const Tensor idle = zeros(3).requires_grad_();
  const Tensor grad = tensor({{3.0, -0.5}, {-4.0, 1.5}});
  a.mutable_grad() = grad.t();
  b.mutable_grad() = tensor({NAN, -INFINITY}, kFloat64);
  clip_grad_value_({a, b, idle}, 1.5);
  EXPECT_TRUE(equal(grad, tensor({{1.5, -0.5}, {-1.5, 1.5}})));  // the memory of a.grad()
  EXPECT_TRUE(std::isnan(b.grad()[0].item<double>()));
  EXPECT_EQ(b.grad()[1].item<double>(), -1.5);
  EXPECT_FALSE(idle.grad().defined());

  clip_grad_value_(a, 0);
  EXPECT_TRUE(equal(a.grad(), zeros({2, 2})));
  clip_grad_value_(std::vector<Tensor>{}, 1);
  expect_error([&] { clip_grad_value_(a, -1); },
               "clip_grad_value_: clip_value is -1, expected 0 or more");
  expect_error([&] { clip_grad_value_(a, NAN); },
               "clip_grad_value_: clip_value is nan, expected 0 or more");
  expect_error([&] { clip_grad_value_({Tensor()}, 1); }, kUndefined);
}

TEST(ClipGradValue, RecordsNothing) {
  const Tensor w = ones(2).requires_grad_();
  (w * w * 3).sum().backward({}, {}, /*create_graph=*/true);
  ASSERT_TRUE(w.grad().requires_grad());
  clip_grad_value_(w, 2);
  EXPECT_TRUE(equal(w.grad().detach(), tensor({2.0, 2.0})));
  w.mutable_grad() = Tensor();  // leaf, grad and graph would own each other
}

TEST(ParametersToVector, AndBack) {
  const nn::Linear from(3, 2);
  const nn::Linear to(3, 2);
  const Tensor vec = parameters_to_vector(from.parameters());
  EXPECT_TRUE(equal(vec, cat({from.weight.flatten(), from.bias})));
  const Tensor before = to.weight;
  vector_to_parameters(vec, to.parameters());
  EXPECT_TRUE(equal(to.weight, from.weight));
  EXPECT_TRUE(equal(to.bias, from.bias));
  EXPECT_TRUE(before.is_same(to.weight));
  EXPECT_TRUE(to.weight.is_leaf());
  vec.detach().zero_();  // the parameters have copies
  EXPECT_TRUE(equal(to.weight, from.weight));
}

TEST(ParametersToVector, Differentiable) {
  const Tensor a = tensor({{1.0, 2.0}, {3.0, 4.0}}).requires_grad_();
  const Tensor b = tensor({5.0}).requires_grad_();
  parameters_to_vector({a.t(), b}).square().sum().backward();
  EXPECT_TRUE(equal(a.grad(), a.detach() * 2));
  EXPECT_TRUE(equal(b.grad(), b.detach() * 2));
  EXPECT_TRUE(equal(parameters_to_vector({a.t(), b}), tensor({1.0, 3.0, 2.0, 4.0, 5.0})));
}

TEST(ParametersToVector, WrongCalls) {
  const Tensor a = ones({2, 2});
  const Tensor b = ones({3}, kFloat64);
  expect_error([] { parameters_to_vector({}); }, "parameters_to_vector: there are no parameters");
  expect_error(
      [&] {
        parameters_to_vector({a, b});
      },
      "parameters_to_vector: the parameters are float32 and float64, a vector has one "
      "dtype");
  expect_error([&] { vector_to_parameters(ones(5), {a}); },
               "vector_to_parameters: the vector is [5], the parameters have 4 elements");
  expect_error(
      [&] {
        vector_to_parameters(ones({2, 2}), {a});
      },
      "vector_to_parameters: the vector is [2, 2], the parameters have 4 elements");
  expect_error(
      [&] {
        vector_to_parameters(zeros(7), {a, b});
      },
      "vector_to_parameters: the vector is float32, a parameter is float64");
  EXPECT_TRUE(equal(a, ones({2, 2})));  // a fits, but nothing is written
  expect_error([&] { vector_to_parameters(Tensor(), {a}); }, kUndefined);
}

}  // namespace
}  // namespace gradus::parameters_test
