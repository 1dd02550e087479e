// User-defined ops, in PyTorch's form.
#include "autograd/function.h"

#include <gtest/gtest.h>

#include "autograd/graph.h"
#include "check/gradcheck.h"
#include "tests/engine_support.h"
#include "tests/expect_error.h"

namespace gradus::function_test {
namespace {

using autograd::AutogradContext;
using autograd::tensor_list;
using Tensors = std::vector<Tensor>;

/// k x^2, with the input saved.
struct ScaledSquare : autograd::Function<ScaledSquare> {
  static Tensor forward(AutogradContext* ctx, Tensor x, double k, bool negative) {
    EXPECT_FALSE(is_grad_enabled());
    ctx->save_for_backward({x});
    ctx->saved_data["k"] = negative ? -k : k;
    return x * x * ctx->saved_data["k"].toDouble();
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0] * (2 * ctx->saved_data["k"].toDouble()), Tensor(),
            Tensor()};
  }
};

TEST(Function, TakesArgumentsThatAreNotTensors) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = ScaledSquare::apply(x, 3.0, true);
  EXPECT_TRUE(equal(y.detach(), doubles({-3., -12.})));
  EXPECT_FALSE(y.is_leaf());
  EXPECT_EQ(autograd::graph(y)[0].name, "ScaledSquare");
  y.sum().backward();
  EXPECT_TRUE(equal(x.grad(), doubles({-6., -12.})));
  const auto f = [](const Tensors& in) { return ScaledSquare::apply(in[0], 0.7, false); };
  EXPECT_TRUE(gradcheck(f, {doubles({1., -2.})}));
  EXPECT_TRUE(gradgradcheck(f, {doubles({1., -2.})}));
}

struct Factor {
  static constexpr double value = 2;
};
template <class Constant>
struct Multiplied : autograd::Function<Multiplied<Constant>> {
  static Tensor forward(AutogradContext*, Tensor x) { return x * Constant::value; }
  static tensor_list backward(AutogradContext*, tensor_list dy) {
    return {dy[0] * Constant::value};
  }
};

TEST(Function, OfATemplateHasItsWholeName) {
  const Tensor y = Multiplied<Factor>::apply(leaf({1., 2.}));
  const std::string name = autograd::graph(y)[0].name;
  EXPECT_TRUE(name.starts_with("Multiplied<") && name.ends_with("Factor>")) << name;
}

TEST(Function, IsNotRecordedWithoutNeed) {
  const int64_t before = autograd::live_nodes();
  EXPECT_FALSE(ScaledSquare::apply(doubles({1.}), 1.0, false).requires_grad());
  const Tensor x = leaf({1.});
  const NoGradGuard no_grad;
  EXPECT_FALSE(ScaledSquare::apply(x, 1.0, false).requires_grad());
  EXPECT_EQ(autograd::live_nodes(), before + 1);
}

TEST(Function, IsFreedByBackwardAndKeptByRetainGraph) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = ScaledSquare::apply(x, 1.0, false).sum();
  y.backward({}, true);
  y.backward();
  EXPECT_TRUE(equal(x.grad(), doubles({4., 8.})));
  expect_error([&] { y.backward(); },
               "backward: the graph behind 'ScaledSquare' was already freed; pass retain_graph");
}

/// exp, with the output saved.
struct Exp : autograd::Function<Exp> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    const Tensor y = x.exp();
    ctx->save_for_backward({y});
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0]};
  }
};

