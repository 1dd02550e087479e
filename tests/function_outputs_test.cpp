// User-defined ops with several outputs, or that change an input in place.
#include <gtest/gtest.h>

#include "autograd/function.h"
#include "autograd/graph.h"
#include "autograd/op_log.h"
#include "check/gradcheck.h"
#include "tests/engine_support.h"
#include "tests/expect_error.h"

namespace gradus::function_outputs_test {
namespace {

using autograd::AutogradContext;
using autograd::tensor_list;
using Tensors = std::vector<Tensor>;

struct Options {
  bool materialize = true;
  bool mark_second = false;
};

/// 2 x and x^2.
struct TwoOutputs : autograd::Function<TwoOutputs> {
  static inline tensor_list seen;
  static tensor_list forward(AutogradContext* ctx, const Tensor& x, const Options& options) {
    EXPECT_FALSE(is_grad_enabled());
    ctx->set_materialize_grads(options.materialize);
    ctx->save_for_backward({x});
    const tensor_list y = {x * 2, x * x};
    if (options.mark_second) ctx->mark_non_differentiable({y[1]});
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    seen = dy;
    const Tensor x = ctx->get_saved_variables()[0];
    Tensor dx = zeros_like(x);
    if (dy[0].defined()) dx = dx + dy[0] * 2;
    if (dy[1].defined()) dx = dx + dy[1] * x * 2;
    return {dx, Tensor()};
  }
};

TEST(FunctionOutputs, EachGetItsGradient) {
  const Tensor x = leaf({1., 2.});
  const tensor_list y = TwoOutputs::apply(x, Options{});
  ASSERT_EQ(y.size(), 2u);
  expect_equal(y[0].detach(), doubles({2., 4.}));
  expect_equal(y[1].detach(), doubles({1., 4.}));
  EXPECT_TRUE(y[0].requires_grad() && y[1].requires_grad() && !y[1].is_leaf());
  (y[0] * 10 + y[1] * y[0] + y[1]).sum().backward();
  expect_equal(TwoOutputs::seen[0], doubles({11., 14.}));
  expect_equal(TwoOutputs::seen[1], doubles({3., 5.}));
  expect_equal(x.grad(), doubles({28., 48.}));
}

TEST(FunctionOutputs, ThatAreUnusedHaveAGradientOfZeroOrNone) {
  const Tensor x = leaf({1., 2.});
  TwoOutputs::apply(x, Options{})[0].sum().backward();
  expect_equal(TwoOutputs::seen[1], doubles({0., 0.}));
  expect_equal(x.grad(), doubles({2., 2.}));
  TwoOutputs::apply(x, Options{.materialize = false})[1].sum().backward();
  EXPECT_FALSE(TwoOutputs::seen[0].defined());
  expect_equal(x.grad(), doubles({4., 6.}));
}

TEST(FunctionOutputs, ThatAreMarkedNeedNoGradients) {
  const Tensor x = leaf({1., 2.});
  for (const bool materialize : {true, false}) {
    const tensor_list y =
        TwoOutputs::apply(x, Options{.materialize = materialize, .mark_second = true});
    EXPECT_TRUE(y[0].requires_grad());
    EXPECT_FALSE(y[1].requires_grad());
    (y[0] * y[1]).sum().backward();
    EXPECT_EQ(TwoOutputs::seen[1].defined(), materialize);
  }
  expect_equal(x.grad(), doubles({4., 16.}));
}

TEST(FunctionOutputs, OfIntegersAndBoolsNeedNoGradients) {
  struct WithIds : autograd::Function<WithIds> {
    static tensor_list forward(AutogradContext*, const Tensor& x) {
      return {x > 1, x * 3, x.argmax(0)};
    }
    static tensor_list backward(AutogradContext*, tensor_list dy) {
      EXPECT_EQ(dy.size(), 3u);
      EXPECT_TRUE(dy[0].dtype() == kBool && dy[2].dtype() == kInt64);
      return {dy[1] * 3};
    }
  };
  const Tensor x = leaf({1., 2.});
  const tensor_list y = WithIds::apply(x);
  EXPECT_FALSE(y[0].requires_grad() || y[2].requires_grad());
  y[1].sum().backward();
  expect_equal(x.grad(), doubles({3., 3.}));
}

TEST(FunctionOutputs, HaveRightDerivatives) {
  const auto f = [](const Tensors& in) { return TwoOutputs::apply(in[0].sin(), Options{}); };
  EXPECT_TRUE(gradcheck(f, {doubles({1., -2.})}));
  EXPECT_TRUE(gradgradcheck(f, {doubles({1., -2.})}));
  const auto g = [](const Tensors& in) {
    const tensor_list y = TwoOutputs::apply(in[0], Options{.materialize = false});
    return y[0].exp() * y[1] + y[1];
  };
  EXPECT_TRUE(gradcheck(g, {doubles({1., -2.})}));
  EXPECT_TRUE(gradgradcheck(g, {doubles({1., -2.})}));
}

TEST(FunctionOutputs, WithAWrongGradientAreFoundByGradcheck) {
  struct Wrong : autograd::Function<Wrong> {
    static tensor_list forward(AutogradContext*, const Tensor& x) { return {x * 2, x * 3}; }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0] * 2 + dy[1]}; }
  };
  const auto f = [](const Tensors& in) { return Wrong::apply(in[0]); };
  EXPECT_THROW(gradcheck(f, {doubles({1., -2.})}), Error);
}

