// Optimisers against PyTorch 1.13.1 (values printed by libtorch), schedules, clipping, and
// training.
#include "nn/optim.h"

#include "autograd/engine.h"
#include "autograd/graph.h"
#include "nn/containers.h"
#include "nn/linear.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus::optim_test {
namespace {

using testing::error_of;
using testing::near;

Tensor start() { return tensor({{0.5, -1.25, 2.0}, {0.0, -0.75, 1.5}}); }
Tensor target() { return tensor({{1.0, 0.25, -0.5}, {2.0, 0.125, -1.0}}); }

/// The value of w after five steps on sum((w - target)^2 w). A second parameter gets no gradient.
template <class Make>
Tensor five_steps(const Tensor& w, const Make& make) {
  w.requires_grad_();
  const Tensor idle = ones(2).requires_grad_();
  const Tensor goal = target().to(w.dtype());
  auto optimizer = make(std::vector<Tensor>{w, idle});
  for (int i = 0; i < 5; ++i) {
    optimizer.zero_grad();
    ((w - goal) * (w - goal) * w).sum().backward();
    optimizer.step();
  }
  EXPECT_TRUE(equal(idle.detach(), ones(2)));
  return w.detach();
}

/// Contiguous, transposed, float64 and sliced parameters must all get PyTorch's values.
template <class Make>
void expect_five_steps(const Tensor& expected, const Make& make) {
  EXPECT_TRUE(near(five_steps(start(), make), expected, 1e-6));
  EXPECT_TRUE(near(five_steps(start().t().contiguous().t().detach(), make), expected, 1e-6));
  EXPECT_TRUE(near(five_steps(start().to(kFloat64), make).to(kFloat32), expected, 1e-6));
  const Tensor matrix = zeros({2, 4});
  matrix.narrow(1, 1, 3).copy_(start());
  five_steps(matrix.narrow(1, 1, 3), make);
  EXPECT_TRUE(near(matrix, cat({zeros({2, 1}), expected}, 1), 1e-6));
}

TEST(Optim, Sgd) {
  using P = std::vector<Tensor>;
  expect_five_steps(
      tensor({{0.512746692, -1.60972345, 1.36953557}, {-0.236498713, -0.86528182, 0.957860649}}),
      [](const P& p) { return optim::SGD(p, {.lr = 0.01}); });
  expect_five_steps(
      tensor({{0.533609509, -2.23107052, 0.397646338}, {-0.641716361, -1.0592109, 0.121063828}}),
      [](const P& p) { return optim::SGD(p, {.lr = 0.01, .momentum = 0.9}); });
  expect_five_steps(
      tensor({{0.521188915, -1.97061729, 0.632082462}, {-0.484208822, -0.979034483, 0.328283459}}),
      [](const P& p) {
        return optim::SGD(p, {.lr = 0.01, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.1});
      });
  expect_five_steps(
      tensor(
          {{0.534843266, -2.71711349, 0.259969294}, {-0.960161448, -1.16864264, -0.00636437349}}),
      [](const P& p) {
        return optim::SGD(p, {.lr = 0.01, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true});
      });
}

TEST(Optim, Adam) {
  using P = std::vector<Tensor>;
  expect_five_steps(
      tensor({{0.505001724, -1.25500059, 1.99500036}, {-0.00500085671, -0.755000949, 1.49500036}}),
      [](const P& p) { return optim::Adam(p); });
  expect_five_steps(
      tensor({{0.75085938, -1.50185192, 1.75177121}, {-0.252248704, -1.00249004, 1.25197959}}),
      [](const P& p) {
        return optim::Adam(p, {.lr = 0.05, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1});
      });
}

TEST(Optim, AdamW) {
  using P = std::vector<Tensor>;
  expect_five_steps(
      tensor({{0.504976571, -1.25493801, 1.99490023}, {-0.00500075659, -0.754963279, 1.49492526}}),
      [](const P& p) { return optim::AdamW(p); });
  expect_five_steps(
      tensor({{0.721735716, -1.43523824, 1.65951693}, {-0.247278869, -0.960525036, 1.18408608}}),
      [](const P& p) {
        return optim::AdamW(p,
                            {.lr = 0.05, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.2});
      });
}

TEST(Optim, GradientsOfAnyLayout) {
  const Tensor a = start().requires_grad_();
  const Tensor b = start().requires_grad_();
  optim::SGD optimizer({a, b}, {.lr = 0.5, .momentum = 0.9});
  a.mutable_grad() = target();
  b.mutable_grad() = target().t().contiguous().t();
  optimizer.step();
  EXPECT_TRUE(equal(a.detach(), start() - target() * 0.5));
  EXPECT_TRUE(equal(b.detach(), a.detach()));
  b.mutable_grad() = tensor(2.0).expand({2, 3});
  optimizer.zero_grad(/*set_to_none=*/false);
  EXPECT_TRUE(equal(b.grad(), zeros({2, 3})));
  optimizer.zero_grad();
  EXPECT_FALSE(b.grad().defined());
}

TEST(Optim, WrongGradientsChangeNothing) {
  const Tensor a = ones(3).requires_grad_();
  const Tensor b = ones(2).requires_grad_();
  optim::Adam optimizer({a, b});
  a.mutable_grad() = ones(3);
  b.mutable_grad() = ones(3);
  EXPECT_EQ(error_of([&] { optimizer.step(); }),
            "adam: a parameter is [2] float32 and its gradient [3] float32");
  b.mutable_grad() = ones(2, kFloat64);
  EXPECT_EQ(error_of([&] { optimizer.step(); }),
            "adam: a parameter is [2] float32 and its gradient [2] float64");
  EXPECT_TRUE(equal(a.detach(), ones(3)));
}

TEST(Optim, AnOlderGraphDetectsStep) {
  const Tensor w = ones(3).requires_grad_();
  optim::SGD optimizer({w}, {.lr = 0.1});
  const Tensor y = (w * w).sum();
  w.mutable_grad() = ones(3);
  optimizer.step();
  EXPECT_NE(error_of([&] { y.backward(); }).find("changed in place"), std::string::npos);
}

TEST(Optim, FollowsAModuleToAnotherDtype) {
  manual_seed(1);
  const nn::Linear layer(3, 2);
  optim::AdamW optimizer(layer.parameters());
  layer(ones({1, 3})).sum().backward();
  optimizer.step();
  layer.to(kFloat64);
  optimizer.zero_grad();
  layer(ones({1, 3}, kFloat64)).sum().backward();
  const Tensor before = layer.weight.detach().clone();
  optimizer.step();
  EXPECT_TRUE(near(before - layer.weight.detach(), full({2, 3}, 1e-3, kFloat64), 1e-4));
  EXPECT_FALSE(equal(before, layer.weight.detach()));
}

TEST(Optim, FrozenParametersStayAsTheyAre) {
  const nn::Linear layer(2, 2);
  layer.weight.requires_grad_(false);
  const Tensor never = ones(2);
  std::vector<Tensor> parameters = layer.parameters();
  parameters.push_back(never);
  const auto step = [&](auto optimizer) {
    const Tensor weight = layer.weight.detach().clone();
    const Tensor bias = layer.bias.detach().clone();
    optimizer.zero_grad();
    layer(ones({1, 2})).sum().backward();
    nn::utils::clip_grad_norm_(parameters, 1.0);
    optimizer.step();
    EXPECT_TRUE(equal(layer.weight.detach(), weight));
    EXPECT_TRUE(equal(never, ones(2)));
    EXPECT_FALSE(equal(layer.bias.detach(), bias));
    optimizer.zero_grad(/*set_to_none=*/false);
    EXPECT_FALSE(layer.weight.grad().defined() || never.grad().defined());
  };
  step(optim::SGD(parameters, {.lr = 0.1}));
  step(optim::Adam(parameters));
  step(optim::AdamW(parameters));
}

TEST(Optim, AnEmptyListOfParametersIsNoError) {
  optim::SGD optimizer(std::vector<Tensor>{});
  optimizer.zero_grad();
  optimizer.step();
  EXPECT_EQ(nn::utils::clip_grad_norm_(std::vector<Tensor>{}, 1), 0);
}

TEST(Optim, AGradMayBeGivenToATensorThatRequiresNone) {
  const Tensor x = ones(2);
  x.mutable_grad() = tensor({1.0, 2.0});
  EXPECT_FALSE(x.requires_grad());
  EXPECT_TRUE(x.is_leaf());
  EXPECT_FALSE((x * 2).requires_grad());
  optim::SGD optimizer(std::vector<Tensor>{x}, {.lr = 1});
  optimizer.step();
  EXPECT_TRUE(equal(x, tensor({0.0, -1.0})));
  x.requires_grad_();
  (x * 3).sum().backward();
  EXPECT_TRUE(equal(x.grad(), tensor({4.0, 5.0})));
}

TEST(Optim, Errors) {
  const Tensor w = ones(3).requires_grad_();
  const auto error = [](const std::vector<Tensor>& p) {
    return error_of([&] { optim::SGD optimizer(p); });
  };
  EXPECT_EQ(error({w, w}), "sgd: parameter 1 of shape [3] is in the list twice");
  EXPECT_EQ(error({w * 2}),
            "sgd: parameter 0 of shape [3] is computed from others; only leaves can be optimised");
  EXPECT_EQ(error({Tensor()}), "sgd: parameter 0 is undefined");
  EXPECT_EQ(error({ones(1).expand({4}).requires_grad_()}),
            "sgd: parameter 0 of shape [4] is expanded: its elements share memory");
  EXPECT_EQ(error_of([&] { optim::SGD({w}, {.lr = -1}); }), "sgd: lr is -1, expected 0 or more");
  EXPECT_EQ(
      error_of([&] { optim::SGD({w}, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}); }),
      "sgd: nesterov needs a momentum, got 0.9, and no dampening, got 0.1");
  EXPECT_EQ(error_of([&] {
              optim::AdamW({w}, {.betas = {0.9, 1.0}});
            }),
            "adamw: betas are 0.9 and 1, expected 0 <= beta < 1");
  EXPECT_EQ(error_of([&] { optim::Adam({w}, {.eps = -1}); }),
            "adam: eps is -1 and weight_decay 0, expected 0 or more");
  optim::AdamW optimizer({w});
  EXPECT_EQ(error_of([&] { optimizer.set_lr(NAN); }), "adamw: lr is nan, expected 0 or more");
  EXPECT_EQ(
      error_of([&] { optim::CosineSchedule(optimizer, {.warmup_steps = 5, .total_steps = 2}); }),
      "cosine_schedule: 5 warm-up steps of 2 in all");
  EXPECT_EQ(error_of([&] {
              optim::CosineSchedule(optimizer, {.total_steps = 2, .max_lr = 0.1, .min_lr = 1});
            }),
            "cosine_schedule: min_lr is 1 and max_lr 0.1, expected 0 <= min_lr <= max_lr");
}