TEST(Function, MaySaveItsOutput) {
  const int64_t before = autograd::live_nodes();
  {
    const auto f = [](const Tensors& in) { return Exp::apply(in[0]); };
    EXPECT_TRUE(gradcheck(f, {doubles({1., -2.})}));
    EXPECT_TRUE(gradgradcheck(f, {doubles({1., -2.})}));
    const Tensor x = leaf({1., 2.});
    Tensor d = Exp::apply(x).sum();
    for (int order = 1; order <= 3; ++order) {
      d = autograd::grad({d}, {x}, {}, true, true)[0];
      EXPECT_TRUE(allclose(d.detach(), x.detach().exp()));
      d = d.sum();
    }
    const Tensor without_backward = Exp::apply(x);
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(Function, NoticesChangesOfSavedTensors) {
  const std::string end =
      "' saved a tensor of shape [2] that was changed in place since; use the op that makes a new "
      "tensor";
  const Tensor x = leaf({1., 2.});
  const Tensor y = Exp::apply(x);
  y.detach().fill_(0);
  expect_error([&] { y.sum().backward(); }, "backward: 'Exp" + end);
  const Tensor h = x * 1;
  const Tensor z = ScaledSquare::apply(h, 1.0, false);
  h += 1;
  expect_error([&] { z.sum().backward(); }, "backward: 'ScaledSquare" + end);
}

/// Reads needs_input_grad and puts a value of every kind into saved_data.
struct Everything : autograd::Function<Everything> {
  static inline std::vector<bool> needed;
  static Tensor forward(AutogradContext* ctx, const Tensor& a, const Tensor& b, int64_t n) {
    ctx->saved_data["n"] = n;
    ctx->saved_data["flag"] = true;
    ctx->saved_data["half"] = 0.5f;
    ctx->saved_data["tensor"] = b;
    ctx->saved_data["list"] = std::vector<int64_t>{1, 2};
    return a * b;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    needed = {ctx->needs_input_grad(0), ctx->needs_input_grad(1), ctx->needs_input_grad(2),
              ctx->needs_input_grad(9)};
    EXPECT_EQ(ctx->saved_data["n"].toInt(), 7);
    EXPECT_TRUE(ctx->saved_data["flag"].toBool());
    EXPECT_EQ(ctx->saved_data["half"].toDouble(), 0.5);
    EXPECT_EQ(ctx->saved_data["list"].toIntVector(), (std::vector<int64_t>{1, 2}));
    expect_error([&] { ctx->saved_data["n"].toDouble(); },
                 "saved_data: the value is not a floating-point number");
    expect_error([&] { ctx->saved_data["never set"].toTensor(); },
                 "saved_data: the value is not a tensor");
    return {dy[0] * ctx->saved_data["tensor"].toTensor(), Tensor(), Tensor()};
  }
};

TEST(Function, KnowsWhichInputsNeedGradients) {
  const Tensor a = leaf({1., 2.});
  const Tensor b = doubles({3., 4.});
  Everything::apply(a, b, int64_t{7}).sum().backward();
  EXPECT_EQ(Everything::needed, (std::vector<bool>{true, false, false, false}));
  EXPECT_TRUE(equal(a.grad(), b));
}

/// The sum of products with weights, some of which may be missing.
struct WeightedSum : autograd::Function<WeightedSum> {
  static Tensor forward(AutogradContext* ctx, const std::vector<Tensor>& xs, double factor,
                        const std::optional<Tensor>& bias) {
    ctx->saved_data["factor"] = factor;
    ctx->saved_data["n"] = static_cast<int64_t>(xs.size());
    Tensor y = bias ? bias->clone() : zeros_like(xs[0]);
    for (const Tensor& x : xs)
      y = y + x * factor;
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    const double factor = ctx->saved_data["factor"].toDouble();
    tensor_list dx(static_cast<size_t>(ctx->saved_data["n"].toInt()), dy[0] * factor);
    dx.push_back({});
    dx.push_back(ctx->needs_input_grad(dx.size()) ? dy[0] : Tensor());
    return dx;
  }
};

TEST(Function, PassesGradientsToTensorsInListsAndOptionals) {
  const Tensor a = leaf({1., 2.});
  const Tensor b = leaf({3., 4.});
  const Tensor bias = leaf({5., 6.});
  const std::vector<Tensor> both{a, b};
  const std::optional<Tensor> none;
  WeightedSum::apply(both, 3.0, std::optional<Tensor>(bias)).sum().backward();
  EXPECT_TRUE(equal(a.grad(), doubles({3., 3.})));
  EXPECT_TRUE(equal(b.grad(), doubles({3., 3.})));
  EXPECT_TRUE(equal(bias.grad(), doubles({1., 1.})));
  WeightedSum::apply(both, 3.0, none).sum().backward();
  EXPECT_TRUE(equal(a.grad(), doubles({6., 6.})));
  const auto f = [](const Tensors& in) {
    return WeightedSum::apply(Tensors{in[0], in[1]}, 0.5, std::optional<Tensor>(in[2]));
  };
  EXPECT_TRUE(gradcheck(f, {doubles({1., 2.}), doubles({3., 4.}), doubles({5., 6.})}));
}

TEST(Function, RefusesAGradientForAnArgumentThatIsNoTensor) {
  struct TooMuch : autograd::Function<TooMuch> {
    static Tensor forward(AutogradContext*, const Tensor& x, double k) { return x * k; }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0], dy[0]}; }
  };
  const Tensor y = TooMuch::apply(leaf({1.}), 2.0).sum();
  expect_error([&] { y.backward(); },
               "TooMuch: backward returned a gradient for argument 1, which is no tensor; return "
               "Tensor()");
}

