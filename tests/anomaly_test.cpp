// DetectAnomalyGuard names the op that produced the first NaN.
#include "autograd/anomaly.h"

#include <cmath>
#include <thread>

#include "autograd/engine.h"
#include "autograd/function.h"
#include "tests/engine_support.h"
#include "tests/expect_error.h"

namespace gradus::anomaly_test {
namespace {

using autograd::DetectAnomalyGuard;

TEST(DetectAnomaly, NamesTheForwardOpAndItsScope) {
  const DetectAnomalyGuard detect_anomaly;
  const Tensor x = leaf({{1., 2.}, {3., -4.}});
  const Tensor y = x * 2;
  const Scope block("block0");
  const Scope attention("attn");
  expect_error([&] { y.log().sum(); },
               "detect_anomaly: the result of 'log' is NaN at [1, 1], in the scope 'block0.attn'");
}

TEST(DetectAnomaly, NoticesNaNInEveryKindOfForward) {
  const DetectAnomalyGuard detect_anomaly;
  const Tensor plain = doubles({1., -1.});
  const std::string log = "detect_anomaly: the result of 'log' is NaN at [1]";
  expect_error([&] { plain.log(); }, log);  // nothing is recorded
  {
    const NoGradGuard no_grad;
    expect_error([&] { leaf({1., -1.}).log(); }, log);
  }
  const Tensor zero = doubles({1., 0.});
  expect_error([&] { zero / zero; }, "detect_anomaly: the result of 'div' is NaN at [1]");
  expect_error(
      [&] {
        zero.clone().div_(doubles({1., 0.}));
      },
      "detect_anomaly: the result of 'div_' is NaN at [1]");
  expect_error([&] { zero.clone().mul_(INFINITY); },
               "detect_anomaly: the result of 'mul_' is NaN at [1]");
  expect_error([&] { zero.clone().fill_(NAN); },
               "detect_anomaly: the result of 'fill_' is NaN at [0]");
  expect_error(
      [&] {
        (leaf({1., 0.}) * 1).div_(zero);
      },
      "detect_anomaly: the result of 'div' is NaN at [1]");
  expect_error(
      [&] {
        softmax(full({2, 3}, -INFINITY, kFloat64), 1);
      },
      "detect_anomaly: the result of 'softmax' is NaN at [0, 0]");
}

TEST(DetectAnomaly, IgnoresWhatMemoryHeldBefore) {
  const Tensor x = full({2, 3, 4}, 1.0);
  const Tensor weight = full({5, 4}, 1.0);
  full({2, 3, 5}, NAN);  // its memory is used again
  const DetectAnomalyGuard detect_anomaly;
  EXPECT_EQ(linear(x, weight, {}).max().item<double>(), 4);
  EXPECT_EQ(matmul(x, weight.t()).max().item<double>(), 4);
}

TEST(DetectAnomaly, TellsNaNThatAnOpWasGiven) {
  const DetectAnomalyGuard detect_anomaly;
  const Tensor x = leaf({1., 2.});
  const Tensor data = doubles({3., NAN});
  expect_error([&] { x* data; }, "detect_anomaly: 'mul' was given NaN: input 1 at [1]");
}

TEST(DetectAnomaly, NamesTheBackwardAndTheScopeOfItsForward) {
  const DetectAnomalyGuard detect_anomaly;
  const Tensor x = leaf({4., 0.});
  Tensor y;
  {
    const Scope block("block0");
    y = x.pow(0.5) * doubles({1., 0.});  // 0 * inf in backward
  }
  expect_error([&] { y.sum().backward(); },
               "detect_anomaly: the backward of 'pow' gives NaN for input 0 at [1], in the scope "
               "'block0'");
}

/// Its backward gives NaN.
struct Broken : autograd::Function<Broken> {
  static Tensor forward(autograd::AutogradContext*, const Tensor& x, const Tensor& y) {
    return x + y;
  }
  static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list dy) {
    return {dy[0], dy[0] * NAN};
  }
};

TEST(DetectAnomaly, NamesTheInputWhoseGradientIsNaN) {
  const DetectAnomalyGuard detect_anomaly;
  const Tensor x = leaf({1., 2.});
  for (const bool create_graph : {false, true})
    expect_error(
        [&] { autograd::grad({Broken::apply(x, x * 1).sum()}, {x}, {}, {}, create_graph); },
        "detect_anomaly: the backward of 'Broken' gives NaN for input 1 at [0]");
  expect_error(
      [&] {
        (x * 2).backward(doubles({1., NAN}));
      },
      "detect_anomaly: the gradient given to backward is NaN at [1]");
}

TEST(DetectAnomaly, ChecksGradientsThatAreAddedInPlace) {
  const Tensor x = leaf({1., 2.});
  x.mutable_grad() = doubles({0., 0.});
  const Tensor y = x.narrow(0, 0, 1) * 1;
  Tensor bad = Broken::apply(x.narrow(0, 1, 1), x.narrow(0, 0, 1));
  const DetectAnomalyGuard detect_anomaly;
  expect_error([&] { bad.sum().backward(); },
               "detect_anomaly: the backward of 'Broken' gives NaN for input 1 at [0]");
}

TEST(DetectAnomaly, IsSilentWhereAMaskRemovesNaNInsideABackward) {
  const DetectAnomalyGuard detect_anomaly;
  const Tensor x = leaf({4., 0.});
  x.sqrt().sum().backward();
  x.abs().sum().backward();
  x.norm().backward();
  EXPECT_FALSE(std::isnan(x.grad().sum().item<double>()));
}

TEST(DetectAnomaly, EndsWithItsBlockAndAppliesToAllThreads) {
  const Tensor x = doubles({-1.});
  x.log();
  {
    const DetectAnomalyGuard detect_anomaly;
    bool thrown = false;
    std::thread([&] {
      try {
        x.log();
      } catch (const Error&) {
        thrown = true;
      }
    }).join();
    EXPECT_TRUE(thrown);
    {
      const DetectAnomalyGuard without_check(/*check_nan=*/false);
      x.log();
    }
    EXPECT_THROW(x.log(), Error);
  }
  x.log();
}

TEST(DetectAnomaly, AddsTheOpAndTheScopeToErrorsOfBackward) {
  const DetectAnomalyGuard detect_anomaly(/*check_nan=*/false);
  const Tensor x = leaf({1., 2.});
  Tensor h = x * 1;
  Tensor y;
  {
    const Scope block("block0");
    y = h * h;
  }
  h += 1;
  expect_error([&] { y.sum().backward(); },
               "backward: 'mul' saved a tensor of shape [2] that was changed in place since; use "
               "the op that makes a new tensor; thrown by the backward of 'mul', in the scope "
               "'block0'");
}

}  // namespace
}  // namespace gradus::anomaly_test
