// What backward does with the graph: what it adds, keeps, frees and refuses.
#include "autograd/engine.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <thread>

#include "autograd/ops.h"
#include "tensor/random.h"
#include "tests/expect_error.h"

namespace gradus {
namespace {

Tensor leaf(const NestedNumbers& numbers) {
  return tensor(numbers, dtype(kFloat64).requires_grad(true));
}
Tensor doubles(const NestedNumbers& numbers) { return tensor(numbers, kFloat64); }
void expect_equal(const Tensor& got, const Tensor& wanted) {
  ASSERT_TRUE(got.defined());
  EXPECT_TRUE(got.sizes() == wanted.sizes() && equal(got, wanted)) << got << "\n" << wanted;
}

// what backward adds where

TEST(Backward, AddsToTheGradOfEveryLeaf) {
  const Tensor a = leaf({1., 2.});
  const Tensor b = leaf({3., 4.});
  const Tensor unused = leaf({1.});
  (a * b).sum().backward();
  expect_equal(a.grad(), doubles({3., 4.}));
  expect_equal(b.grad(), doubles({1., 2.}));
  EXPECT_FALSE(unused.grad().defined());
  (a * 2).sum().backward();
  expect_equal(a.grad(), doubles({5., 6.}));
  a.grad().zero_();
  (a * 2).sum().backward();
  expect_equal(a.grad(), doubles({2., 2.}));
  a.mutable_grad() = Tensor();
  EXPECT_FALSE(a.grad().defined());
  (a * a).backward(doubles({1., 10.}));
  expect_equal(a.grad(), doubles({2., 40.}));
}

TEST(Backward, OfALeafIsItsGradient) {
  const Tensor x = leaf(3.);
  x.backward();
  expect_equal(x.grad(), doubles(1.));
  x.backward();
  expect_equal(x.grad(), doubles(2.));
}

TEST(Backward, TwiceThrowsOnlyWhereSomethingWasSaved) {
  const Tensor x = leaf({1., 2.});
  const Tensor linear = (x + x).sum();
  linear.backward();
  linear.backward();
  expect_equal(x.grad(), doubles({4., 4.}));
  const Tensor y = x.exp().sum();
  y.backward();
  expect_error([&] { y.backward(); },
               "backward: the graph behind 'exp' was already freed; pass retain_graph");
  expect_error([&] { (y * 2).backward(); },
               "backward: the graph behind 'exp' was already freed; pass retain_graph");
}

TEST(Backward, KeepsTheGraphWhenAskedTo) {
  const Tensor x = leaf(2.);
  const Tensor y = x * x * x;
  y.backward({}, /*retain_graph=*/true);
  y.backward({}, true);
  y.backward();
  expect_equal(x.grad(), doubles(36.));
}

TEST(Backward, CreateGraphMakesGradientsDifferentiable) {
  const Tensor x = leaf(2.);
  const Tensor y = x * x * x;
  y.backward({}, {}, /*create_graph=*/true);
  const Tensor first = x.grad();
  EXPECT_TRUE(first.requires_grad());
  const Tensor second = autograd::grad({first}, {x}, {}, {}, true)[0];
  expect_equal(second.detach(), doubles(12.));
  expect_equal(autograd::grad({second}, {x})[0], doubles(6.));
  x.mutable_grad() = Tensor();  // else the grad's history holds on to x
}

TEST(Backward, GoesOnFromAGivenGradient) {  // the chain rule in two halves
  const Tensor x = leaf({1., 2.});
  const Tensor h = x.exp();
  const Tensor y = (h * h).sum();
  const Tensor dh = autograd::grad({y}, {h})[0];
  h.backward(dh);
  EXPECT_TRUE(allclose(x.grad(), (x * 2).exp().detach() * 2));
}

TEST(Backward, ReadsAGivenGradientThatIsAlsoWritten) {
  const Tensor x = leaf({1., 2.});
  x.mutable_grad() = doubles({1., 10.});
  (x + x).backward(x.grad());
  expect_equal(x.grad(), doubles({3., 30.}));
  const Tensor w = leaf({{1., 2.}, {3., 4.}});
  w.mutable_grad() = doubles({{1., 2.}, {3., 4.}});
  cat({w.select(0, 1), w.select(0, 0)}).reshape({2, 2}).backward(w.grad());
  expect_equal(w.grad(), doubles({{4., 6.}, {4., 6.}}));
}

TEST(Backward, GivesALeafAGradOfItsOwnLayoutThatSharesMemoryWithNothing) {
  const Tensor x = zeros({2, 3}, kFloat64).t().clone().requires_grad_();
  const Tensor u = ones({3, 2}, kFloat64);
  ASSERT_EQ(x.strides(), (Shape{1, 3}));
  (x + 0).backward(u);
  EXPECT_EQ(x.grad().strides(), x.strides());
  u.fill_(9);
  expect_equal(x.grad(), ones({3, 2}, kFloat64));
  const Tensor a = leaf({1., 2.});
  const Tensor b = leaf({1., 2.});
  (a + b).backward(doubles({1., 1.}));
  a.grad().fill_(7);
  expect_equal(b.grad(), doubles({1., 1.}));
  const Tensor c = leaf({1., 2.});
  c.sum().backward();  // an expanded gradient
  c.grad().add_(1);
  expect_equal(c.grad(), doubles({2., 2.}));
}

TEST(Backward, RefusesAGradOfTheWrongShape) {
  for (const bool create_graph : {false, true}) {
    const Tensor x = leaf({1., 2.});
    x.mutable_grad() = doubles({{1., 2.}});
    expect_error([&] { (x * 2).sum().backward({}, {}, create_graph); },
                 "backward: the tensor is [2] float64, the grad it was given is [1, 2] float64");
  }
}

TEST(Backward, IsTheSumOverAllPathsInAnyOrder) {
  const Tensor x = leaf(3.);
  Tensor y = x;
  for (int i = 0; i < 10; ++i)
    y = y + y;  // 2^10 paths
  y.backward();
  expect_equal(x.grad(), doubles(1024.));
}

TEST(Backward, SumsOverBroadcastDimensions) {
  const Tensor row = leaf({1., 2., 3.});
  const Tensor one = leaf({{2.}});
  (row * zeros({4, 3}, kFloat64).fill_(2) * one).sum().backward();
  expect_equal(row.grad(), doubles({16., 16., 16.}));
  expect_equal(one.grad(), doubles({{48.}}));
}

// autograd::grad

TEST(Grad, OfSeveralOutputsBySeveralInputs) {
  const Tensor a = leaf({1., 2.});
  const Tensor b = leaf({3., 4.});
  const Tensor y = a * b;
  const Tensor z = (a + b).sum();
  const auto g = autograd::grad({y, z}, {b, a, b}, {doubles({1., 10.}), Tensor()});
  ASSERT_EQ(g.size(), 3u);
  expect_equal(g[0], doubles({2., 21.}));
  expect_equal(g[1], doubles({4., 41.}));
  expect_equal(g[2], g[0]);
  g[0].fill_(0);
  expect_equal(g[2], doubles({2., 21.}));  // the second b's own
  EXPECT_FALSE(a.grad().defined());
  EXPECT_FALSE(b.grad().defined());
}

TEST(Grad, ByTensorsInBetween) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 3;
  const Tensor y = h * h;
  const auto g = autograd::grad({y.sum()}, {h, x}, {}, true);
  expect_equal(g[0], doubles({6., 12.}));
  expect_equal(g[1], doubles({18., 36.}));
  expect_equal(autograd::grad({y}, {y}, {doubles({1., 2.})}, true)[0], doubles({1., 2.}));
}

TEST(Grad, LeavesWhatItDoesNotNeedAlone) {
  const Tensor x = leaf({1., 2.});
  const Tensor w = leaf({1., 1.});
  const Tensor h = x.exp();
  const Tensor y = (h * w).sum();
  autograd::grad({y}, {w}, {});  // does not pass 'exp'
  h.sum().backward();
  EXPECT_TRUE(allclose(x.grad(), h.detach()));
  EXPECT_FALSE(w.grad().defined());
}

TEST(Grad, OfUnusedInputs) {
  const Tensor x = leaf(1.);
  const Tensor unused = leaf(1.);
  const Tensor y = x * 2;
  expect_error(
      [&] {
        autograd::grad({y}, {x, unused}, {}, true);
      },
      "grad: the outputs do not depend on input 1; set allow_unused to get an undefined tensor");
  const auto g = autograd::grad({y}, {unused, x}, {}, {}, false, /*allow_unused=*/true);
  EXPECT_FALSE(g[0].defined());
  expect_equal(g[1], doubles(2.));
}

TEST(Grad, RefusesWhatHasNoGradient) {
  const Tensor x = leaf({1., 2.});
  const Tensor plain = doubles({1., 2.});
  expect_error([&] { autograd::grad({}, {x}); }, "grad: there is no output to start from");
  expect_error([&] { autograd::grad({x.sum()}, {}); },
               "grad: there is no input to differentiate by");
  expect_error([&] { autograd::grad({x.sum()}, {plain}); },
               "grad: input 0 does not require gradients; call requires_grad_() before it is used");
  expect_error(
      [&] { autograd::grad({plain.sum()}, {x}); },
      "grad: the output of shape [] does not depend on any tensor that requires gradients");
  expect_error([&] { autograd::grad({x * 2}, {x}); },
               "grad: the output is [2]; only one with a single element needs no gradient given");
  expect_error([&] { autograd::grad({x * 2}, {x}, {doubles({1.})}); },
               "grad: the output is [2] float64, the gradient given for it is [1] float64");
  expect_error([&] { autograd::grad({x * 2}, {x}, {ones(2)}); },
               "grad: the output is [2] float64, the gradient given for it is [2] float32");
  expect_error(
      [&] {
        autograd::grad({x * 2}, {x}, {plain, plain});
      },
      "grad: 1 outputs, but 2 gradients for them");
  expect_error([&] { autograd::grad({Tensor()}, {x}); },
               "tensor: this Tensor is undefined, it was never given a value");
  expect_error([&] { autograd::grad({x.sum()}, {Tensor()}); },
               "grad: input 0 does not require gradients; call requires_grad_() before it is used");
}

// leaves, detach, modes

TEST(Leaves, AreWhatNoOpMade) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = x * 2;
  EXPECT_TRUE(x.is_leaf() && doubles(1.).is_leaf() && y.detach().is_leaf() && x.requires_grad());
  EXPECT_FALSE(y.is_leaf());
  EXPECT_TRUE(y.requires_grad());
  const Tensor copy = x;  // the same tensor
  y.sum().backward();
  expect_equal(copy.grad(), doubles({2., 2.}));
  EXPECT_TRUE(zeros({2}).requires_grad_().requires_grad());  // on a temporary
}