TEST(Function, OutputsWithoutGradientsAreNotRecorded) {
  struct Positive : autograd::Function<Positive> {
    static Tensor forward(AutogradContext*, const Tensor& x, bool as_integers) {
      return as_integers ? (x > 0).to(kInt64) : x > 0;
    }
    static tensor_list backward(AutogradContext*, tensor_list) { return {Tensor(), Tensor()}; }
  };
  EXPECT_FALSE(Positive::apply(leaf({1., -2.}), false).requires_grad());
  EXPECT_FALSE(Positive::apply(leaf({1., -2.}), true).requires_grad());
}

/// a * b, whose backward notes what it is asked for, and may call another backward first.
struct Product : autograd::Function<Product> {
  static inline std::vector<bool> asked;
  static Tensor forward(AutogradContext* ctx, const Tensor& a, const Tensor& b) {
    ctx->save_for_backward({a, b});
    return a * b;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    {
      const AutoGradMode recording(true);
      const Tensor inner = leaf({1.});
      WeightedSum::apply(Tensors{inner}, 1.0, std::optional<Tensor>()).sum().backward();
    }
    asked = {ctx->needs_input_grad(0), ctx->needs_input_grad(1), ctx->needs_input_grad(2)};
    const tensor_list saved = ctx->get_saved_variables();
    return {dy[0] * saved[1], dy[0] * saved[0]};
  }
};

TEST(Function, KnowsWhichGradientsABackwardIsAskedFor) {
  const Tensor a = leaf({1., 2.});
  const Tensor b = leaf({3., 4.});
  const Tensor y = Product::apply(a, b).sum();
  autograd::grad({y}, {a}, {}, true);
  EXPECT_EQ(Product::asked, (std::vector<bool>{true, false, false}));
  EXPECT_TRUE(equal(autograd::grad({y}, {b}, {}, true)[0], a.detach()));
  EXPECT_EQ(Product::asked, (std::vector<bool>{false, true, false}));
  y.backward();
  EXPECT_EQ(Product::asked, (std::vector<bool>{true, true, false}));
}

TEST(Function, MayReturnItsInputOrAViewOfIt) {
  struct Identity : autograd::Function<Identity> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x; }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0] * 2}; }
  };
  struct First : autograd::Function<First> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x[0]; }
    static tensor_list backward(AutogradContext*, tensor_list dy) {
      return {stack({dy[0], dy[0] * 0})};
    }
  };
  const Tensor x = leaf({1., 2.});
  const Tensor y = Identity::apply(x);
  EXPECT_FALSE(y.is_same(x));
  EXPECT_TRUE(x.is_leaf());
  (y * First::apply(x)).sum().backward();
  EXPECT_TRUE(equal(x.grad(), doubles({5., 2.})));
}