/// exp(x) and exp(2x), saved.
struct SavesOutputs : autograd::Function<SavesOutputs> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& x) {
    const Tensor e = x.exp();
    const Tensor f = e * e;
    ctx->save_for_backward({e, f, x});
    return {e, f};
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    const tensor_list saved = ctx->get_saved_variables();
    return {dy[0] * saved[0] + dy[1] * saved[1] * 2};
  }
};

TEST(FunctionOutputs, MayBeSaved) {
  const int64_t before = autograd::live_nodes();
  {
    const auto f = [](const Tensors& in) { return SavesOutputs::apply(in[0]); };
    EXPECT_TRUE(gradcheck(f, {doubles({0.5, -1.})}));
    EXPECT_TRUE(gradgradcheck(f, {doubles({0.5, -1.})}));
    const Tensor x = leaf({0.5, 1.});
    Tensor d = SavesOutputs::apply(x)[0].sum();  // the other output is gone, but saved
    for (int order = 1; order <= 3; ++order) {
      d = autograd::grad({d}, {x}, {}, true, true)[0];
      EXPECT_TRUE(allclose(d.detach(), x.detach().exp()));
      d = d.sum();
    }
    const tensor_list without_backward = SavesOutputs::apply(x);
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(FunctionOutputs, GetGradientsThroughTheirSavedCopies) {  // numbers from PyTorch
  const Tensor x = leaf({0.5, 1.});
  const tensor_list y = SavesOutputs::apply(x);
  const Tensor dx =
      autograd::grad({(y[0] + y[1] * y[0]).sum()}, {x}, {}, {}, /*create_graph=*/true)[0];
  EXPECT_TRUE(allclose(dx.detach(), doubles({15.0938, 62.9749}), 1e-4, 1e-4));
  const Tensors d = autograd::grad({dx.sum()}, {x, y[0], y[1]}, {}, true);
  EXPECT_TRUE(allclose(d[0], doubles({41.9839, 183.4881}), 1e-4, 1e-4));
  EXPECT_TRUE(allclose(d[1], doubles({9.1548, 23.1672}), 1e-4, 1e-4));
  EXPECT_TRUE(allclose(d[2], doubles({4.9462, 8.1548}), 1e-4, 1e-4));
}

TEST(FunctionOutputs, KeepTheGraphTogether) {
  const Tensor x = leaf({1., 2.});
  const tensor_list y = TwoOutputs::apply(x, Options{});
  y[0].sum().backward({}, true);
  y[1].sum().backward();
  expect_error([&] { y[0].sum().backward(); },
               "backward: the graph behind 'TwoOutputs' was already freed; pass retain_graph");
  expect_equal(x.grad(), doubles({4., 6.}));
}

TEST(FunctionOutputs, AreTensorsLikeOthers) {
  const Tensor x = leaf({1., 2.});
  const tensor_list y = TwoOutputs::apply(x, Options{});
  const Tensors by_outputs = autograd::grad({(y[0] * y[1]).sum()}, {y[0], y[1]}, {}, true);
  expect_equal(by_outputs[0], y[1].detach());
  expect_equal(by_outputs[1], y[0].detach());
  y[0].retain_grad();
  y[0].register_hook([](const Tensor& g) { return g * 5; });
  (y[0] * y[0]).sum().backward({}, true);
  expect_equal(y[0].grad(), doubles({20., 40.}));
  expect_equal(x.grad(), doubles({40., 80.}));
  x.mutable_grad() = Tensor();
  y[1] += y[0];
  y[1].sum().backward();
  expect_equal(x.grad(), doubles({12., 14.}));
  const auto nodes = autograd::graph(TwoOutputs::apply(x, Options{})[1]);
  ASSERT_EQ(nodes.size(), 3u);  // the output, the op and the leaf
  EXPECT_EQ(nodes[0].name, "TwoOutputs");
  EXPECT_EQ(nodes[1].name, "TwoOutputs");
  EXPECT_EQ(nodes[2].name, "leaf");
}

TEST(FunctionOutputs, AreNotRecordedWithoutNeed) {
  const int64_t before = autograd::live_nodes();
  const Tensor x = leaf({1., 2.});
  EXPECT_FALSE(TwoOutputs::apply(doubles({1.}), Options{})[0].requires_grad());
  const NoGradGuard no_grad;
  EXPECT_FALSE(TwoOutputs::apply(x, Options{})[1].requires_grad());
  EXPECT_EQ(autograd::live_nodes(), before + 1);
}

TEST(FunctionOutputs, AreFreedInAnyOrder) {
  const int64_t before = autograd::live_nodes();
  Tensor kept;
  {
    const Tensor x = leaf({1., 2.});
    const tensor_list y = TwoOutputs::apply(x, Options{});
    kept = y[1];
  }
  EXPECT_EQ(autograd::live_nodes(), before + 4);
  kept.sum().backward();
  kept = Tensor();
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(FunctionOutputs, OfALongChainAreFreedWithoutRecursion) {
  const int64_t before = autograd::live_nodes();
  const Tensor x = leaf({0.5});
  {
    Tensor h = x;
    for (int i = 0; i < 20'000; ++i)
      h = TwoOutputs::apply(h, Options{})[0] * 0.5;
    h.sum().backward();
  }
  expect_equal(x.grad(), doubles({1.}));
  EXPECT_EQ(autograd::live_nodes(), before + 1);
}

TEST(FunctionOutputs, MayBeInputsOrTheSameTensorTwice) {
  struct Same : autograd::Function<Same> {
    static tensor_list forward(AutogradContext*, const Tensor& x) {
      const Tensor y = x * 2;
      return {y, y, x};
    }
    static tensor_list backward(AutogradContext*, tensor_list dy) {
      return {dy[0] + dy[1] * 10 + dy[2] * 100};
    }
  };
  const Tensor x = leaf({1., 2.});
  const tensor_list y = Same::apply(x);
  EXPECT_TRUE(y[0].is_same(y[1]));  // as in PyTorch, it then counts as the last of them
  EXPECT_FALSE(y[2].is_same(x));
  (y[0] + y[1] * 2 + y[2] * 3).sum().backward();
  expect_equal(x.grad(), doubles({330., 330.}));
}

TEST(FunctionOutputs, MayBeNone) {
  struct None : autograd::Function<None> {
    static tensor_list forward(AutogradContext*, const Tensor&) { return {}; }
    static tensor_list backward(AutogradContext*, tensor_list) { return {}; }
  };
  EXPECT_TRUE(None::apply(leaf({1.})).empty());
}

TEST(FunctionOutputs, AreLogged) {
  const Tensor x = leaf({1., 2.});
  const autograd::OpLog log;
  const tensor_list y = TwoOutputs::apply(x, Options{});
  const auto& entries = log.entries();
  ASSERT_GE(entries.size(), 2u);
  EXPECT_EQ(entries.back().op, "TwoOutputs");
  EXPECT_TRUE(entries.back().result.is_same(y[1]));
  EXPECT_TRUE(entries[entries.size() - 2].result.is_same(y[0]));
}

TEST(FunctionOutputs, ReportWhatIsWrong) {
  struct Undefined : autograd::Function<Undefined> {
    static tensor_list forward(AutogradContext*, const Tensor& x) { return {x * 1, Tensor()}; }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0]}; }
  };
  struct TooFew : autograd::Function<TooFew> {
    static tensor_list forward(AutogradContext*, const Tensor& x, const Tensor& w) {
      return {x * 1, w * 1};
    }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0]}; }
  };
  struct WrongShape : autograd::Function<WrongShape> {
    static tensor_list forward(AutogradContext*, const Tensor& x) { return {x * 1, x.sum()}; }
    static tensor_list backward(AutogradContext*, tensor_list) { return {zeros(3, kFloat64)}; }
  };
  const Tensor x = leaf({1., 2.});
  expect_error([&] { Undefined::apply(x); },
               "Undefined: forward returned an undefined tensor as output 1");
  expect_error([&] { TooFew::apply(x, x)[1].sum().backward(); },
               "TooFew: backward returned 1 gradients, forward takes 2 arguments");
  expect_error([&] { WrongShape::apply(x)[1].backward(); },
               "backward of 'WrongShape': the gradient is [3], its input is [2]");
}

