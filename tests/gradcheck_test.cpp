// gradcheck and gradgradcheck: they accept right gradients and refuse wrong ones.
#include "check/gradcheck.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "autograd/function.h"
#include "tensor/random.h"
#include "tests/expect_error.h"

namespace gradus::gradcheck_test {
namespace {

Tensor doubles(const NestedNumbers& numbers) { return tensor(numbers, kFloat64); }
using Tensors = std::vector<Tensor>;

enum class Fault {
  none,
  scaled,
  zero,
  transposed,
  flipped,
  not_summed,
  one_element,
  last_row,
  missing,
  by_column
};

/// a b + c with a (3, 3), b (3, 3), c (3). The gradient of one argument has the fault.
struct Faulty : autograd::Function<Faulty> {
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& a, const Tensor& b,
                        const Tensor& c, int64_t which, Fault fault) {
    ctx->save_for_backward({a, b});
    ctx->saved_data["which"] = which;
    ctx->saved_data["fault"] = static_cast<int64_t>(fault);
    return matmul(a, b) + c;
  }
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
    const auto saved = ctx->get_saved_variables();
    autograd::tensor_list d = {
        matmul(dy[0], saved[1].t()), matmul(saved[0].t(), dy[0]), dy[0].sum(0), {}, {}};
    Tensor& wrong = d[static_cast<size_t>(ctx->saved_data["which"].toInt())];
    const Tensor last = arange(3, kInt64) == 2;
    switch (static_cast<Fault>(ctx->saved_data["fault"].toInt())) {
      case Fault::none:
        break;
      case Fault::scaled:
        wrong = wrong * 1.01;
        break;
      case Fault::zero:
        wrong = zeros_like(wrong);
        break;
      case Fault::transposed:
        wrong = wrong.t().contiguous();
        break;
      case Fault::flipped:
        wrong = -wrong;
        break;
      case Fault::not_summed:
        wrong = dy[0][0];
        break;
      case Fault::one_element:
        wrong = wrong + where(wrong == wrong.flatten()[1], 0.01, zeros({}, kFloat64));
        break;
      case Fault::last_row:
        wrong = where(wrong.dim() == 2 ? last.unsqueeze(1) : last, wrong, zeros({}, kFloat64));
        break;
      case Fault::by_column:
        wrong = wrong * doubles({1., 1., 1.01});
        break;
      case Fault::missing:
        wrong = Tensor();
        break;
    }
    return d;
  }
};

std::string refusal(int64_t which, Fault fault) {
  manual_seed(6);
  const Tensors inputs = {randn({3, 3}, kFloat64), randn({3, 3}, kFloat64), randn(3, kFloat64)};
  try {
    gradcheck([=](const Tensors& x) { return Faulty::apply(x[0], x[1], x[2], which, fault); },
              inputs);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Sabotage, EveryWrongGradientIsRefusedWithArgumentIndexAndBothValues) {
  for (int64_t which = 0; which < 3; ++which) {
    EXPECT_EQ(refusal(which, Fault::none), "");
    for (const Fault fault :
         {Fault::scaled, Fault::zero, Fault::transposed, Fault::flipped, Fault::not_summed,
          Fault::one_element, Fault::last_row, Fault::by_column, Fault::missing}) {
      if (which == 2 && fault == Fault::transposed) continue;  // a vector has no transpose
      if (which != 2 && fault == Fault::not_summed) continue;  // only c is broadcast
      const std::string message = refusal(which, fault);
      int argument = -1;
      int differing = 0;
      int end = 0;
      double got = 0;
      double wanted = 0;
      std::string index(16, ' ');
      const int parts = std::sscanf(
          message.c_str(),
          "gradcheck: argument %d at [%15[0-9, ]]: backward gives %lf, central differences "
          "%lf (%d of %*d elements differ%n",
          &argument, index.data(), &got, &wanted, &differing, &end);
      ASSERT_TRUE(parts == 5 && end > 0) << "argument " << which << ": '" << message << "'";
      index = index.c_str();
      const std::string rest = message.substr(static_cast<size_t>(end));
      EXPECT_EQ(argument, which);
      EXPECT_GT(std::abs(got - wanted), 1e-5);
      EXPECT_TRUE(fault != Fault::scaled || std::abs(got / wanted - 1.01) < 1e-4);
      EXPECT_EQ(rest, fault == Fault::scaled    ? "; the ratio is 1.01 everywhere)"
                      : fault == Fault::flipped ? "; the ratio is -1 everywhere)"
                                                : ")");
      EXPECT_TRUE((fault != Fault::zero && fault != Fault::missing) || got == 0);
      EXPECT_TRUE(fault != Fault::one_element ||
                  (index == (which == 2 ? "1" : "0, 1") && differing == 1));
      EXPECT_TRUE(fault != Fault::last_row || differing == (which == 2 ? 2 : 6));
    }
  }
}

TEST(Sabotage, AWrongSecondDerivativeIsRefused) {
  struct Cube : autograd::Function<Cube> {
    static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
      ctx->save_for_backward({x});
      return x * x * x;
    }
    static autograd::tensor_list backward(autograd::AutogradContext* ctx,
                                          autograd::tensor_list dy) {
      return {dy[0] * 3 *
              ctx->get_saved_variables()[0].detach().pow(2)};  // right, but cut from the graph
    }
  };
  const auto cube = [](const Tensors& x) { return Cube::apply(x[0]); };
  EXPECT_TRUE(gradcheck(cube, {doubles({1., 2.})}));
  EXPECT_THROW(gradgradcheck(cube, {doubles({1., 2.})}), Error);
}

