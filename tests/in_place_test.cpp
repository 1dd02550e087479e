// Ops that write in place: they are recorded, refused where that is impossible, and backward
// notices that a saved tensor was changed.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/graph.h"
#include "autograd/ops.h"
#include "check/gradcheck.h"
#include "tests/expect_error.h"

namespace gradus {
namespace {

Tensor leaf(const NestedNumbers& numbers) {
  return tensor(numbers, dtype(kFloat64).requires_grad(true));
}
Tensor doubles(const NestedNumbers& numbers) { return tensor(numbers, kFloat64); }
std::string changed(const std::string& op, const std::string& shape) {
  return "backward: '" + op + "' saved a tensor of shape " + shape +
         " that was changed in place since; use the op that makes a new tensor";
}

TEST(InPlace, IsRecorded) {
  using Tensors = std::vector<Tensor>;
  const auto checked = [](const std::function<Tensor(const Tensors&)>& f) {
    const Tensors inputs = {doubles({{1.2, -0.7, 2.}, {0.3, 1.1, -1.4}}), doubles({0.8, 1.5, -2.})};
    EXPECT_TRUE(gradcheck(f, inputs));
    EXPECT_TRUE(gradgradcheck(f, inputs));
  };
  checked([](const Tensors& x) { return (x[0] * 2).add_(x[1]); });
  checked([](const Tensors& x) { return (x[0] * 2).add_(x[1], -3); });
  checked([](const Tensors& x) { return (x[0] * 2).sub_(x[1]).sub_(1); });
  checked([](const Tensors& x) { return (x[0] * 2).mul_(x[1]).mul_(x[1]); });
  checked([](const Tensors& x) { return (x[0] * 2).div_(x[1]).div_(2); });
  checked([](const Tensors& x) {
    return (x[0] * x[1]).masked_fill_(tensor({true, false, true}), 4);
  });
  checked([](const Tensors& x) { return zeros({2, 3}, kFloat64).copy_(x[1]) * x[0]; });
  checked([](const Tensors& x) { return (x[0] * 2).copy_(x[1]) * x[0]; });
  checked([](const Tensors& x) { return (x[0] * x[1]).fill_(3) * x[0] * x[1]; });
  checked([](const Tensors& x) { return (x[0] * 3).zero_() + x[0] * x[1]; });
  checked([](const Tensors& x) {
    Tensor total = zeros({2, 3}, kFloat64);
    for (int i = 1; i <= 3; ++i)
      total += x[0] * x[1] * i;
    total -= x[0];
    total *= x[1];
    total /= 2;
    return total;
  });
}

TEST(InPlace, GivesTheLossANewNodeForEveryPart) {
  const Tensor w = leaf({1., 2.});
  Tensor loss = zeros({}, kFloat64);
  const Tensor same = loss;
  for (int i = 1; i <= 3; ++i)
    loss += (w * i).sum();
  EXPECT_TRUE(loss.is_same(same) && same.requires_grad() && !loss.is_leaf());
  loss.backward();
  EXPECT_TRUE(equal(w.grad(), doubles({6., 6.})));
}

TEST(InPlace, LeavesNoNodeAlive) {
  const int64_t before = autograd::live_nodes();
  {
    const Tensor w = leaf({1., 2.});
    Tensor y = w * 1;
    y += y;
    y *= w;
    y.masked_fill_(y > 100, 0);
    y.sum().backward();
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(InPlace, IsRefusedWhereHistoryCannotFollow) {
  const Tensor x = leaf({{1., 2.}, {3., 4.}});
  const auto refused_leaf = [](const std::string& op) {
    return op +
           ": a leaf that requires gradients cannot be changed in place while recording; use the "
           "op that makes a "
           "new tensor, or NoGradGuard";
  };
  expect_error([&] { x.add_(1); }, refused_leaf("add_"));
  expect_error([&] { x *= 2; }, refused_leaf("mul_"));
  expect_error([&] { x.zero_(); }, refused_leaf("fill_"));
  expect_error([&] { x.copy_(x); }, refused_leaf("copy_"));
  expect_error([&] { x.normal_(); }, refused_leaf("normal_"));
  expect_error([&] { x.masked_fill_(x > 1, 0); }, refused_leaf("masked_fill_"));
  const std::string view =
      ": a view cannot be changed in place while recording; use the op that makes a new tensor";
  const Tensor y = x * 1;
  expect_error([&] { y[0].add_(1); }, "add_" + view);
  expect_error([&] { y[0] = 1; }, "fill_" + view);
  expect_error([&] { y.t().mul_(2); }, "mul_" + view);
  expect_error([&] { zeros({2, 2}, kFloat64)[0].copy_(x[0]); }, "copy_" + view);
  expect_error([&] { alias(y).mul_(2); }, "mul_" + view);
  {
    const Tensor row = y[0];
    expect_error([&] { y.add_(1); },
                 "add_: a tensor that has views cannot be changed in place while recording; use "
                 "the op that makes a new tensor");
  }
  y.add_(1);  // the view is gone
  expect_error([&] { (x * 1).uniform_(); },
               "uniform_: random numbers have no gradient; use NoGradGuard");
  const std::string expanded =
      ": several elements of the expanded tensor [2, 3] share memory; clone() it first";
  const Tensor wide = zeros({2, 1}).expand({2, 3});
  expect_error([&] { wide.add_(1); }, "add_" + expanded);
  expect_error([&] { wide.fill_(1); }, "fill_" + expanded);
  expect_error([&] { wide.copy_(ones({2, 3})); }, "copy_" + expanded);
  expect_error([&] { wide.normal_(); }, "normal_" + expanded);
  expect_error(
      [&] {
        zeros({2}).add_(zeros({3, 2}));
      },
      "add_: [3, 2] does not broadcast to [2], which is written in place");
  expect_error([&] { zeros({2}).copy_(zeros({3})); },
               "copy_: [3] does not broadcast to [2], which is written in place");
  expect_error([&] { zeros({2}).mul_(zeros({2}, kInt64)); },
               "mul_: the dtypes differ, float32 and int64; convert one with .to()");
}

TEST(InPlace, OfASavedTensorIsNoticed) {
  const Tensor x = leaf({1., 2.});
  const auto after = [&](const std::function<Tensor(const Tensor&)>& f,
                         const std::function<void(const Tensor&)>& write) {
    const Tensor h = x * 1;
    const Tensor y = f(h).sum();
    write(h);
    y.backward();
  };
  const auto add_one = [](const Tensor& h) { h += 1; };
  const auto through_a_view = [](const Tensor& h) {
    const NoGradGuard no_grad;
    h[0].fill_(3);
  };
  const auto through_a_copy = [](const Tensor& h) { h.detach().zero_(); };
  const auto through_a_view_of_a_copy = [](const Tensor& h) { h.detach().slice(0, 1).add_(1); };
  for (const std::function<void(const Tensor&)>& write :
       std::vector<std::function<void(const Tensor&)>>{add_one, through_a_view, through_a_copy,
                                                       through_a_view_of_a_copy}) {
    expect_error([&] { after([](auto& h) { return h * h; }, write); }, changed("mul", "[2]"));
    expect_error([&] { after([](auto& h) { return log(h); }, write); }, changed("log", "[2]"));
    after([](auto& h) { return h + h; }, write);  // saved nothing
    after([](auto& h) { return h.exp(); }, write);
  }
  const Tensor e = x.exp();
  e.detach().fill_(0);
  expect_error([&] { e.sum().backward(); }, changed("exp", "[2]"));
}

TEST(InPlace, OfAParameterAfterTheForwardIsNoticed) {
  const Tensor w = leaf({{1., 2.}, {3., 4.}});
  const Tensor x = doubles({{1., 1.}});
  const Tensor h = linear(x, w);
  const Tensor y = linear(h, w).sum();
  {
    const NoGradGuard no_grad;
    w -= 0.1;
  }
  expect_error([&] { y.backward(); }, changed("linear", "[2, 2]"));
}

TEST(InPlace, WithoutRecordingIsALoop) {
  const Tensor x = leaf({1., 2.});
  {
    const NoGradGuard no_grad;
    x.mul_(3).add_(1);
  }
  EXPECT_TRUE(x.is_leaf() && equal(x.detach(), doubles({4., 7.})));
  const Tensor plain = doubles({{1., 2.}, {3., 4.}});
  plain[0] += plain[1];  // no gradients: views may be written
  EXPECT_TRUE(equal(plain, doubles({{4., 6.}, {3., 4.}})));
  const Tensor square = doubles({{1., 2.}, {3., 4.}});
  square.copy_(square.t());  // the source shares its memory
  EXPECT_TRUE(equal(square, doubles({{1., 3.}, {2., 4.}})));
  square.add_(square.t());
  EXPECT_TRUE(equal(square, doubles({{2., 5.}, {5., 8.}})));
  const Tensor line = doubles({1., 2., 3., 4.});
  line.slice(0, 1).copy_(line.slice(0, 0, 3));
  EXPECT_TRUE(equal(line, doubles({1., 1., 2., 3.})));
}

TEST(InPlace, OfIntegersWrapsAround) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(tensor(most).add_(1).item<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(tensor(-most - 1).sub_(1).item<int64_t>(), most);
  EXPECT_EQ(tensor(most).mul_(2).item<int64_t>(), -2);
  EXPECT_EQ((tensor(most) + 1).item<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(tensor({most, most}).sum().item<int64_t>(), -2);
  EXPECT_EQ(tensor({most, most}).cumsum(0)[1].item<int64_t>(), -2);
  EXPECT_EQ(matmul(tensor({most, most}), tensor({int64_t{1}, int64_t{1}})).item<int64_t>(), -2);
  EXPECT_EQ(tensor({most}).scatter_add(0, tensor({0}), tensor({most})).item<int64_t>(), -2);
  EXPECT_EQ((-tensor(-most - 1)).item<int64_t>(), -most - 1);
  EXPECT_EQ(tensor(-most - 1).abs().item<int64_t>(), -most - 1);
  EXPECT_EQ(tensor(most).pow(3).item<int64_t>(), most);
}

}  // namespace
}  // namespace gradus
