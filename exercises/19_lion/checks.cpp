#include "exercises/checks.h"

#include "exercises/19_lion/lion.h"

using namespace gradus;

namespace {

Tensor numbers(const NestedNumbers& values) { return tensor(values, kFloat64); }
Tensor parameter(const Tensor& values) { return values.clone().requires_grad_(); }

/// One step with this gradient for p, the optimiser's only parameter.
void step(mine::Lion& lion, const Tensor& p, const Tensor& grad) {
  p.mutable_grad() = grad;
  lion.step();
}

TEST(shape, parameters_keep_theirs) {
  const Tensor matrix = parameter(example({3, 5}));
  const Tensor vector = parameter(example({7}));
  mine::Lion first({matrix});
  mine::Lion second({vector});
  step(first, matrix, example({3, 5}, 2));
  step(second, vector, example({7}, 3));
  expect_shape("a parameter of [3, 5] after a step", matrix, {3, 5});
  expect_shape("a parameter of [7] after a step", vector, {7});
  check(matrix.is_leaf() && matrix.requires_grad(),
        "after a step the parameter is no longer a leaf that requires gradients");
}

TEST(forward, first_step) {
  const Tensor p = parameter(numbers({1.0, -2.0, 3.0}));
  mine::Lion lion({p}, {.lr = 0.1});
  step(lion, p, numbers({0.3, -4.0, 1e-8}));
  expect_close("[1, -2, 3] after the gradient [0.3, -4, 1e-8], lr 0.1", p.detach(),
               numbers({0.9, -1.9, 2.9}));
}

TEST(forward, the_sign_of_zero_is_zero) {
  const Tensor p = parameter(numbers({1.0, -2.0, 3.0}));
  mine::Lion lion({p}, {.lr = 0.1});
  step(lion, p, numbers({0.0, -4.0, 0.0}));
  expect_close("[1, -2, 3] after the gradient [0, -4, 0], lr 0.1", p.detach(),
               numbers({1.0, -1.9, 3.0}));
}

TEST(forward, second_step) {
  // m is 0.01, so c = 0.009 + 0.1 grad: the second step goes on downwards where grad is above -0.09
  const Tensor p = parameter(zeros({5}, kFloat64));
  mine::Lion lion({p}, {.lr = 1});
  step(lion, p, ones({5}, kFloat64));
  step(lion, p, numbers({-0.05, -0.085, -0.095, -0.2, 0.5}));
  expect_close("zeros after the gradients 1 and then [-0.05, -0.085, -0.095, -0.2, 0.5], lr 1",
               p.detach(), numbers({-2.0, -2.0, 0.0, 0.0, -2.0}));
}

TEST(forward, weight_decay_is_decoupled) {
  // 10 shrinks by 0.1 * 0.5 of itself to 9.5; then the sign of the gradient alone
  const Tensor p = parameter(numbers({10.0}));
  mine::Lion lion({p}, {.lr = 0.1, .weight_decay = 0.5});
  step(lion, p, numbers({-0.5}));
  expect_close("[10] after the gradient [-0.5], lr 0.1, weight_decay 0.5", p.detach(),
               numbers({9.6}));
}

TEST(forward, forty_steps_as_published) {
  // what the PyTorch package lion-pytorch gives for the loss sum(a (p - goal)^2)
  const Tensor p = parameter(numbers({1.0, -2.0, 0.5, 3.0, -0.25}));
  const Tensor goal = numbers({0.2, 1.0, -1.0, 2.5, -0.2});
  const Tensor a = numbers({1.0, 0.1, 3.0, 10.0, 0.01});
  mine::Lion lion({p}, {.lr = 0.03, .weight_decay = 0.1});
  const auto steps = [&](int n) {
    for (int i = 0; i < n; ++i) {
      lion.zero_grad();
      sum((p - goal) * (p - goal) * a).backward();
      lion.step();
    }
  };
  const Tolerance printed{.rtol = 0, .atol = 1e-9};
  steps(10);
  expect_close("after 10 steps", p.detach(),
               numbers({0.6744195464, -1.6448213234, 0.1892186580, 2.6152231003, -0.1837564994}),
               printed);
  steps(30);
  expect_close("after 40 steps", p.detach(),
               numbers({-0.2456346600, -0.6411258254, -0.6890149028, 2.4576803441, -0.2259150036}),
               printed);
}

TEST(invariants, each_parameter_has_its_own_momentum) {
  const Tensor up = parameter(zeros({3}, kFloat64));
  const Tensor down = parameter(zeros({3}, kFloat64));
  mine::Lion lion({down, up}, {.lr = 1});
  for (const double size :
       {1.0, -0.05}) {  // the second gradient is too small to turn either around
    down.mutable_grad() = full({3}, size, kFloat64);
    up.mutable_grad() = full({3}, -size, kFloat64);
    lion.step();
  }
  expect_close("zeros after the gradients 1 and -0.05, beside another parameter", down.detach(),
               full({3}, -2.0, kFloat64));
  expect_close("zeros after the gradients -1 and 0.05, beside another parameter", up.detach(),
               full({3}, 2.0, kFloat64));
}

TEST(invariants, without_a_gradient_nothing_moves) {
  const Tensor p = parameter(example({3}));
  const Tensor idle = parameter(example({5}));
  mine::Lion lion({idle, p}, {.lr = 0.1, .weight_decay = 0.5});
  step(lion, p, numbers({1.0, 1.0, 1.0}));
  expect_close("a parameter without a gradient, after a step", idle.detach(), example({5}));
  expect_close("the parameter after it", p.detach(), example({3}) * 0.95 - 0.1);
}

TEST(invariants, set_lr_holds_from_the_next_step) {
  const Tensor p = parameter(numbers({1.0, 1.0, 1.0}));
  mine::Lion lion({p}, {.lr = 0.1, .weight_decay = 1});
  lion.set_lr(0.01);
  step(lion, p, numbers({2.0, 2.0, 2.0}));
  expect_close("[1, 1, 1] after set_lr(0.01) and a step", p.detach(), numbers({0.98, 0.98, 0.98}));
}

TEST(invariants, the_gradient_stays_as_it_is) {
  const Tensor p = parameter(example({3}));
  const Tensor grad = example({3}, 2);
  mine::Lion lion({p});
  step(lion, p, grad);
  step(lion, p, grad);
  expect_close("the gradient after two steps", p.grad(), example({3}, 2));
}

TEST(numerics, float32) {
  const Tensor p = parameter(tensor({1.0, -2.0, 3.0}));
  mine::Lion lion({p}, {.lr = 0.1});
  step(lion, p, tensor({0.3, -4.0, 1e-30}));
  expect_close("[1, -2, 3] in float32 after a step", p.detach(), tensor({0.9, -1.9, 2.9}),
               {.rtol = 1e-6});
}

}  // namespace