TEST(Leaves, CanBeSwitchedOffAndOn) {
  const Tensor x = leaf(2.);
  const Tensor w = leaf(3.);
  const Tensor y = x * w;
  x.requires_grad_(false);
  y.backward({}, true);
  EXPECT_FALSE(x.grad().defined());
  expect_equal(w.grad(), doubles(2.));
  EXPECT_FALSE((x * 2).requires_grad());
  x.requires_grad_();
  y.backward();
  expect_equal(x.grad(), doubles(3.));
  expect_error(
      [&] { y.requires_grad_(false); },
      "requires_grad_: only a leaf can be switched off, this is the result of 'mul'; use detach()");
  expect_error([&] { zeros(2, kInt64).requires_grad_(); },
               "requires_grad_: only floating-point tensors have gradients, got int64");
}

TEST(Leaves, DetachSharesMemoryAndNoHistory) {
  const Tensor x = leaf({1., 2.});
  const Tensor d = (x * 1).detach();
  EXPECT_FALSE(d.requires_grad());
  const Tensor shared = x.detach();
  shared.fill_(5);
  expect_equal(x.detach(), doubles({5., 5.}));
  (x.detach() * x).sum().backward();
  expect_equal(x.grad(), doubles({5., 5.}));
}

TEST(RetainGrad, KeepsTheGradientOfATensorInBetween) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 3;
  const Tensor other = x * 5;
  h.retain_grad();
  (h * h + other).sum().backward();
  expect_equal(h.grad(), doubles({6., 12.}));
  EXPECT_FALSE(other.grad().defined());
  x.retain_grad();  // a leaf has one anyway
  expect_error([] { zeros(2).retain_grad(); },
               "retain_grad: the tensor does not require gradients");
}