// mark_dirty

/// Triples x in place, and doubles y.
struct Triples : autograd::Function<Triples> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& x, const Tensor& y) {
    x.mul_(3);
    ctx->mark_dirty({x});
    return {x, y * 2};
  }
  static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0] * 3, dy[1] * 2}; }
};

/// x = exp(x) in place, with the output saved.
struct ExpInPlace : autograd::Function<ExpInPlace> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    x.copy_(x.exp());
    ctx->mark_dirty({x});
    ctx->save_for_backward({x});
    return x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0]};
  }
};

TEST(MarkDirty, MakesAnOpThatChangesItsInput) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = leaf({1., 1.});
  const Tensor h = x * 1;
  h.retain_grad();
  const tensor_list results = Triples::apply(h, y);
  EXPECT_TRUE(results[0].is_same(h));
  expect_equal(h.detach(), doubles({3., 6.}));
  (h * 2 + results[1]).sum().backward();
  expect_equal(x.grad(), doubles({6., 6.}));
  expect_equal(y.grad(), doubles({2., 2.}));
  expect_equal(h.grad(), doubles({2., 2.}));  // of the new value
  const Tensor plain = doubles({1., 2.});
  EXPECT_TRUE(Triples::apply(plain, y)[0].is_same(plain) && plain.requires_grad());
}

