// Leaves, grad mode, the graph as data, and graphs that are long or used by several threads.
#include "autograd/graph.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <thread>

#include "autograd/engine.h"
#include "tensor/random.h"
#include "tests/engine_support.h"
#include "tests/expect_error.h"

namespace gradus::graph_test {
namespace {

// leaves, detach, modes

TEST(Leaves, AreTensorsThatNoOpMade) {
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

TEST(SetData, ReplacesTheDataOfEveryHandle) {
  const Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}}, kFloat32).requires_grad_();
  const Tensor handle = x;
  (x * x).sum().backward();
  x.set_data(doubles({{1., 2.}, {3., 4.}, {5., 6.}}).t());
  EXPECT_EQ(handle.dtype(), kFloat64);
  EXPECT_EQ(handle.strides(), (Shape{1, 2}));
  EXPECT_FALSE(handle.is_contiguous());
  EXPECT_TRUE(handle.is_leaf() && handle.requires_grad());
  expect_equal(handle.detach(), doubles({{1., 3., 5.}, {2., 4., 6.}}));
  expect_equal(handle.grad(), doubles({{2., 4., 6.}, {8., 10., 12.}}));
  x.mutable_grad() = Tensor();
  (handle * 3).sum().backward();
  EXPECT_EQ(x.grad().strides(), x.strides());
}

TEST(SetData, IsNoticedByAnOlderGraph) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = (x * x).sum();
  x.set_data(doubles({3., 4.}));
  expect_error([&] { y.backward(); },
               "backward: 'mul' saved a tensor of shape [2] that was changed in place since; use "
               "the op that makes a new tensor");
}

TEST(SetData, OfAViewFreesItsBase) {
  const Tensor base = doubles({{1., 2.}, {3., 4.}});
  const Tensor row = base[0];
  const Tensor w = leaf(2.);
  EXPECT_THROW(base.mul_(w), Error);  // row is a view of it
  row.set_data(doubles({5., 6.}));
  base.mul_(w);
  EXPECT_TRUE(base.requires_grad());
  expect_equal(row, doubles({5., 6.}));
}

TEST(SetData, RefusesDataThatDoesNotFit) {
  const Tensor x = leaf({1., 2.});
  expect_error([&] { x.set_data(doubles({1.})); },
               "set_data: the tensor is [2], the new data is [1]");
  expect_error(
      [&] {
        x.set_data(tensor({1, 2}));
      },
      "set_data: the tensor has gradients, so its data must be floating-point, got int64");
  expect_error([&] { x.exp().set_data(x.detach()); },
               "set_data: only a leaf can be given new data, this is the result of 'exp'");
}

TEST(RetainGrad, KeepsTheGradientOfAnIntermediateTensor) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 3;
  const Tensor other = x * 5;
  h.retain_grad();
  (h * h + other).sum().backward();
  expect_equal(h.grad(), doubles({6., 12.}));
  EXPECT_FALSE(other.grad().defined());
  EXPECT_TRUE(h.retains_grad());
  EXPECT_FALSE(other.retains_grad());
  x.retain_grad();  // a leaf has one anyway
  EXPECT_FALSE(x.retains_grad());
  EXPECT_FALSE(zeros(2).retains_grad());
  h.mul_(2);
  EXPECT_TRUE(h.retains_grad());
  expect_error([] { Tensor().retains_grad(); }, kUndefined);
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

// the graph as data

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

// long graphs, many graphs, several threads

void* backward_through_a_long_chain(void* gradient) {
  const Tensor x = leaf(1.);
  {
    Tensor y = x;
    for (int i = 0; i < 200'000; ++i)
      y = i % 2 == 0 ? y * 1.0 : y + 0.0;
    y.backward();
    *static_cast<double*>(gradient) = x.grad().item<double>();
    Tensor without_backward = x;
    for (int i = 0; i < 200'000; ++i)
      without_backward = without_backward.sin();
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
  ASSERT_EQ(pthread_create(&thread, &attributes, backward_through_a_long_chain, &gradient), 0);
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
}  // namespace gradus::graph_test