TEST(Modes, NestAndBelongToTheThread) {
  const Tensor x = leaf(2.);
  EXPECT_TRUE(is_grad_enabled());
  {
    const NoGradGuard no_grad;
    EXPECT_FALSE((x * 2).requires_grad());
    {
      const AutoGradMode on(true);
      EXPECT_TRUE((x * 2).requires_grad());
      const AutoGradMode off(false);
      EXPECT_FALSE((x * 2).requires_grad());
    }
    EXPECT_FALSE(is_grad_enabled());
    bool enabled_there = false;
    std::thread([&] { enabled_there = is_grad_enabled(); }).join();
    EXPECT_TRUE(enabled_there);
    EXPECT_TRUE(zeros(1, requires_grad()).requires_grad());
  }
  EXPECT_TRUE(is_grad_enabled());
}

TEST(Modes, AreRestoredWhenBackwardThrows) {
  const Tensor x = leaf(2.);
  const Tensor h = x * 1;
  const Tensor y = h * h;
  h.detach().fill_(0);
  EXPECT_THROW(y.backward(), Error);
  EXPECT_TRUE(is_grad_enabled());
}

// the graph, looked at

TEST(Graph, IsListedNewestFirstWithNamesAndScopes) {
  const Tensor w = leaf({1., 2.});
  Tensor h;
  Tensor y;
  {
    const Scope block("block0");
    {
      const Scope attention("attn");
      h = w * 2;
    }
    y = h.exp();
  }
  const Tensor loss = y.sum() + doubles(1.);
  const auto nodes = autograd::graph(loss);
  ASSERT_EQ(nodes.size(), 5u);
  const std::vector<std::string> names = {"add", "sum", "exp", "mul", "leaf"};
  const std::vector<std::string> scopes = {"", "", "block0", "block0.attn", ""};
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(nodes[i].name, names[i]);
    EXPECT_EQ(nodes[i].scope, scopes[i]);
    EXPECT_EQ(nodes[i].dtype, kFloat64);
    EXPECT_TRUE(i == 0 || nodes[i].id < nodes[i - 1].id);
    const std::vector<uint64_t> inputs =
        i + 1 < nodes.size() ? std::vector{nodes[i + 1].id} : std::vector<uint64_t>{};
    EXPECT_EQ(nodes[i].inputs, inputs);
  }
  EXPECT_EQ(nodes[0].shape, Shape{});
  EXPECT_EQ(nodes[4].shape, Shape{2});
  EXPECT_EQ(autograd::node_id(h), nodes[3].id);
  EXPECT_EQ(autograd::node_id(doubles(1.)), 0u);
  EXPECT_TRUE(autograd::graph(doubles(1.)).empty());
  EXPECT_EQ(autograd::graph(h * h)[0].inputs, (std::vector{nodes[3].id, nodes[3].id}));
}

