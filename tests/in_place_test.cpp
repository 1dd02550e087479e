// Ops that write in place: they are recorded, refused where that is impossible, and backward
// notices that a saved tensor was changed.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/function.h"
#include "autograd/graph.h"
#include "autograd/ops.h"
#include "check/gradcheck.h"
#include "tests/expect_error.h"

namespace gradus::in_place_test {
namespace {

Tensor leaf(const NestedNumbers& numbers) {
  return tensor(numbers, dtype(kFloat64).requires_grad(true));
}
Tensor doubles(const NestedNumbers& numbers) { return tensor(numbers, kFloat64); }
std::string changed(const std::string& op, const std::string& shape) {
  return "backward: '" + op + "' saved a tensor of shape " + shape +
         " that was changed in place since; use the op that makes a new tensor";
}

struct Identity : autograd::Function<Identity> {
  static Tensor forward(autograd::AutogradContext*, const Tensor& x) { return x; }
  static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list dy) {
    return dy;
  }
};

struct Column : autograd::Function<Column> {
  static Tensor forward(autograd::AutogradContext*, const Tensor& x) { return x.view({-1, 1}); }
  static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list dy) {
    return {dy[0].view(-1)};
  }
};

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

/// Every op that writes in place, with the name that its errors carry.
std::vector<std::pair<std::string, std::function<void(const Tensor&)>>> writes() {
  return {{"add_", [](const Tensor& x) { x.add_(1); }},
          {"add_", [](const Tensor& x) { x.add_(ones_like(x), 2); }},
          {"add_", [](Tensor x) { x += 1; }},
          {"sub_", [](const Tensor& x) { x.sub_(1); }},
          {"sub_", [](Tensor x) { x -= ones_like(x); }},
          {"mul_", [](const Tensor& x) { x.mul_(10); }},
          {"mul_", [](Tensor x) { x *= ones_like(x); }},
          {"div_", [](const Tensor& x) { x.div_(2); }},
          {"div_", [](Tensor x) { x /= ones_like(x); }},
          {"fill_", [](const Tensor& x) { x.fill_(3); }},
          {"fill_", [](const Tensor& x) { x.zero_(); }},
          {"copy_", [](const Tensor& x) { x.copy_(ones_like(x)); }},
          {"masked_fill_", [](const Tensor& x) { x.masked_fill_(ones_like(x) > 0, 3); }},
          {"uniform_", [](const Tensor& x) { x.uniform_(); }},
          {"normal_", [](const Tensor& x) { x.normal_(); }},
          {"bernoulli_", [](const Tensor& x) { x.bernoulli_(); }}};
}

/// Every kind of view of a (2, 2), and views of views.
std::vector<std::function<Tensor(const Tensor&)>> views() {
  return {[](const Tensor& x) { return x.view({4}); },
          [](const Tensor& x) {
            return x.reshape({4, 1});
          },
          [](const Tensor& x) { return x.transpose(0, 1); },
          [](const Tensor& x) { return x.t(); },
          [](const Tensor& x) {
            return x.permute({1, 0});
          },
          [](const Tensor& x) { return x.unsqueeze(1); },
          [](const Tensor& x) { return x.unsqueeze(0).squeeze(0); },
          [](const Tensor& x) { return x.unsqueeze(0).squeeze(); },
          [](const Tensor& x) {
            return x.expand({1, 2, 2});
          },
          [](const Tensor& x) { return x.select(1, 0); },
          [](const Tensor& x) { return x[1]; },
          [](const Tensor& x) { return x.narrow(0, 1, 1); },
          [](const Tensor& x) { return x.slice(1, 0, 2, 2); },
          [](const Tensor& x) { return x.chunk(2)[1]; },
          [](const Tensor& x) { return x.split(1, 1)[0]; },
          [](const Tensor& x) { return x.flatten(); },
          [](const Tensor& x) { return alias(x); },
          [](const Tensor& x) {
            return x[0].view({2, 1}).t()[0];
          }};
}

void expect_refused_on_a_view(const Tensor& view) {
  for (const auto& [name, write] : writes())
    expect_error([&, write = write] { write(view); },
                 name +
                     ": a view cannot be changed in place while recording; use the op that "
                     "makes a new tensor");
}

