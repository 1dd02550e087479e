// register_hook and register_post_accumulate_grad_hook.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "autograd/function.h"
#include "autograd/graph.h"
#include "check/gradcheck.h"
#include "nn/linear.h"
#include "tests/engine_support.h"
#include "tests/expect_error.h"

namespace gradus::hooks_test {
namespace {

/// A hook that notes the gradient that it is given.
auto note(std::vector<Tensor>& seen) {
  return [&seen](const Tensor& gradient) { seen.push_back(gradient.detach().clone()); };
}

TEST(Hook, SeesTheWholeGradientOnceInABackward) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 2;
  std::vector<Tensor> of_x;
  std::vector<Tensor> of_h;
  x.register_hook(note(of_x));
  h.register_hook(note(of_h));
  (h * h + h + x).sum().backward({}, /*retain_graph=*/true);
  ASSERT_EQ(of_h.size(), 1u);
  expect_equal(of_h[0], doubles({5., 9.}));
  ASSERT_EQ(of_x.size(), 1u);
  expect_equal(of_x[0], doubles({11., 19.}));
  expect_equal(x.grad(), of_x[0]);
  (h * 3).sum().backward();
  ASSERT_EQ(of_x.size(), 2u);
  expect_equal(of_x[1], doubles({6., 6.}));  // of this backward, not the sum
  expect_equal(x.grad(), doubles({17., 25.}));
}

TEST(Hook, ReplacesTheGradient) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 2;
  h.register_hook([](const Tensor& g) { return g * 10; });
  x.register_hook([](Tensor g) { return g + 1; });
  h.sum().backward();
  expect_equal(x.grad(), doubles({21., 21.}));
}

TEST(Hook, AreCalledInTheOrderOfTheirRegistration) {
  const Tensor x = leaf({1., 2.});
  std::vector<Tensor> seen;
  x.register_hook(note(seen));
  x.register_hook([](const Tensor& g) { return g * 2; });
  x.register_hook(note(seen));
  x.register_hook([](const Tensor&) { return Tensor(); });  // keeps the gradient
  x.register_hook(note(seen));
  (x * 3).sum().backward();
  ASSERT_EQ(seen.size(), 3u);
  expect_equal(seen[0], doubles({3., 3.}));
  expect_equal(seen[1], doubles({6., 6.}));
  expect_equal(seen[2], doubles({6., 6.}));
  expect_equal(x.grad(), doubles({6., 6.}));
}

TEST(Hook, IsRemovedByItsIndex) {
  const Tensor x = leaf({1., 2.});
  int calls = 0;
  EXPECT_EQ(x.register_hook([&](const Tensor&) { calls += 1; }), 0u);
  EXPECT_EQ(x.register_hook([&](const Tensor&) { calls += 10; }), 1u);
  x.remove_hook(0);
  x.remove_hook(0);
  x.sum().backward();
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(x.register_hook([&](const Tensor&) { calls += 100; }), 2u);
  x.remove_hook(1);
  x.sum().backward();
  EXPECT_EQ(calls, 110);
}

TEST(Hook, MayRemoveItselfAndAddOthersWhileItRuns) {
  const Tensor x = leaf({1., 2.});
  int calls = 0;
  std::optional<unsigned> first;
  first = x.register_hook([&](const Tensor&) {
    ++calls;
    x.detach();
    x.remove_hook(*first);
    x.register_hook([&](const Tensor&) { calls += 10; });
  });
  x.sum().backward();
  EXPECT_EQ(calls, 1);
  x.sum().backward();
  EXPECT_EQ(calls, 11);
}

TEST(Hook, ComesBeforeARetainedGradient) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 2;
  h.retain_grad();
  h.register_hook([](const Tensor& g) { return g * 10; });
  h.sum().backward();
  expect_equal(h.grad(), doubles({10., 10.}));
  expect_equal(x.grad(), doubles({20., 20.}));
}

TEST(Hook, IsCalledByAutogradGrad) {
  const Tensor x = leaf({1., 2.});
  x.register_hook([](const Tensor& g) { return g * 10; });
  expect_equal(autograd::grad({(x * 2).sum()}, {x})[0], doubles({20., 20.}));
  const Tensor h = x * 3;
  h.register_hook([](const Tensor& g) { return g * 100; });
  const Tensor y = (h * 2).sum();
  expect_equal(autograd::grad({y}, {h}, {}, true)[0], doubles({200., 200.}));
  const auto both = autograd::grad({y}, {h, x});
  expect_equal(both[0], doubles({2., 2.}));  // PyTorch gives the gradient before the hook here, too
  expect_equal(both[1], doubles({6000., 6000.}));
}

