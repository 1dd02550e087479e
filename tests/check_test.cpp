// compare() and compare_gradients(): planted mistakes are named, and nothing is found in right
// gradients.
#include <gtest/gtest.h>

#include <cmath>

#include "check/gradients.h"
#include "tensor/random.h"
#include "tests/expect_error.h"

namespace check_test {
using namespace gradus;

namespace {

using Rule1 = std::function<Tensor(const Tensor& dy)>;

Tensor numbers(const Shape& sizes, uint64_t seed) {
  manual_seed(seed);
  return randn(sizes, kFloat64);
}

/// y, with these rules instead of its own gradients.
Tensor with(const Tensor& y, const std::vector<std::pair<Tensor, Rule1>>& rules) {
  std::vector<Tensor> inputs;
  for (const auto& [x, rule] : rules)
    inputs.push_back(x);
  return record("planted", y.detach(), inputs, [rules](const Tensor& dy, const std::vector<bool>&) {
    std::vector<Tensor> gradients;
    for (const auto& [x, rule] : rules)
      gradients.push_back(rule(dy.detach()));
    return gradients;
  });
}

/// A function with a wrong gradient. The report on it must contain `words`.
struct Fault {
  std::string name;
  std::string words;
  std::function<Tensor()> f;
  std::vector<NamedInput> by;
};

std::vector<Fault> planted_faults() {
  const Tensor x = numbers({3, 5, 7}, 1).requires_grad_();
  const Tensor w = numbers({7}, 2).requires_grad_();
  const Tensor a = numbers({3, 5}, 3).requires_grad_();
  const Tensor b = numbers({5, 7}, 4).requires_grad_();
  const Tensor p = numbers({5, 5}, 5).requires_grad_();
  const Tensor q = numbers({5, 5}, 6).requires_grad_();
  const Tensor scores = numbers({5, 5}, 7).requires_grad_();
  const Tensor hidden = triu(ones({5, 5}), 1).to(kBool);
  const double d = std::sqrt(7.0);
  const auto soften = [=](const Tensor& s) { return softmax(s, -1); };
  const auto masked = [=](const Tensor& s) { return softmax(s.masked_fill(hidden, -1e9), -1); };
  const auto softmax_rule = [](const Tensor& y, const Tensor& dy) {
    return y * (dy - (dy * y).sum(-1, true));
  };
  const std::vector<NamedInput> by_x{{"x", x}};
  const std::vector<NamedInput> by_xw{{"x", x}, {"w", w}};
  const std::vector<NamedInput> by_ab{{"a", a}, {"b", b}};
  const std::vector<NamedInput> by_pq{{"p", p}, {"q", q}};
  const std::vector<NamedInput> by_scores{{"scores", scores}};
  const auto square = [=](double factor) {
    return [=] {
      return with(x * x, {{x, [=](const Tensor& dy) { return dy * x.detach() * factor; }}});
    };
  };
  const auto mean_of_rows = [=](double factor) {
    return [=] {
      return with(x.mean(-1), {{x, [=](const Tensor& dy) {
                                  return dy.unsqueeze(-1).expand({3, 5, 7}) * factor;
                                }}});
    };
  };
  return {
      {"the square twice", "a factor 2 too many", square(4), by_x},
      {"the 2 of the square forgotten", "a factor 1/2 too many", square(1), by_x},
      {"the sign", "the sign is wrong", square(-2), by_x},
      {"the sign and twice", "the sign is wrong, and a factor 2", square(-4), by_x},
      {"a sum where the mean is meant", "a factor n = 7 too many", mean_of_rows(1), by_x},
      {"divided by n twice", "a factor 1/n = 1/7 too many", mean_of_rows(1.0 / 49), by_x},
      {"the scale of attention missing", "a factor sqrt(7) too many",
       [=] {
         return with(x / d, {{x, [](const Tensor& dy) { return dy; }}});
       },
       by_x},
      {"the scale of attention twice", "a factor 1/sqrt(7) too many",
       [=] {
         return with(x / d, {{x, [=](const Tensor& dy) { return dy / d / d; }}});
       },
       by_x},
      {"nothing arrives", "zero everywhere", [=] { return x.detach() * w; }, by_xw},
      {"transposed", "transposed",
       [=] {
         return with(matmul(p, q),
                     {{p, [=](const Tensor& dy) { return matmul(dy, q.t()).detach().t(); }},
                      {q, [=](const Tensor& dy) { return matmul(p.t(), dy).detach(); }}});
       },
       by_pq},
      {"view for transpose",
       "view or reshape",
       [=] {
         return with(a.t() * 2, {{a, [](const Tensor& dy) {
                                    return (dy * 2).contiguous().view({3, 5});
                                  }}});
       },
       {{"a", a}}},
      {"arguments exchanged", "arguments exchanged",
       [=] {
         return with(matmul(p, q),
                     {{p, [=](const Tensor& dy) { return matmul(p.t(), dy).detach(); }},
                      {q, [=](const Tensor& dy) { return matmul(dy, q.t()).detach(); }}});
       },
       by_pq},
      {"only the last step reaches x", "only the last step of dimension 1",
       [=] {
         return with(x.cumsum(1), {{x, [](const Tensor& dy) {
                                      const Tensor dx = zeros_like(dy);
                                      dx.select(1, 4).copy_(dy.select(1, 4));
                                      return dx;
                                    }}});
       },
       by_x},
      {"only the first step reaches w", "only the first step of the result's dimension 1",
       [=] {
         return with(
             x * w,
             {{x, [=](const Tensor& dy) { return (dy * w).detach(); }},
              {w, [=](const Tensor& dy) { return (dy * x).detach().select(1, 0).sum({0}); }}});
       },
       by_xw},
      {"the last step forgotten for b", "all but the last step of the result's dimension 0",
       [=] {
         return with(matmul(a, b),
                     {{a, [=](const Tensor& dy) { return matmul(dy, b.t()).detach(); }},
                      {b, [=](const Tensor& dy) {
                         return matmul(a.narrow(0, 0, 2).t(), dy.narrow(0, 0, 2)).detach();
                       }}});
       },
       by_ab},
      {"masked entries get a gradient", "only the masked entries are wrong",
       [=] {
         return with(scores.masked_fill(hidden, 0) * 3,
                     {{scores, [](const Tensor& dy) { return dy * 3; }}});
       },
       by_scores},
      {"too many entries masked", "masked too much",
       [=] {
         return with(masked(scores),
                     {{scores, [=](const Tensor& dy) {
                         const Tensor y = masked(scores).detach();
                         return softmax_rule(y, dy).masked_fill(triu(ones({5, 5})).to(kBool), 0);
                       }}});
       },
       by_scores},
      {"softmax without its sum", "a multiple of the result",
       [=] {
         return with(soften(scores),
                     {{scores, [=](const Tensor& dy) { return (dy * soften(scores)).detach(); }}});
       },
       by_scores},
      {"the norm taken for a constant", "a multiple of x",
       [=] { return x * rsqrt((x * x).mean(-1, true)).detach() * w; }, by_xw},
      {"the mean of a row not subtracted", "a sum or mean over it is missing",
       [=] {
         return with(x - x.mean(-1, true), {{x, [](const Tensor& dy) { return dy; }}});
       },
       by_x},
  };
}

/// More faults, besides the twenty.
std::vector<Fault> more_faults() {
  const Tensor x = numbers({3, 5, 7}, 1).requires_grad_();
  const std::vector<NamedInput> by{{"x", x}};
  const auto tanh_with = [=](const Rule1& rule) {
    return [=] { return with(tanh(x), {{x, rule}}); };
  };
  const auto slope = [=] { return (1 - tanh(x) * tanh(x)).detach(); };
  return {
      {"dy passed on", "dy is passed on unchanged", tanh_with([](const Tensor& dy) { return dy; }),
       by},
      {"dy ignored", "dy is ignored", tanh_with([=](const Tensor&) { return slope(); }), by},
      {"the shortcut", "the gradient of a shortcut x + ... is missing",
       [=] {
         return with(x + tanh(x), {{x, [=](const Tensor& dy) { return dy * slope(); }}});
       },
       by},
      {"shifted", "shifted by one step along dimension 1", tanh_with([=](const Tensor& dy) {
         const Tensor dx = dy * slope();
         return cat({dx.narrow(1, 4, 1), dx.narrow(1, 0, 4)}, 1);
       }),
       by},
      {"the sign of a half", "the sign of some elements", tanh_with([=](const Tensor& dy) {
         const Tensor dx = dy * slope();
         return cat({dx.narrow(2, 0, 3), -dx.narrow(2, 3, 4)}, 2);
       }),
       by},
      {"nan", "105 of 105 elements are nan",
       tanh_with([=](const Tensor& dy) { return dy / 0.0 * 0.0; }), by},
      {"only the first of the batch", "only the first step of dimension 0",
       tanh_with([=](const Tensor& dy) {
         const Tensor dx = zeros_like(dy);
         dx.select(0, 0).copy_((dy * slope()).select(0, 0));
         return dx;
       }),
       by},
      {"the variance taken for a constant",
       "a multiple of x - mean(x): the gradient through the row's own variance is missing",
       [=] {
         const Tensor centred = x - x.mean(-1, true);
         return centred * rsqrt((centred * centred).mean(-1, true)).detach();
       },
       by},
      {"mean and variance taken for constants",
       "the gradients through the row's own mean and variance are missing",
       [=] {
         const Tensor centred = x - x.mean(-1, true).detach();
         return centred * rsqrt((centred * centred).mean(-1, true)).detach();
       },
       by},
      {"a ratio near 1", "right to about 4 digits only: precision is lost",
       tanh_with([=](const Tensor& dy) { return dy * slope() * (1 + 2e-5); }), by},
      {"a factor of no name", "yours / right = 1.702 everywhere",
       tanh_with([=](const Tensor& dy) { return dy * slope() * 1.702; }), by},
  };
}

std::string first_line_of_report(const Fault& fault) {
  try {
    expect_gradients(fault.f, fault.by);
  } catch (const Error& error) {
    const std::string text = error.what();
    return text.substr(0, text.find('\n'));
  }
  return "";
}

TEST(Diagnosis, NamesPlantedFaults) {
  const std::vector<Fault> faults = planted_faults();
  ASSERT_EQ(faults.size(), 20u);
  for (const std::vector<Fault>& list : {faults, more_faults()})
    for (const Fault& fault : list)
      EXPECT_NE(first_line_of_report(fault).find(fault.words), std::string::npos)
          << fault.name << ": " << first_line_of_report(fault);
}

TEST(Diagnosis, AReportNamesTensorMistakeAndWorstElement) {
  const Tensor x = tensor({1.0, 2.0, -3.0}, kFloat64).requires_grad_();
  expect_error(
      [&] {
        expect_gradients(
            [&] {
              return with(x * x, {{x, [&](const Tensor& dy) { return dy * x.detach() * 4; }}});
            },
            {{"x", x}});
      },
      "gradient of x: yours / right = 2 everywhere: a factor 2 too many (often d(x * x) counted "
      "twice)\n"
      "  d(loss)/d(x): yours 13.5201, by differences 6.76003 at [2] (3 of 3 elements differ)");
}

TEST(Diagnosis, RightGradientsAreNotAccused) {
  const Tensor x = numbers({3, 5, 6}, 1);
  const Tensor w = numbers({6, 6}, 2);
  const Tensor v = numbers({6}, 3);
  const auto passes = [](const std::function<Tensor()>& f, const std::vector<NamedInput>& by) {
    for (const GradientDifference& each : compare_gradients(f, by)) {
      EXPECT_EQ(each.difference.wrong, 0) << to_string(each);
      EXPECT_EQ(each.difference.guess, "");
      EXPECT_EQ(each.kinks, 0);
    }
  };
  passes([&] { return x * x; }, {{"x", x}});
  passes([&] { return softmax(x * 3, -1) * v; }, {{"x", x}, {"v", v}});
  passes([&] { return gelu(layer_norm(matmul(x, w), {6}, v, v)); }, {{"x", x}, {"w", w}, {"v", v}});
  passes([&] { return logsumexp(x * 100, -1); }, {{"x", x}});
  passes([&] { return x * 1e6 + 1e8; }, {{"x", x}});
  passes([&] { return (x * 1e-6).exp() * 1e-6; }, {{"x", x}});
}

TEST(Diagnosis, KinksAreLeftOut) {
  const Tensor x = tensor({-1.0, 0.0, 2.0, 1e-4}, kFloat64);
  const std::vector<GradientDifference> found =
      compare_gradients([&] { return relu(x) * 3; }, {{"x", x}});
  EXPECT_EQ(found[0].difference.wrong, 0) << to_string(found[0]);
  EXPECT_EQ(found[0].kinks, 2);
  EXPECT_EQ(found[0].difference.of, 2);
}

TEST(Diagnosis, LeavesTheInputsAsTheyWere) {
  const Tensor x = ones({2, 2}, kFloat64);
  expect_gradients([&] { return x * x; }, {{"x", x}});
  EXPECT_FALSE(x.requires_grad());
  for (int last = 1; last <= 6; ++last) {
    int calls = 0;
    const auto f = [&]() -> Tensor {
      if (++calls == last) throw std::runtime_error("a fault of f");
      return x * x;
    };
    EXPECT_THROW(expect_gradients(f, {{"x", x}}), std::runtime_error);
    EXPECT_TRUE(equal(x, ones({2, 2}, kFloat64)) && !x.requires_grad()) << last;
  }
}

TEST(Diagnosis, RefusesFunctionsThatCannotBeChecked) {
  const Tensor x = ones({2, 2}, kFloat64);
  const Tensor narrow = ones(2);
  expect_error([&] { expect_gradients([&] { return x * x; }, {}); },
               "gradients: there is no input to check");
  expect_error(
      [&] {
        expect_gradients([&] { return narrow * 2; }, {{"x", narrow}});
      },
      "gradients: x is float32, differences need float64; convert it with .to(kFloat64)");
  expect_error(
      [&] {
        expect_gradients([&] { return x + rand({2, 2}, kFloat64); }, {{"x", x}});
      },
      "gradients: two calls with the same input differ (dropout?)");
  expect_error(
      [&] {
        expect_gradients([&] { return x.detach() * 2; }, {{"x", x}});
      },
      "gradients: the result is cut off from x (detach(), item(), or numbers copied by hand?)");
  expect_error(
      [&] {
        expect_gradients([&] { return (x * 2).to(kFloat32); }, {{"x", x}});
      },
      "gradients: the result is float32, differences need float64");
}

TEST(Compare, ShowsTheWorstElement) {
  const Tensor right = tensor({{1.0, 2.0}, {3.0, 4.0}}, kFloat64);
  const Tensor yours = tensor({{1.0, 2.5}, {3.0, 9.0}}, kFloat64);
  const Difference d = compare(yours, right);
  EXPECT_EQ(to_string(d), "yours 9, right 4 at [1, 1] (2 of 4 elements differ)");
  EXPECT_EQ(compare(right, right).wrong, 0);
  EXPECT_EQ(compare(right * std::nan(""), right * std::nan("")).wrong, 0);
  EXPECT_EQ(compare(right / 0.0, right / 0.0).wrong, 0);
  EXPECT_EQ(compare(right, right / 0.0).wrong, right.numel());
  EXPECT_EQ(compare(right / 0.0, right / -0.0).wrong, right.numel());
  EXPECT_EQ(compare(zeros({0, 3}), zeros({0, 3})).of, 0);
  EXPECT_EQ(compare(tensor(1.0), tensor(2.0)).wrong, 1);
  expect_error([&] { compare(ones(2), ones(3)); }, "compare: yours is [2], the right one is [3]");
}

}  // namespace
}  // namespace check_test