TEST(InPlace, OnAViewMadeWithoutRecordingIsRefused) {
  const Tensor x = leaf({{1., 2.}, {3., 4.}});
  for (const auto& view_of : views()) {
    const Tensor h = x * 1;
    Tensor view;
    Tensor view_of_leaf;
    {
      const NoGradGuard no_grad;
      view = view_of(h);
      view_of_leaf = view_of(x);
    }
    expect_refused_on_a_view(view);
    expect_refused_on_a_view(view[0]);
    expect_refused_on_a_view(view_of_leaf);
    EXPECT_TRUE(equal(h.detach(), x.detach()));
    x.mutable_grad() = Tensor();
    h.sum().backward();
    EXPECT_TRUE(equal(x.grad(), ones({2, 2}, kFloat64)));
    const NoGradGuard no_grad;
    for (const auto& [name, write] : writes())
      write(view);
  }
}

TEST(InPlace, OnAViewMadeBeforeTheTensorRequiredGradientsIsRefused) {
  for (const auto& view_of : views()) {
    const Tensor x = doubles({{1., 2.}, {3., 4.}});
    const Tensor view = view_of(x);
    const Tensor view_of_view = alias(view);
    view.mul_(1);
    x.requires_grad_();
    expect_refused_on_a_view(view);
    expect_refused_on_a_view(view_of_view);
    x.requires_grad_(false);
    view.mul_(1);
    x.requires_grad_();
    const NoGradGuard no_grad;
    for (const auto& [name, write] : writes())
      write(view_of_view);
  }
}

TEST(InPlace, OnAViewWorksWhereNothingIsRecorded) {
  const Tensor x = leaf({{1., 2.}, {3., 4.}});
  const Tensor detached = x.detach();
  for (const auto& view_of : views()) {
    for (const auto& [name, write] : writes()) {
      write(view_of(detached));
      write(view_of(x).detach());
      Tensor view;
      {
        const NoGradGuard no_grad;
        view = view_of(x * 1);
      }
      write(view);
    }
  }
}

TEST(InPlace, OnAResultOfAFunctionThatSharesMemoryWithItsInputIsRefused) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 1;
  const Tensor same = Identity::apply(h);
  const Tensor column = Column::apply(h);
  expect_refused_on_a_view(same);
  expect_refused_on_a_view(column);
  (same.sum() + column.sum() + h.sum()).backward();
  EXPECT_TRUE(equal(x.grad(), doubles({3., 3.})));
}

TEST(InPlace, KeepsRetainedGradients) {
  const auto checked = [](const std::string& name,
                          const std::function<void(const Tensor&)>& write) {
    const Tensor x = leaf({1., 2.});
    const Tensor y = x * 1;
    y.retain_grad();
    (y * 5).sum().backward({}, /*retain_graph=*/true);
    const Tensor before = y.grad();
    write(y);
    EXPECT_TRUE(y.grad().is_same(before)) << name;
    (y * 3).sum().backward({}, true);
    EXPECT_TRUE(equal(y.grad(), doubles({8., 8.}))) << name;
    y.mutable_grad() = Tensor();
    write(y);
    write(y);
    (y * 3).sum().backward();
    EXPECT_TRUE(equal(y.grad(), doubles({3., 3.}))) << name;
  };
  for (const auto& [name, write] : writes())
    if (name != "uniform_" && name != "normal_" && name != "bernoulli_") checked(name, write);
  checked("copy_", [](const Tensor& y) { y.copy_(leaf({4., 5.})); });
  checked("mul_", [](const Tensor& y) { y.mul_(leaf({4., 5.})); });
  checked("without recording", [](const Tensor& y) {
    const NoGradGuard no_grad;
    y.add_(1);
  });
}

TEST(InPlace, DoesNotAddTheGradientOfTheOldValueToARetainedOne) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = x * 1;
  y.retain_grad();
  const Tensor old = (y * 7).sum();
  y.mul_(4);
  ((y * 3).sum() + old).backward();
  EXPECT_TRUE(equal(y.grad(), doubles({3., 3.})));  // of the tensor after the write
  EXPECT_TRUE(equal(x.grad(), doubles({19., 19.})));
}

TEST(InPlace, ByNumbersWithoutGradientsGivesTheOldValueAGradientOfZero) {
  const auto checked = [](const std::function<void(const Tensor&)>& write) {
    const Tensor x = leaf({1., 2.});
    const Tensor y = x * 1;
    write(y);
    ASSERT_TRUE(y.requires_grad());
    (y * 3).sum().backward();
    EXPECT_TRUE(equal(x.grad(), doubles({0., 0.})));
  };
  checked([](const Tensor& y) { y.copy_(doubles({5., 6.})); });
  checked([](const Tensor& y) { y.copy_(tensor({5., 6.})); });  // float32
  checked([](const Tensor& y) { y.copy_(tensor(5)); });
  checked([](const Tensor& y) { y.fill_(5); });
  checked([](const Tensor& y) { y.zero_(); });
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
}  // namespace gradus::in_place_test