TEST(CosineSchedule, WarmsUpAndFalls) {
  const Tensor w = ones(3).requires_grad_();
  optim::AdamW optimizer({w});
  optim::CosineSchedule schedule(
      optimizer, {.warmup_steps = 4, .total_steps = 12, .max_lr = 1.0, .min_lr = 0.2});
  std::vector<double> rates;
  for (int s = 0; s < 14; ++s) {
    rates.push_back(optimizer.lr());
    schedule.step();
  }
  const std::vector<double> expected{0.25,       0.5,        0.75,       1,   1,
                                     0.96955181, 0.88284271, 0.75307337, 0.6, 0.44692663,
                                     0.31715729, 0.23044819, 0.2,        0.2};
  for (size_t s = 0; s < rates.size(); ++s)
    EXPECT_NEAR(rates[s], expected[s], 1e-8) << s;

  optimizer.set_lr(0.5);
  const optim::CosineSchedule from_optimizer(optimizer, {.total_steps = 10});
  EXPECT_EQ(optimizer.lr(), 0.5);
  EXPECT_NEAR(from_optimizer.lr(5), 0.25, 1e-12);
}

TEST(ClipGradNorm, LikePyTorch) {
  const Tensor a = zeros(3).requires_grad_();
  const Tensor b = zeros(2).requires_grad_();
  const Tensor idle = zeros(2).requires_grad_();
  const auto clip = [&](double norm_type, double total, const Tensor& in_a, const Tensor& in_b) {
    a.mutable_grad() = tensor({3.0, -4.0, 0.5});
    b.mutable_grad() = tensor({-6.0, 1.0});
    EXPECT_NEAR(nn::utils::clip_grad_norm_({a, b, idle}, 1.5, norm_type), total, 1e-6);
    EXPECT_TRUE(near(a.grad(), in_a, 1e-6));
    EXPECT_TRUE(near(b.grad(), in_b, 1e-6));
  };
  clip(2, 7.88986683, tensor({0.570351779, -0.760469019, 0.0950586274}),
       tensor({-1.14070356, 0.190117255}));
  clip(1, 14.5, tensor({0.310344815, -0.413793087, 0.0517241359}),
       tensor({-0.620689631, 0.103448272}));
  clip(3, 6.75422764, tensor({0.666249275, -0.888332367, 0.111041546}),
       tensor({-1.33249855, 0.222083092}));
  clip(INFINITY, 6, tensor({0.749999881, -0.999999821, 0.124999978}),
       tensor({-1.49999976, 0.249999955}));
  EXPECT_FALSE(idle.grad().defined());
  // PyTorch 2.15: the norm of the norms of a and b; for 0 the number of tensors.
  const auto total = [&](double norm_type) {
    a.mutable_grad() = tensor({3.0, -4.0, 0.5});
    b.mutable_grad() = tensor({-6.0, 1.0});
    return nn::utils::clip_grad_norm_({a, b, idle}, 100, norm_type);
  };
  EXPECT_EQ(total(0), 2);
  EXPECT_NEAR(total(-1), 0.26666666, 1e-6);
  EXPECT_NEAR(total(-2), 0.43847045, 1e-6);
  EXPECT_EQ(total(-INFINITY), 0.5);
  EXPECT_EQ(error_of([&] { total(NAN); }), "clip_grad_norm_: norm_type is nan, expected a number");

  a.mutable_grad() = tensor({3.0, INFINITY, 0.5});
  EXPECT_EQ(error_of([&] {
              nn::utils::clip_grad_norm_({a, b}, 1, 2, /*error_if_nonfinite=*/true);
            }),
            "clip_grad_norm_: the norm of the gradients is inf, so they cannot be clipped; without "
            "error_if_nonfinite they are scaled all the same");
  EXPECT_TRUE(equal(a.grad(), tensor({3.0, INFINITY, 0.5})));
  EXPECT_TRUE(equal(b.grad(), tensor({-6.0, 1.0})));

  a.mutable_grad() = tensor({3.0, -4.0, 0.0});
  EXPECT_EQ(nn::utils::clip_grad_norm_(a, 10), 5);
  EXPECT_TRUE(equal(a.grad(), tensor({3.0, -4.0, 0.0})));
  a.mutable_grad() = tensor({NAN, 1.0, 0.0});
  EXPECT_TRUE(std::isnan(nn::utils::clip_grad_norm_(a, 10)));
  EXPECT_TRUE(std::isnan(nn::utils::clip_grad_norm_(a, 10, INFINITY)));
  a.mutable_grad() = tensor({NAN, 1.0, 0.0});
  b.mutable_grad() = tensor({-6.0, 1.0});
  EXPECT_TRUE(std::isnan(nn::utils::clip_grad_norm_({a, b}, 10, INFINITY)));
  EXPECT_EQ(nn::utils::clip_grad_norm_(idle, 1), 0);
  EXPECT_EQ(error_of([&] { nn::utils::clip_grad_norm_(a, -1); }),
            "clip_grad_norm_: max_norm is -1, expected 0 or more");
}