TEST(Hook, OfATensorThatNeedsNoGradientInThisCallIsNotCalled) {
  const Tensor x = leaf({1., 2.});
  const Tensor w = leaf({1., 2.});
  int calls = 0;
  const auto count = [&](const Tensor&) { ++calls; };
  w.register_hook(count);
  const Tensor y = w * 2;
  y.register_hook(count);
  autograd::grad({(x * w).sum() + y.sum()}, {x});
  autograd::grad({y}, {x}, {ones_like(y)}, {}, false, /*allow_unused=*/true);
  (x * w + y).sum().backward({}, {}, false, {x});
  EXPECT_EQ(calls, 0);
}

TEST(Hook, IsDifferentiatedWithCreateGraph) {
  const auto f = [](const std::vector<Tensor>& in) {
    const Tensor h = in[0] * 1;
    h.register_hook([](const Tensor& g) { return g * g; });
    return h.pow(3);
  };
  const Tensor x = leaf({1., 2.});
  const Tensor dx = autograd::grad({f({x}).sum()}, {x}, {}, {}, /*create_graph=*/true)[0];
  expect_equal(dx.detach(), doubles({9., 144.}));                              // (3 x^2)^2
  expect_equal(autograd::grad({dx.sum()}, {x})[0], doubles({1296., 82944.}));  // and once more
  const Tensor y = leaf({1., 2.});
  y.register_hook([](const Tensor& g) {
    EXPECT_TRUE(is_grad_enabled());
    return g * g;
  });
  y.pow(3).sum().backward({}, {}, /*create_graph=*/true);
  EXPECT_TRUE(y.grad().requires_grad());
  y.mutable_grad() = Tensor();
}

TEST(Hook, KeepsTheValueThatItsTensorHadWhenItWasRegistered) {
  const Tensor x = leaf({1., 2.});
  const Tensor h = x * 2;
  std::string order;
  std::vector<Tensor> before;
  std::vector<Tensor> after;
  const unsigned first = h.register_hook(note(before));
  h *= 5;
  const unsigned second = h.register_hook(note(after));
  EXPECT_NE(first, second);
  const Tensor y = (h * 3).sum();
  y.backward({}, true);
  expect_equal(before.at(0), doubles({15., 15.}));
  expect_equal(after.at(0), doubles({3., 3.}));
  h.remove_hook(first);  // also after the write
  y.backward();
  EXPECT_EQ(before.size(), 1u);
  EXPECT_EQ(after.size(), 2u);
}

TEST(Hook, ThatChangesItsGradientInPlaceChangesNoOther) {
  const Tensor x = leaf({1., 2.});
  const Tensor a = x * 1;
  const Tensor b = x * 1;
  const Tensor given = doubles({1., 1.});
  a.register_hook([](const Tensor& g) { g.mul_(10); });
  b.register_hook([](const Tensor& g) { return g.mul_(100); });
  (a + b).backward(given);  // add gives both the same tensor
  expect_equal(x.grad(), doubles({110., 110.}));
  expect_equal(given, doubles({1., 1.}));
}

TEST(Hook, MayKeepTheGradient) {
  const Tensor x = leaf({1., 2.});
  std::vector<Tensor> kept;
  x.register_hook([&](const Tensor& g) { kept.push_back(g); });
  for (int i = 0; i < 2; ++i)
    (x * x).sum().backward();
  x.grad().zero_();
  expect_equal(kept.at(0), doubles({2., 4.}));
  expect_equal(kept.at(1), doubles({2., 4.}));
}

TEST(Hook, RefusesAGradientOfAnotherShapeOrType) {
  const Tensor x = leaf({1., 2.});
  const unsigned wrong_shape = x.register_hook([](const Tensor&) { return zeros(3, kFloat64); });
  expect_error([&] { (x * 2).sum().backward(); },
               "register_hook: hook 0 of a leaf returned [3] float64 for a "
               "gradient that is [2] float64");
  x.remove_hook(wrong_shape);
  const Tensor h = x.exp();
  h.register_hook([](const Tensor& g) { return g.sum(); });
  expect_error([&] { h.sum().backward(); },
               "register_hook: hook 0 of the result of 'exp' returned [] float64 for a gradient "
               "that is [2] float64");
  const Tensor k = x.exp();
  k.register_hook([](const Tensor& g) { return g.to(kFloat32); });
  expect_error([&] { k.sum().backward(); },
               "register_hook: hook 0 of the result of 'exp' returned [2] float32 for a "
               "gradient that is [2] float64");
}

