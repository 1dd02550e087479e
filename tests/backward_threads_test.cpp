// backward in several threads at once: on leaves, retained gradients and graphs that they share.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "autograd/function.h"
#include "tests/engine_support.h"

namespace gradus::backward_threads_test {
namespace {

constexpr int kThreads = 4;
constexpr int kSteps = 300;
constexpr double kTotal = kThreads * kSteps;

/// Calls step(thread, i) in several threads, which start at the same time.
void in_threads(const std::function<void(int, int)>& step) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      ++ready;
      while (ready < kThreads)
        std::this_thread::yield();
      for (int i = 0; i < kSteps; ++i)
        step(t, i);
    });
  for (std::thread& thread : threads)
    thread.join();
}

TEST(BackwardInThreads, LosesNoGradientOfASharedLeaf) {
  const Tensor x = leaf({1., 2.});
  in_threads([&](int, int) { (x * 1).sum().backward(); });
  expect_equal(x.grad(), doubles({kTotal, kTotal}));
}

TEST(BackwardInThreads, LosesNoGradientOfSeveralLeaves) {
  const Tensor w = leaf({{1., 2.}, {3., 4.}});
  const Tensor b = leaf({0., 0.});
  const Tensor x = ones({3, 2}, kFloat64);
  in_threads([&](int, int) { linear(x, w, b).sum().backward(); });
  expect_equal(b.grad(), full({2}, 3 * kTotal, kFloat64));
  expect_equal(w.grad(), full({2, 2}, 3 * kTotal, kFloat64));
}

TEST(BackwardInThreads, LosesNoGradientThatIsAddedInPlace) {
  const Tensor table = leaf({{1., 2.}, {3., 4.}, {5., 6.}});
  const Tensor ids = tensor({0, 2, 0});
  in_threads([&](int t, int) {
    if (t % 2 == 0)
      embedding(table, ids).sum().backward();
    else
      (table[0] * 2 + table.narrow(0, 2, 1)).sum().backward();
  });
  expect_equal(table.grad(), doubles({{2 * kTotal, 2 * kTotal}, {0., 0.}, {kTotal, kTotal}}));
}

TEST(BackwardInThreads, LosesNoGradientInASharedGraph) {
  const Tensor x = leaf({1., 2.});
  const Tensor w = leaf({3., 4.});
  const Tensor h = (x * w).exp() * 0 + x * w;  // saves inputs and an output
  in_threads([&](int, int) { (h * 2).sum().backward({}, /*retain_graph=*/true); });
  expect_equal(x.grad(), doubles({6 * kTotal, 8 * kTotal}));
  expect_equal(w.grad(), doubles({2 * kTotal, 4 * kTotal}));
}

TEST(BackwardInThreads, NeedsNoRetainedGraphWhereNothingWasSaved) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = (x + 1).view({2, 1}).t();
  in_threads([&](int, int) { (h + h).sum().backward(); });
  expect_equal(x.grad(), doubles({2 * kTotal, 2 * kTotal}));
}

TEST(BackwardInThreads, LosesNothingOfARetainedGradient) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 2;
  h.retain_grad();
  in_threads([&](int, int) { (h * 3).sum().backward({}, true); });
  expect_equal(h.grad(), doubles({3 * kTotal, 3 * kTotal}));
  expect_equal(x.grad(), doubles({6 * kTotal, 6 * kTotal}));
}

TEST(BackwardInThreads, LosesNoGradientThatIsItselfRecorded) {
  const Tensor x = leaf({1., 2.});
  in_threads([&](int, int) { (x * x).sum().backward({}, {}, /*create_graph=*/true); });
  const Tensor dx = x.grad();
  expect_equal(dx.detach(), doubles({2 * kTotal, 4 * kTotal}));
  expect_equal(autograd::grad({dx.sum()}, {x})[0], doubles({2 * kTotal, 2 * kTotal}));
  x.mutable_grad() = Tensor();
}

TEST(BackwardInThreads, GivesEachCallOfGradItsOwnResult) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * x;
  std::atomic<int> wrong{0};
  in_threads([&](int t, int) {
    const Tensor dx = autograd::grad({(h * (t + 1)).sum()}, {x}, {}, /*retain_graph=*/true)[0];
    wrong += !equal(dx, doubles({2. * (t + 1), 4. * (t + 1)}));
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_FALSE(x.grad().defined());
}

TEST(BackwardInThreads, CallsTensorHooksOnceForEachBackward) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 2;
  std::atomic<int> calls{0};
  h.register_hook([&](const Tensor& g) {
    ++calls;
    return g * 2;
  });
  x.register_hook([&](const Tensor& g) {
    ++calls;
    g.add_(1);
  });
  in_threads([&](int, int) { (h * 3).sum().backward({}, true); });
  EXPECT_EQ(calls, 2 * kTotal);
  expect_equal(x.grad(), doubles({13 * kTotal, 13 * kTotal}));
}

TEST(BackwardInThreads, RunsTheHooksOfALeafOneAtATime) {
  const Tensor x = leaf({1., 2.});
  int calls = 0;  // not atomic: the leaf is locked
  Tensor total = doubles({0., 0.});
  x.register_post_accumulate_grad_hook([&](const Tensor& p) {
    ++calls;
    total = total + p.grad();
    p.mutable_grad() = Tensor();
  });
  in_threads([&](int, int) { (x * 3 + x).sum().backward(); });
  EXPECT_EQ(calls, kTotal);
  expect_equal(total, doubles({4 * kTotal, 4 * kTotal}));
}

TEST(BackwardInThreads, LetsHooksComeAndGoWhileOthersRun) {
  const Tensor x = leaf({1., 2.});
  std::atomic<int> calls{0};
  x.register_hook([&](const Tensor&) { ++calls; });
  in_threads([&](int, int) {
    const unsigned index = x.register_hook([&](const Tensor& g) { return g * 1; });
    (x * 3).sum().backward();
    x.remove_hook(index);
  });
  EXPECT_EQ(calls, kTotal);
  expect_equal(x.grad(), doubles({3 * kTotal, 3 * kTotal}));
}

/// exp(x) and exp(2 x), saved.
struct ExpTwice : autograd::Function<ExpTwice> {
  static autograd::tensor_list forward(autograd::AutogradContext* ctx, const Tensor& x) {
    const Tensor e = x.exp();
    ctx->save_for_backward({e, e * e});
    return {ctx->get_saved_variables()[0], ctx->get_saved_variables()[1]};
  }
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
    const autograd::tensor_list saved = ctx->get_saved_variables();
    return {dy[0] * saved[0] + dy[1] * saved[1] * 2};
  }
};

TEST(BackwardInThreads, LosesNoGradientOfAFunctionWithSeveralOutputs) {
  const Tensor x = leaf({0., 0.});
  const autograd::tensor_list y = ExpTwice::apply(x);
  in_threads([&](int t, int) {
    if (t % 2 == 0)
      (y[0] + y[1]).sum().backward({}, /*retain_graph=*/true);
    else
      (y[1] * 2).sum().backward({}, true);
  });
  expect_equal(x.grad(), doubles({3.5 * kTotal, 3.5 * kTotal}));
}

}  // namespace
}  // namespace gradus::backward_threads_test
