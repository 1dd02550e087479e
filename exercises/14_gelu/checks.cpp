#include "exercises/checks.h"

#include "exercises/14_gelu/gelu.h"

using namespace gradus;

namespace {

const Tensor x = example({3, 5, 6}).requires_grad_();

TEST(shape, keeps_the_shape_of_x) {
  expect_shape("gelu of [3, 5, 6]", mine::Gelu::apply(x), {3, 5, 6});
}

TEST(forward, known_numbers) {
  const Tensor y = mine::Gelu::apply(tensor({0.0, 1.0, -1.0, 3.0}, kFloat64));
  expect_close("gelu of [0, 1, -1, 3]", y,
               tensor({0.0, 0.8411919906082768, -0.15880800939172324, 2.996362607918227}, kFloat64),
               {.atol = 1e-12});
}

TEST(forward, random_numbers) {
  expect_close("gelu", mine::Gelu::apply(x).detach(), gelu(x.detach(), "tanh"));
}

TEST(gradient, of_x) {
  const double scale = std::sqrt(2 / std::numbers::pi);
  const double cubic = 0.044715;
  const Tensor n = x.detach();
  const Tensor t = tanh((n + n * n * n * cubic) * scale);
  const Tensor half = 0.5 * (1 + t);
  const Tensor slope = n * 0.5 * (1 - t * t);  // times d(inner)/dx
  const Tensor inner = (1 + n * n * (3 * cubic)) * scale;

  const Tensor y = mine::Gelu::apply(x);
  const Tensor u = random_cotangent(y);
  const Tensor dx = autograd::grad({y}, {x}, {u})[0];
  expect_right_gradient(
      "x", dx, [] { return mine::Gelu::apply(x); }, x, u,
      {{"the derivative of the inner function, sqrt(2 / pi) (1 + 3 * 0.044715 x^2), is missing",
        u * (half + slope)},
       {"the factor sqrt(2 / pi) of the inner derivative is missing",
        u * (half + slope * inner / scale)},
       {"the derivative of x^3 is 3 x^2: the 3 is missing",
        u * (half + slope * (1 + n * n * cubic) * scale)},
       {"the derivative of 0.044715 x^3 is missing", u * (half + slope * scale)},
       {"the second term of the product rule, 0.5 x tanh'(inner) inner', is missing", u * half},
       {"the first term of the product rule, 0.5 (1 + tanh(inner)), is missing", u * slope * inner},
       {"the derivative of tanh is 1 - tanh^2, not 1 - tanh",
        u * (half + n * 0.5 * (1 - t) * inner)}});
}

TEST(gradient, of_a_function_of_it) {
  expect_right_gradients([] { return mine::Gelu::apply(x * x) * mine::Gelu::apply(x).sum(); },
                         {{"x", x}});
}

TEST(invariants, gelu_of_x_minus_gelu_of_minus_x) {
  const Tensor y = mine::Gelu::apply(x).detach() - mine::Gelu::apply(-x).detach();
  expect_close("gelu(x) - gelu(-x), which is x", y, x.detach());
}

TEST(numerics, far_from_zero) {
  const Tensor far = tensor({-1000.0, -30.0, 30.0, 1000.0}, kFloat64).requires_grad_();
  const Tensor y = mine::Gelu::apply(far);
  y.sum().backward();
  expect_close("gelu of [-1000, -30, 30, 1000]", y.detach(),
               tensor({0.0, 0.0, 30.0, 1000.0}, kFloat64));
  expect_close("its gradient", far.grad(), tensor({0.0, 0.0, 1.0, 1.0}, kFloat64));
}

TEST(numerics, float32) {
  const Tensor single = x.detach().to(kFloat32);
  expect_close("gelu in float32", mine::Gelu::apply(single), gelu(single, "tanh"),
               {.rtol = 1e-5, .atol = 1e-6});
}

}  // namespace