// long and many

void* walk_a_long_chain(void* gradient) {
  const Tensor x = leaf(1.);
  {
    Tensor y = x;
    for (int i = 0; i < 200'000; ++i)
      y = i % 2 == 0 ? y * 1.0 : y + 0.0;
    y.backward();
    *static_cast<double*>(gradient) = x.grad().item<double>();
    Tensor unwalked = x;
    for (int i = 0; i < 200'000; ++i)
      unwalked = unwalked.sin();
  }
  return nullptr;
}

TEST(Large, AChainOf200000OpsNeedsNoStack) {
  const int64_t before = autograd::live_nodes();
  double gradient = 0;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread{};
  ASSERT_EQ(pthread_create(&thread, &attributes, walk_a_long_chain, &gradient), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  EXPECT_EQ(gradient, 1);
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(Large, TrainingLeavesNoNodeAlive) {
  const int64_t before = autograd::live_nodes();
  {
    manual_seed(1);
    const Tensor x = randn({8, 3});
    const Tensor target = x.sum(1, true);
    const Tensor w = zeros({1, 3}, requires_grad());
    const Tensor b = zeros({1}, requires_grad());
    double first = 0;
    double last = 0;
    for (int step = 0; step < 1000; ++step) {
      const Tensor loss = mse_loss(linear(x, w, b), target);
      loss.backward();
      (step == 0 ? first : last) = loss.item<double>();
      const NoGradGuard no_grad;
      for (const Tensor& p : {w, b}) {
        p -= p.grad() * 0.1;
        p.grad().zero_();
      }
    }
    EXPECT_LT(last, first * 1e-6);
    EXPECT_EQ(autograd::live_nodes(), before + 2);
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(Large, ThreadsShareParameters) {
  const Tensor w = leaf({{1., 2.}, {3., 4.}});
  std::vector<std::thread> threads;
  std::vector<Tensor> gradients(4);
  for (size_t i = 0; i < gradients.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int step = 0; step < 200; ++step) {
        const Tensor x = full({1, 2}, static_cast<double>(i), kFloat64);
        gradients[i] = autograd::grad({matmul(x, w).tanh().sum()}, {w})[0];
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Tensor x = full({1, 2}, static_cast<double>(i), kFloat64);
    expect_equal(gradients[i], autograd::grad({matmul(x, w).tanh().sum()}, {w})[0]);
  }
}

}  // namespace
}  // namespace gradus