/// Calls backward inside its backward: gradient checkpointing.
struct Checkpoint : autograd::Function<Checkpoint> {
  static Tensor inner(const Tensor& x) { return x.sin().exp(); }
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return inner(x);
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    const AutoGradMode recording(true);
    const Tensor x = ctx->get_saved_variables()[0].detach().requires_grad_();
    inner(x).backward(dy[0].detach());
    return {x.grad()};
  }
};

TEST(Function, MayRunBackwardInside) {
  const Tensor x = leaf({0.5, 2.});
  const Tensor w = leaf({3., 4.});
  (Checkpoint::apply(x * w) * w).sum().backward();
  const Tensor x2 = leaf({0.5, 2.});
  const Tensor w2 = leaf({3., 4.});
  (Checkpoint::inner(x2 * w2) * w2).sum().backward();
  EXPECT_TRUE(allclose(x.grad(), x2.grad()));
  EXPECT_TRUE(allclose(w.grad(), w2.grad()));
}

TEST(Function, ThatThrowsLeavesTheEngineUsable) {
  struct Fails : autograd::Function<Fails> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x * 1; }
    static tensor_list backward(AutogradContext*, tensor_list) {
      throw std::logic_error("not today");
    }
  };
  const int64_t before = autograd::live_nodes();
  {
    const Tensor x = leaf({1., 2.});
    const Tensor h = x.exp();
    EXPECT_THROW((Fails::apply(h) * 2).sum().backward(), std::logic_error);
    EXPECT_FALSE(x.grad().defined());
    EXPECT_TRUE(is_grad_enabled());
    (h * h).sum().backward();
    EXPECT_TRUE(allclose(x.grad(), (x * 2).exp().detach() * 2));
    const Tensor changed = x * 1;
    const Tensor y = changed * changed;
    changed.detach().zero_();
    expect_error([&] { y.sum().backward(); },
                 "backward: 'mul' saved a tensor of shape [2] that was changed in place since; use "
                 "the op that makes a "
                 "new tensor");
  }
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(Function, ReportsWrongResultsOfBackward) {
  struct TooFew : autograd::Function<TooFew> {
    static Tensor forward(AutogradContext*, const Tensor& x, double k) { return x * k; }
    static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0]}; }
  };
  struct WrongShape : autograd::Function<WrongShape> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x * 1; }
    static tensor_list backward(AutogradContext*, tensor_list) { return {zeros({3}, kFloat64)}; }
  };
  struct Smaller : autograd::Function<Smaller> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x * 1; }
    static tensor_list backward(AutogradContext*, tensor_list) { return {zeros({1}, kFloat64)}; }
  };
  struct WrongType : autograd::Function<WrongType> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x * 1; }
    static tensor_list backward(AutogradContext*, tensor_list) { return {zeros({2})}; }
  };
  struct Nothing : autograd::Function<Nothing> {
    static Tensor forward(AutogradContext*, const Tensor&) { return {}; }
    static tensor_list backward(AutogradContext*, tensor_list) { return {}; }
  };
  const Tensor x = leaf({1., 2.});
  expect_error([&] { TooFew::apply(x, 2.0).sum().backward(); },
               "TooFew: backward returned 1 gradients, forward takes 2 arguments");
  expect_error([&] { WrongShape::apply(x).sum().backward(); },
               "backward of 'WrongShape': the gradient is [3], its input is [2]");
  expect_error([&] { Smaller::apply(x).sum().backward(); },
               "backward of 'Smaller': the gradient is [1], its input is [2]");
  expect_error([&] { WrongType::apply(x).sum().backward(); },
               "backward of 'WrongType': the gradient is float32, its input is float64");
  expect_error([&] { Nothing::apply(x); }, "Nothing: forward returned an undefined tensor");
}

}  // namespace
}  // namespace gradus::function_test