TEST(Sabotage, AGradientThatChangesUnderCreateGraphIsRefused) {
  struct Fickle : autograd::Function<Fickle> {
    static Tensor forward(autograd::AutogradContext*, const Tensor& x) { return x * 2; }
    static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list dy) {
      return {dy[0] * (is_grad_enabled() ? 2 : 3)};
    }
  };
  expect_error(
      [] {
        gradgradcheck([](const Tensors& x) { return Fickle::apply(x[0]); }, {doubles({1., 2.})});
      },
      "gradgradcheck: the gradient of argument 0 changes under create_graph");
}

TEST(Gradcheck, ChecksTheInputsThatRequireGradientsOrElseAll) {
  const auto detached = [](const Tensors& x) { return x[0] * x[1].detach(); };
  EXPECT_TRUE(gradcheck(detached, {doubles({1., 2.}).requires_grad_(), doubles({3., 4.})}));
  expect_error(
      [&] {
        gradcheck(detached, {doubles({1., 2.}), doubles({3., 4.})});
      },
      "gradcheck: argument 1 at [0]: backward gives 0, central differences -0.653581 (2 of 2 "
      "elements differ)");
  EXPECT_TRUE(gradcheck([](const Tensors& x) { return x[0].index_select(0, x[1]); },
                        {doubles({1., 2.}), tensor({1, 1})}));
}

TEST(Gradcheck, DoesNotChangeItsInputs) {
  const Tensor x = doubles({1., 2.}).requires_grad_();
  const Tensor before = x.detach().clone();
  EXPECT_TRUE(gradcheck([](const Tensors& in) { return in[0].exp(); }, {x}));
  EXPECT_TRUE(gradgradcheck([](const Tensors& in) { return in[0].exp(); }, {x}));
  EXPECT_TRUE(equal(x.detach(), before));
  EXPECT_FALSE(x.grad().defined());
}

TEST(Gradcheck, RestoresItsInputsIfTheFunctionThrows) {
  const Tensor x = doubles({{1., 2.}, {3., 4.}}).t().requires_grad_();
  const Tensor y = doubles({5., 6.}).requires_grad_();
  const Tensor x_before = x.detach().clone();
  const Tensor y_before = y.detach().clone();
  for (int last = 1; last <= 8; ++last) {
    int calls = 0;
    const auto f = [&] {
      if (++calls == last) throw std::runtime_error("a fault of f");
      return x.sum() + abs(y.detach() * x).sum();  // a wrong gradient: every element is compared
    };
    try {
      gradcheck(f, {{"x", x}, {"x again", x}, {"y", y}});
      ADD_FAILURE() << "gradcheck accepts a wrong gradient";
    } catch (const std::runtime_error&) {
    }
    EXPECT_TRUE(equal(x.detach(), x_before) && equal(y.detach(), y_before)) << last;
  }
}

