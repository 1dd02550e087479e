// The graph: leaves, backward, autograd::grad, grad modes, user-defined functions.

#include "record.h"

namespace {

void leaves() {
  const torch::Tensor x = torch::ones({2, 2}).requires_grad_();
  const torch::Tensor plain = torch::ones({2});
  const torch::Tensor y = x * 2;
  ROW(x.requires_grad());
  ROW(x.is_leaf());
  ROW(plain.requires_grad());
  ROW(plain.is_leaf());
  ROW(y.requires_grad());
  ROW(y.is_leaf());
  ROW((plain * 2).is_leaf());
  ROW(x.detach().requires_grad());
  ROW(y.detach().is_leaf());
  ROW(y.detach().data_ptr<float>() == y.data_ptr<float>());
  ROW(y.data().requires_grad());
  ROW(y.data().data_ptr() == y.data_ptr());
  ROW(y.data());
  ROW(x.view({4}).requires_grad());
  ROW((x > 0).requires_grad());
  ROW(x.argmax().requires_grad());
  ROW(std::get<0>(x.max(0)).requires_grad());
  ROW(std::get<1>(x.max(0)).requires_grad());
  ROW(x.to(torch::kFloat64).requires_grad());
  ROW(x.to(torch::ones({1}, torch::kFloat64)));
  ROW(x.clone().is_leaf());
  ROW(x.grad().defined());
  ROW(torch::ones({2}).requires_grad_(true).requires_grad());
  ROW(torch::ones({2}).requires_grad_().requires_grad_(false).requires_grad());
  plain.requires_grad_();
  ROW(plain.requires_grad());
}

void backward() {
  const torch::Tensor x = torch::tensor({1.0, 2.0, 3.0}).requires_grad_();
  (x * x).sum().backward();
  ROW(x.grad());
  (x * x).sum().backward();
  ROW(x.grad());
  ROW(x.grad().requires_grad());
  x.mutable_grad() = torch::Tensor();
  ROW(x.grad().defined());
  const torch::Tensor y = x * x;
  y.backward(torch::tensor({1.0, 10.0, 100.0}), true);
  ROW(x.grad());
  y.backward(torch::tensor({1.0, 1.0, 1.0}), /*retain_graph=*/true);
  ROW(x.grad());
  y.backward(torch::ones({3}));
  ROW(x.grad());
  x.mutable_grad().zero_();
  ROW(x.grad());
  x.mutable_grad() = torch::full({3}, 5.0);
  x.sum().backward();
  ROW(x.grad());
  x.mutable_grad().mul_(2);
  ROW(x.grad());
  x.grad().zero_();
  x[1].backward();
  ROW(x.grad());
  const torch::Tensor twice = torch::ones({2}).requires_grad_();
  (twice + twice * twice + twice.exp() * twice).sum().backward();
  ROW(twice.grad());
  const torch::Tensor narrow = torch::tensor({0.5, 1.5}).requires_grad_();
  narrow.to(torch::kFloat64).pow(2).sum().backward();
  ROW(narrow.grad());
}

void kept_gradients() {
  const torch::Tensor x = torch::tensor({1.0, 2.0}).requires_grad_();
  const torch::Tensor y = x * 3;
  const torch::Tensor z = y * y;
  ROW(y.retains_grad());
  y.retain_grad();
  ROW(y.retains_grad());
  ROW(z.retains_grad());
  z.sum().backward();
  ROW(y.grad());
  ROW(x.grad());
  const torch::Tensor constant = x.detach() * x;
  constant.sum().backward();
  ROW(x.grad());
}

void grad() {
  const torch::Tensor x = torch::tensor({1.0, 2.0}, torch::kFloat64).requires_grad_();
  const torch::Tensor w = torch::tensor({3.0, -1.0}, torch::kFloat64).requires_grad_();
  const torch::Tensor y = (x * w).exp().sum();
  const torch::Tensor z = x * x * w;
  const torch::Tensor cotangent = torch::tensor({1.0, 0.5}, torch::kFloat64);
  ROW(torch::autograd::grad({y}, {x}, {}, true));
  ROW(torch::autograd::grad({y}, {x, w}, {}, /*retain_graph=*/true));
  ROW(torch::autograd::grad({z}, {x, w}, {cotangent}, true));
  ROW(torch::autograd::grad({y, z}, {x}, {torch::tensor(2.0, torch::kFloat64), cotangent}, true));
  ROW(x.grad().defined());
  const torch::Tensor dx = torch::autograd::grad({z}, {x}, {cotangent}, true, true)[0];
  ROW(dx.requires_grad());
  ROW(torch::autograd::grad({dx.sum()}, {x, w}, {}, true));
  const torch::Tensor inner = x * w;
  ROW(torch::autograd::grad({inner.pow(2).sum()}, {inner}));
  ROW(torch::autograd::grad({y}, {w}));
  const torch::autograd::variable_list grads = torch::autograd::grad({x.pow(2).sum()}, {x});
  ROW(grads.size());
  ROW(grads[0].requires_grad());
}

void third_derivative() {
  const torch::Tensor x = torch::tensor({0.5, -1.0}, torch::kFloat64).requires_grad_();
  torch::Tensor d = x.pow(4) + x.sin();
  for (int i = 0; i < 3; ++i) {
    d = torch::autograd::grad({d.sum()}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
    record("derivative " + std::to_string(i + 1), d);
  }
}

void modes() {
  const torch::Tensor x = torch::ones({2}).requires_grad_();
  {
    const torch::NoGradGuard no_grad;
    ROW((x * 2).requires_grad());
    ROW(torch::ones({2}, torch::requires_grad()).requires_grad());
    {
      const torch::AutoGradMode on(true);
      ROW((x * 3).requires_grad());
    }
    ROW((x * 4).requires_grad());
  }
  ROW((x * 5).requires_grad());
  {
    const torch::AutoGradMode off(false);
    ROW((x * 6).requires_grad());
    ROW((x * 7).is_leaf());
  }
  ROW((x * 8).requires_grad());
}

/// scale * x^3, with its derivative written by hand.
struct Cube : torch::autograd::Function<Cube> {
  static torch::Tensor forward(torch::autograd::AutogradContext* ctx, torch::Tensor x,
                               double scale) {
    ctx->save_for_backward({x});
    ctx->saved_data["scale"] = scale;
    return scale * x * x * x;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               torch::autograd::tensor_list grads) {
    const torch::autograd::variable_list saved = ctx->get_saved_variables();
    return {grads[0] * 3 * ctx->saved_data["scale"].toDouble() * saved[0] * saved[0],
            torch::Tensor()};
  }
};

/// a * b with options of several types; an option halves the gradient of a.
struct Product : torch::autograd::Function<Product> {
  static torch::Tensor forward(torch::autograd::AutogradContext* ctx, const torch::Tensor& a,
                               const torch::Tensor& b, int64_t power, bool half) {
    ctx->save_for_backward({a, b});
    ctx->saved_data["power"] = power;
    ctx->saved_data["half"] = half;
    return a * b.pow(power);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const torch::Tensor a = saved[0];
    const torch::Tensor b = saved[1];
    const int64_t power = ctx->saved_data["power"].toInt();
    const double factor = ctx->saved_data["half"].toBool() ? 0.5 : 1.0;
    return {grads[0] * b.pow(power) * factor, grads[0] * a * power * b.pow(power - 1),
            torch::Tensor(), torch::Tensor()};
  }
};

/// Straight-through estimator: forward rounds to zero or one, backward passes the gradient on.
struct Step : torch::autograd::Function<Step> {
  static torch::Tensor forward(torch::autograd::AutogradContext*, torch::Tensor x) {
    return (x > 0).to(torch::kFloat64);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext*,
                                               torch::autograd::tensor_list grads) {
    return {grads[0]};
  }
};

void function() {
  const torch::Tensor x = torch::tensor({1.0, -2.0}, torch::kFloat64).requires_grad_();
  const torch::Tensor b = torch::tensor({0.5, 3.0}, torch::kFloat64).requires_grad_();
  const torch::Tensor y = Cube::apply(x, 0.5);
  ROW(y);
  ROW(y.requires_grad());
  ROW(y.is_leaf());
  ROW(torch::autograd::grad({y.sum()}, {x}, {}, true));
  const torch::Tensor dx = torch::autograd::grad({y.sum()}, {x}, {}, true, true)[0];
  ROW(torch::autograd::grad({dx.sum()}, {x}));
  ROW(Cube::apply(x.detach(), 1.0).requires_grad());
  const torch::Tensor z = Product::apply(x, b, 2, true);
  ROW(z);
  z.backward(torch::tensor({1.0, 10.0}, torch::kFloat64));
  ROW(x.grad());
  ROW(b.grad());
  x.mutable_grad() = torch::Tensor();
  Product::apply(x, b.detach(), 3, false).sum().backward();
  ROW(x.grad());
  x.mutable_grad() = torch::Tensor();
  ROW(Step::apply(x));
  (Step::apply(x) * b.detach()).sum().backward();
  ROW(x.grad());
}

void training() {
  torch::manual_seed(123);
  torch::Tensor w = torch::randn({3, 2}, torch::requires_grad());
  torch::Tensor b = torch::zeros({2}, torch::requires_grad());
  const torch::Tensor x = sample({8, 3});
  const torch::Tensor target = torch::randint(0, 2, {8});
  for (int step = 0; step < 5; ++step) {
    const torch::Tensor loss =
        torch::nn::functional::cross_entropy(torch::tanh(torch::matmul(x, w) + b), target);
    record("loss " + std::to_string(step), loss);
    loss.backward();
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& p : {w, b}) {
      p.sub_(0.5 * p.grad());
      p.mutable_grad().zero_();
    }
  }
  ROW(w);
  ROW(b);
}

}  // namespace

void calls_autograd() {
  section("leaves", leaves);
  section("backward", backward);
  section("retain_grad", kept_gradients);
  section("grad", grad);
  section("third derivative", third_derivative);
  section("modes", modes);
  section("function", function);
  section("training", training);
}