TEST(Hook, IsRefusedWhereNoGradientArrives) {
  const Tensor plain = doubles({1., 2.});
  const auto nothing = [](const Tensor&) {};
  expect_error([&] { plain.register_hook(nothing); },
               "register_hook: the tensor does not require gradients");
  expect_error([&] { plain.register_post_accumulate_grad_hook(nothing); },
               "register_post_accumulate_grad_hook: the tensor does not require gradients");
  const Tensor x = leaf({1., 2.});
  expect_error([&] { (x * 2).register_post_accumulate_grad_hook(nothing); },
               "register_post_accumulate_grad_hook: only a leaf accumulates a grad, this is the "
               "result of 'mul'");
  expect_error([&] { plain.remove_hook(0); }, "remove_hook: the tensor has no hooks");
  x.register_hook(nothing);
  expect_error([&] { x.remove_hook(1); }, "remove_hook: the tensor never had a hook 1");
  expect_error([&] { x.register_hook(std::function<void(const Tensor&)>()); },
               "register_hook: the function is empty");
  expect_error([&] { x.register_hook(std::function<Tensor(const Tensor&)>()); },
               "register_hook: the function is empty");
  expect_error([&] { x.register_post_accumulate_grad_hook(nullptr); },
               "register_post_accumulate_grad_hook: the function is empty");
  expect_error([&] { Tensor().register_hook(nothing); },
               "register_hook: the tensor does not require gradients");
}