TEST(Gradcheck, DoesNotDrawFromTheProgramsGenerator) {
  manual_seed(3);
  const double wanted = rand({}, kFloat64).item<double>();
  manual_seed(3);
  gradgradcheck([](const Tensors& x) { return x[0].exp(); }, {doubles({1., 2.})});
  EXPECT_EQ(rand({}, kFloat64).item<double>(), wanted);
}

TEST(Gradcheck, RecordsEvenUnderNoGradGuard) {
  const NoGradGuard no_grad;
  EXPECT_TRUE(gradcheck([](const Tensors& x) { return x[0].exp(); }, {doubles({1., 2.})}));
  EXPECT_TRUE(gradgradcheck([](const Tensors& x) { return x[0].exp(); }, {doubles({1., 2.})}));
  EXPECT_FALSE(is_grad_enabled());
}

TEST(Gradcheck, RefusesFunctionsThatCannotBeChecked) {
  const auto f = [](const Tensors& x) { return x[0].exp(); };
  expect_error(
      [&] {
        gradcheck(f, {tensor({1., 2.})});
      },
      "gradcheck: argument 0 is float32, differences need float64; convert it with .to(kFloat64)");
  expect_error([&] { gradcheck(f, {}); }, "gradcheck: no input is a floating-point tensor");
  expect_error([&] { gradgradcheck(f, {tensor({1})}); },
               "gradgradcheck: no input is a floating-point tensor");
  expect_error(
      [&] {
        gradcheck([](const Tensors& x) { return dropout(x[0], 0.5, true); }, {ones(20, kFloat64)});
      },
      "gradcheck: f is not deterministic, two calls differ (dropout?)");
  expect_error([&] { gradcheck([](const Tensors& x) { return x[0].detach(); }, {doubles({1.})}); },
               "gradcheck: the result of f does not depend on the inputs");
  expect_error(
      [&] { gradcheck([](const Tensors& x) { return x[0].to(kFloat32); }, {doubles({1.})}); },
      "gradcheck: f gives float32, differences need float64");
  expect_error([&] { gradcheck([](const Tensors&) { return Tensor(); }, {doubles({1.})}); },
               kUndefined);
}

TEST(Gradcheck, NaNIsNotCloseAndHasNoRatio) {
  const auto root = [](const Tensors& x) { return sqrt(x[0]); };
  try {
    gradcheck(root, {doubles({-1.})});
    ADD_FAILURE() << "gradcheck accepts NaN";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("nan"), std::string::npos) << message;
    EXPECT_EQ(message.find("ratio"), std::string::npos) << message;
  }
}

TEST(Gradcheck, TakesTolerances) {
  const auto slightly_wrong = [](const Tensors& x) {
    return Faulty::apply(x[0], x[1], x[2], 0, Fault::scaled);
  };
  const Tensors inputs = {ones({3, 3}, kFloat64), ones({3, 3}, kFloat64), ones(3, kFloat64)};
  EXPECT_THROW(gradcheck(slightly_wrong, inputs), Error);
  EXPECT_TRUE(gradcheck(slightly_wrong, inputs, {.rtol = 0.02}));
}

/// Has the functions of a module that gradcheck needs.
struct Affine {
  Tensor weight = doubles({{1., 2.}, {3., 4.}}).requires_grad_();
  Tensor bias = doubles({1., -1.}).requires_grad_();
  bool detached = false;
  std::vector<std::pair<std::string, Tensor>> named_parameters() const {
    return {{"weight", weight}, {"bias", bias}};
  }
  Tensor operator()(const Tensor& x) const {
    return matmul(x, weight) + (detached ? bias.detach() : bias);
  }
};

TEST(Gradcheck, OfAModuleChecksItsInputAndParameters) {
  Affine layer;
  const Tensor x = doubles({{1., 2.}, {3., 5.}});
  EXPECT_TRUE(gradcheck(layer, x));
  EXPECT_TRUE(equal(layer.bias.detach(), doubles({1., -1.})));
  layer.detached = true;
  try {
    gradcheck(layer, x);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what())
                  .rfind("gradcheck: parameter 'bias' at [0]: backward gives 0, central", 0),
              0u)
        << error.what();
  }
}

}  // namespace
}  // namespace gradus::gradcheck_test