TEST(MarkDirty, WorksWithOneOutputThatIsSaved) {
  const int64_t before = autograd::live_nodes();
  {
    const auto f = [](const Tensors& in) { return ExpInPlace::apply(in[0] * 1); };
    EXPECT_TRUE(gradcheck(f, {doubles({1., -2.})}));
    EXPECT_TRUE(gradgradcheck(f, {doubles({1., -2.})}));
    const Tensor x = leaf({1., 2.});
    const Tensor h = x * 1;
    EXPECT_TRUE(ExpInPlace::apply(h).is_same(h));
    const NoGradGuard no_grad;
    EXPECT_TRUE(ExpInPlace::apply(x).is_same(x));  // nothing is recorded
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(MarkDirty, LetsBackwardNoticeTheChange) {
  const Tensor h = leaf({1., 2.}) * 1;
  const Tensor y = h * h;
  ExpInPlace::apply(h);
  expect_error([&] { y.sum().backward(); },
               "backward: 'mul' saved a tensor of shape [2] that was changed in place since; use "
               "the op that makes a new tensor");
}

TEST(MarkDirty, RefusesWhatCannotBeRecorded) {
  struct NotReturned : autograd::Function<NotReturned> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x) {
      ctx->mark_dirty({x});
      return x * 2;
    }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return dy; }
  };
  struct NoInput : autograd::Function<NoInput> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x) {
      const Tensor y = x * 2;
      ctx->mark_dirty({y});
      return y;
    }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return dy; }
  };
  const Tensor x = leaf({{1., 2.}, {3., 4.}});
  expect_error([&] { ExpInPlace::apply(x); },
               "ExpInPlace: a leaf that requires gradients cannot be changed in place while "
               "recording; use the op that makes a new tensor, or NoGradGuard");
  expect_error([&] { ExpInPlace::apply((x * 1)[0]); },
               "ExpInPlace: a view cannot be changed in place while recording; use the op that "
               "makes a new tensor");
  expect_error([&] { NotReturned::apply(x * 1); },
               "NotReturned: an input of shape [2, 2] is marked as dirty, but forward does not "
               "return it");
  expect_error([&] { NoInput::apply(x * 1); },
               "NoInput: mark_dirty was given a tensor that is no input of forward");
}

TEST(MarkNonDifferentiable, WorksForASingleOutputAndForAnInput) {
  struct Constant : autograd::Function<Constant> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, bool returns_input) {
      const Tensor y = returns_input ? x : x * 2;
      ctx->mark_non_differentiable({y});
      return y;
    }
    static tensor_list backward(AutogradContext*, tensor_list) { return {Tensor(), Tensor()}; }
  };
  const Tensor x = leaf({1., 2.});
  EXPECT_FALSE(Constant::apply(x, false).requires_grad());
  const Tensor same = Constant::apply(x, true);
  EXPECT_FALSE(same.requires_grad() || same.is_same(x));
  EXPECT_TRUE(x.requires_grad());
}

}  // namespace
}  // namespace gradus::function_outputs_test