/// The loss of a small network on the circle x^2 + y^2 < 1, before and after training.
template <class Make>
std::pair<double, double> train(int steps, const Make& make) {
  manual_seed(7);
  const Tensor x = randn({32, 2});
  const Tensor y = ((x * x).sum(1) < 1).to(kInt64);
  const nn::Sequential model{nn::Linear(2, 16), [](const Tensor& h) { return tanh(h); },
                             nn::Linear(16, 2)};
  auto optimizer = make(model.parameters());
  double first = 0;
  double last = 0;
  for (int s = 0; s < steps; ++s) {
    const Tensor loss = cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    nn::utils::clip_grad_norm_(model.parameters(), 1.0);
    optimizer.step();
    (s == 0 ? first : last) = loss.item<double>();
  }
  return {first, last};
}

TEST(Training, LowersTheLoss) {
  const auto expect = [](std::pair<double, double> losses, const char* name) {
    EXPECT_GT(losses.first, 0.5) << name;
    EXPECT_LT(losses.second, 0.15) << name;
  };
  expect(train(400, [](auto p) { return optim::SGD(p, {.lr = 0.2, .momentum = 0.9}); }), "SGD");
  expect(train(400, [](auto p) { return optim::Adam(p, {.lr = 0.02}); }), "Adam");
  expect(train(400, [](auto p) { return optim::AdamW(p, {.lr = 0.02}); }), "AdamW");
}

TEST(Training, TwiceTheSame) {
  const auto run = [] {
    return train(50, [](auto p) { return optim::AdamW(p, {.lr = 0.02}); }).second;
  };
  EXPECT_EQ(run(), run());
}

TEST(Training, LeavesNoNodeAlive) {
  const int64_t before = autograd::live_nodes();
  train(1000, [](auto p) { return optim::AdamW(p, {.lr = 0.02}); });
  EXPECT_EQ(autograd::live_nodes(), before);
}

}  // namespace
}  // namespace gradus::optim_test