TEST(Hook, ThatThrowsLeavesTheEngineUsable) {
  const int64_t before = autograd::live_nodes();
  {
    const Tensor x = leaf({1., 2.});
    const Tensor h = x.exp();
    const unsigned thrower = h.register_hook([](const Tensor&) { throw std::logic_error("no"); });
    EXPECT_THROW(h.sum().backward({}, true), std::logic_error);
    EXPECT_FALSE(x.grad().defined());
    EXPECT_TRUE(is_grad_enabled());
    h.remove_hook(thrower);
    h.sum().backward();
    EXPECT_TRUE(allclose(x.grad(), h.detach()));
    x.register_post_accumulate_grad_hook([](const Tensor&) { throw std::logic_error("no"); });
    EXPECT_THROW((x * 1).sum().backward(), std::logic_error);
    x.remove_hook(0);
    (x * 1).sum().backward();  // the leaf is not locked
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(Hook, ThatCapturesItsTensorIsFreedWhenItIsRemoved) {
  const int64_t before = autograd::live_nodes();
  unsigned index = 0;
  Tensor x = leaf({1., 2.});
  index = x.register_hook([x](const Tensor& g) { return g * x.detach(); });
  (x * 1).sum().backward();
  x.remove_hook(index);
  x = Tensor();
  EXPECT_EQ(autograd::live_nodes(), before);
  x = leaf({1., 2.});
  x.register_hook([x = x.detach()](const Tensor& g) { return g * x; });  // no cycle
  x.register_post_accumulate_grad_hook([](const Tensor&) {});
  (x * 1).sum().backward();
  x = Tensor();
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(Hook, MayCallBackward) {
  const Tensor x = leaf({1., 2.});
  const Tensor w = leaf({3., 4.});
  x.register_hook([&](const Tensor& g) {
    const AutoGradMode recording(true);
    (w * w).sum().backward();
    return g * 2;
  });
  (x * w).sum().backward();
  expect_equal(x.grad(), doubles({6., 8.}));
  expect_equal(w.grad(), doubles({7., 10.}));
}

// register_post_accumulate_grad_hook

TEST(PostAccumulateGradHook, IsCalledOnceWithTheSum) {
  const Tensor x = leaf({1., 2.});
  std::vector<Tensor> grads;
  const unsigned index = x.register_post_accumulate_grad_hook([&](const Tensor& p) {
    EXPECT_TRUE(p.is_leaf() && p.requires_grad());
    EXPECT_EQ(p.data_ptr<double>(), x.data_ptr<double>());
    grads.push_back(p.grad().clone());
  });
  (x * x + x * 3 + x[0]).sum().backward();
  ASSERT_EQ(grads.size(), 1u);
  expect_equal(grads[0], doubles({7., 7.}));
  x.sum().backward();
  expect_equal(grads.at(1), doubles({8., 8.}));
  x.backward(doubles({1., 1.}));
  expect_equal(grads.at(2), doubles({9., 9.}));
  autograd::grad({(x * 2).sum()}, {x});
  EXPECT_EQ(grads.size(), 3u);
  x.remove_hook(index);
  x.sum().backward();
  EXPECT_EQ(grads.size(), 3u);
}

TEST(PostAccumulateGradHook, ComesAfterTheTensorHooks) {
  const Tensor x = leaf({1., 2.});
  std::vector<Tensor> seen;
  x.register_post_accumulate_grad_hook([&](const Tensor& p) { seen.push_back(p.grad().clone()); });
  x.register_hook([](const Tensor& g) { return g * 10; });
  (x * 2).sum().backward();
  expect_equal(seen.at(0), doubles({20., 20.}));
}

TEST(PostAccumulateGradHook, IsCalledAsSoonAsTheGradientIsComplete) {
  std::string order;
  std::vector<Tensor> weights;
  for (int i = 0; i < 3; ++i) {
    weights.push_back(leaf({1., 2.}));
    const auto name = [&order, i](const char* kind) { order += kind + std::to_string(i) + " "; };
    weights[static_cast<size_t>(i)].register_post_accumulate_grad_hook(
        [name](const Tensor&) { name("w"); });
  }
  Tensor h = leaf({3., 4.});
  for (size_t i = 0; i < 3; ++i) {
    h = h * weights[i];
    h.register_hook([&order, i](const Tensor&) { order += "h" + std::to_string(i) + " "; });
  }
  h.sum().backward({}, true);
  EXPECT_EQ(order, "h2 w2 h1 w1 h0 w0 ");
  order.clear();
  (h * weights[2] + weights[0]).sum().backward();  // w0 is also used last, w2 twice
  EXPECT_EQ(order, "h2 w2 h1 w1 h0 w0 ");
}

TEST(PostAccumulateGradHook, IsCalledEvenIfAUseGetsNoGradient) {
  struct Half : autograd::Function<Half> {
    static autograd::tensor_list forward(autograd::AutogradContext* ctx, const Tensor& x) {
      ctx->set_materialize_grads(false);
      return {x * 1, x * 2};
    }
    static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list) {
      return {Tensor()};
    }
  };
  const Tensor w = leaf({1., 2.});
  int calls = 0;
  w.register_post_accumulate_grad_hook([&](const Tensor&) { ++calls; });
  const autograd::tensor_list y = Half::apply(w * 2);
  (y[0] * w).sum().backward();  // w * 2 gets no gradient
  EXPECT_EQ(calls, 1);
  expect_equal(w.grad(), doubles({2., 4.}));
}

TEST(PostAccumulateGradHook, MayUpdateTheLeafAndDropItsGrad) {
  const Tensor x = leaf({1., 2.});
  x.register_post_accumulate_grad_hook([](const Tensor& p) {
    const NoGradGuard no_grad;
    p.sub_(p.grad() * 0.5);
    p.mutable_grad() = Tensor();
  });
  (x * 2).sum().backward();
  expect_equal(x.detach(), doubles({0., 1.}));
  EXPECT_FALSE(x.grad().defined());
}

TEST(PostAccumulateGradHook, SeesTheDataThatReplacedTheLeafs) {
  const nn::Linear layer(2, 1);
  std::vector<Tensor> seen;
  layer.weight.register_post_accumulate_grad_hook([&](const Tensor& p) { seen.push_back(p); });
  layer.to(kFloat64);
  layer(doubles({1., 2.})).sum().backward();
  EXPECT_EQ(seen.at(0).dtype(), kFloat64);
  EXPECT_EQ(seen[0].data_ptr<double>(), layer.weight.data_ptr<double>());
  seen.clear();
}

TEST(PostAccumulateGradHook, WorksWhenOnlyTheGraphKeepsTheLeaf) {
  std::vector<Tensor> seen;
  Tensor y;
  {
    const Tensor x = leaf({1., 2.});
    x.register_post_accumulate_grad_hook([&](const Tensor& p) { seen.push_back(p.grad()); });
    y = (x * 3).sum();
  }
  y.backward();
  expect_equal(seen.at(0), doubles({3., 3.}));
}

TEST(PostAccumulateGradHook, MayCallBackwardOnItsOwnLeaf) {
  const Tensor x = leaf({1., 2.});
  int calls = 0;
  x.register_post_accumulate_grad_hook([&](const Tensor& p) {
    const AutoGradMode recording(true);
    if (++calls < 100) (p * 2).sum().backward();  // in several threads, see deep_call.h
  });
  (x * 2).sum().backward();
  EXPECT_EQ(calls, 100);
  expect_equal(x.grad(), doubles({200., 200.}));
}

TEST(PostAccumulateGradHook, WithoutAnEndIsAnError) {
  const Tensor x = leaf(1.);
  x.register_post_accumulate_grad_hook([](const Tensor& p) {
    const AutoGradMode recording(true);
    (p * 2).backward();
  });
  EXPECT_THROW((x * 2).backward(), Error);
  x.remove_hook(0);
  (x * 2).backward();
}

}  // namespace
}  // namespace gradus::hooks_test
