// backward and autograd::grad: which gradients they compute and add up, what they keep and free,
// and which calls they refuse.
#include "autograd/engine.h"

#include <unistd.h>

#include "autograd/graph.h"
#include "tests/engine_support.h"
#include "tests/expect_error.h"

namespace gradus::engine_test {
namespace {

// backward

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

/// 0 if backward with create_graph printed one warning in two calls.
int backward_twice_with_create_graph() {
  ::testing::internal::CaptureStderr();
  const Tensor x = leaf(2.);
  for (int i = 0; i < 2; ++i)
    (x * x).backward({}, {}, /*create_graph=*/true);
  const std::string printed = ::testing::internal::GetCapturedStderr();
  const std::string expected = "backward: with create_graph, the grad of a leaf refers to a graph";
  return printed.find(expected) == 0 && printed.find('\n') == printed.size() - 1 ? 0 : 1;
}

TEST(Backward, CreateGraphWarnsOnceAboutTheCycle) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(backward_twice_with_create_graph()), ::testing::ExitedWithCode(0), "");
}

TEST(Backward, CreateGraphLeavesNothingAliveAfterTheGradIsReset) {
  const int64_t before = autograd::live_nodes();
  for (const bool reset : {true, false}) {
    const Tensor x = leaf(2.);
    (x * x).backward({}, {}, /*create_graph=*/true);
    if (!reset) x.grad().backward();
    autograd::grad({x * x}, {x}, {}, {}, /*create_graph=*/true);
    x.mutable_grad() = Tensor();
  }
  EXPECT_EQ(autograd::live_nodes(), before);
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

// Each gradient uses all of its memory, but every row is the same memory.
TEST(Backward, AddsToAGradientWhoseElementsShareMemory) {
  const auto of_equal_rows = [](const Tensor& x) {
    return record("of_equal_rows", x.detach().sum(),
                  {x, [](const Tensor&) {
                     return ones({6}, kFloat64).narrow(0, 0, 3).expand({2, 3});
                   }});
  };
  const Tensor x = leaf({{1., 2., 3.}, {4., 5., 6.}});
  const Tensor y = x * 1;
  const Tensor older = (y * doubles({{1., 1., 1.}, {2., 2., 2.}})).sum();
  (older + of_equal_rows(y)).backward();
  expect_equal(x.grad(), doubles({{2., 2., 2.}, {3., 3., 3.}}));
  x.mutable_grad() = Tensor();
  const Tensor z = x * 1;
  const Tensor older_row = z.select(0, 0).sum();  // the rule of select adds in place
  (older_row + of_equal_rows(z)).backward();
  expect_equal(x.grad(), doubles({{2., 2., 2.}, {1., 1., 1.}}));
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
  expect_equal(g[2], doubles({2., 21.}));  // not the same tensor as g[0]
  EXPECT_FALSE(a.grad().defined());
  EXPECT_FALSE(b.grad().defined());
}

TEST(Grad, ByIntermediateTensors) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 3;
  const Tensor y = h * h;
  const auto g = autograd::grad({y.sum()}, {h, x}, {}, true);
  expect_equal(g[0], doubles({6., 12.}));
  expect_equal(g[1], doubles({18., 36.}));
  expect_equal(autograd::grad({y}, {y}, {doubles({1., 2.})}, true)[0], doubles({1., 2.}));
}

TEST(Grad, KeepsThePartsThatItDoesNotPass) {
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

TEST(Grad, RefusesTensorsWithoutGradients) {
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
               "grad: the output is [2]; only an output with a single element can do without a "
               "gradient argument");
  expect_error([&] { autograd::grad({x * 2}, {x}, {doubles({1.})}); },
               "grad: the output is [2] float64, the gradient given for it is [1] float64");
  expect_error([&] { autograd::grad({x * 2}, {x}, {ones(2)}); },
               "grad: the output is [2] float64, the gradient given for it is [2] float32");
  expect_error(
      [&] {
        autograd::grad({x * 2}, {x}, {plain, plain});
      },
      "grad: 1 outputs, but 2 gradients for them");
  expect_error([&] { autograd::grad({Tensor()}, {x}); }, kUndefined);
  expect_error([&] { autograd::grad({x.sum()}, {Tensor()}); },
               "grad: input 0 does not require gradients; call requires_grad_() before it is used");
}

}  // namespace
}  // namespace gradus::engine_test
