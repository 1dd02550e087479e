// What a wrong gradient is called, and what layers promise: planted faults are named, right answers never accused.
#include <gtest/gtest.h>

#include <cmath>

#include "check/expect.h"
#include "check/gradients.h"
#include "nn/causal_attention.h"
#include "nn/self_attention.h"
#include "tests/expect_error.h"

using namespace gradus;

namespace {

using Rule1 = std::function<Tensor(const Tensor& dy)>;

Tensor numbers(const Shape& sizes, uint64_t seed) {
  manual_seed(seed);
  return randn(sizes, kFloat64);
}

/// y with these gradients instead of its own.
Tensor with(const Tensor& y, const std::vector<std::pair<Tensor, Rule1>>& rules) {
  std::vector<Tensor> inputs;
  for (const auto& [x, rule] : rules) inputs.push_back(x);
  return record("planted", y.detach(), inputs, [rules](const Tensor& dy, const std::vector<bool>&) {
    std::vector<Tensor> gradients;
    for (const auto& [x, rule] : rules) gradients.push_back(rule(dy.detach()));
    return gradients;
  });
}

/// A fault: a function whose gradient of the first tensor that is wrong is explained by `words`.
struct Fault {
  std::string name, words;
  std::function<Tensor()> f;
  std::vector<Checked> by;
};

std::vector<Fault> planted_faults() {
  const Tensor x = numbers({3, 5, 7}, 1).requires_grad_(), w = numbers({7}, 2).requires_grad_();
  const Tensor a = numbers({3, 5}, 3).requires_grad_(), b = numbers({5, 7}, 4).requires_grad_();
  const Tensor p = numbers({5, 5}, 5).requires_grad_(), q = numbers({5, 5}, 6).requires_grad_();
  const Tensor scores = numbers({5, 5}, 7).requires_grad_(), hidden = triu(ones({5, 5}), 1).to(kBool);
  const double d = std::sqrt(7.0);
  const auto soften = [=](const Tensor& s) { return softmax(s, -1); };
  const auto masked = [=](const Tensor& s) { return softmax(s.masked_fill(hidden, -1e9), -1); };
  const auto softmax_rule = [](const Tensor& y, const Tensor& dy) { return y * (dy - (dy * y).sum(-1, true)); };
  const std::vector<Checked> by_x{{"x", x}}, by_xw{{"x", x}, {"w", w}}, by_ab{{"a", a}, {"b", b}};
  const std::vector<Checked> by_pq{{"p", p}, {"q", q}}, by_scores{{"scores", scores}};
  const auto square = [=](double factor) {
    return [=] { return with(x * x, {{x, [=](const Tensor& dy) { return dy * x.detach() * factor; }}}); };
  };
  const auto mean_of_rows = [=](double factor) {
    return [=] {
      return with(x.mean(-1), {{x, [=](const Tensor& dy) { return dy.unsqueeze(-1).expand({3, 5, 7}) * factor; }}});
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
         return with(matmul(p, q), {{p, [=](const Tensor& dy) { return matmul(dy, q.t()).detach().t(); }},
                                    {q, [=](const Tensor& dy) { return matmul(p.t(), dy).detach(); }}});
       },
       by_pq},
      {"view for transpose",
       "view or reshape",
       [=] {
         return with(a.t() * 2, {{a, [](const Tensor& dy) { return (dy * 2).contiguous().view({3, 5}); }}});
       },
       {{"a", a}}},
      {"arguments exchanged", "arguments exchanged",
       [=] {
         return with(matmul(p, q), {{p, [=](const Tensor& dy) { return matmul(p.t(), dy).detach(); }},
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
         return with(x * w, {{x, [=](const Tensor& dy) { return (dy * w).detach(); }},
                             {w, [=](const Tensor& dy) { return (dy * x).detach().select(1, 0).sum({0}); }}});
       },
       by_xw},
      {"the last step forgotten for b", "all but the last step of the result's dimension 0",
       [=] {
         return with(
             matmul(a, b),
             {{a, [=](const Tensor& dy) { return matmul(dy, b.t()).detach(); }},
              {b, [=](const Tensor& dy) { return matmul(a.narrow(0, 0, 2).t(), dy.narrow(0, 0, 2)).detach(); }}});
       },
       by_ab},
      {"masked entries get a gradient", "only the masked entries are wrong",
       [=] {
         return with(scores.masked_fill(hidden, 0) * 3, {{scores, [](const Tensor& dy) { return dy * 3; }}});
       },
       by_scores},
      {"too many entries masked", "masked too much",
       [=] {
         return with(masked(scores), {{scores, [=](const Tensor& dy) {
                                         const Tensor y = masked(scores).detach();
                                         return softmax_rule(y, dy).masked_fill(triu(ones({5, 5})).to(kBool), 0);
                                       }}});
       },
       by_scores},
      {"softmax without its sum", "their own scale",
       [=] {
         return with(soften(scores).log(), {{scores, [=](const Tensor& dy) {
                                               return (dy - dy.sum(-1, true) * soften(scores)).detach() *
                                                      scores.detach().exp().sum(-1, true);
                                             }}});
       },
       by_scores},
      {"the mean of a row not subtracted", "a sum or mean over it is missing",
       [=] {
         return with(x - x.mean(-1, true), {{x, [](const Tensor& dy) { return dy; }}});
       },
       by_x},
      {"a factor of no name", "one factor too many or missing", square(2 * 1.702), by_x},
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
  int named = 0;
  std::string missed;
  for (const Fault& fault : faults) {
    const std::string line = first_line_of_report(fault);
    EXPECT_NE(line, "") << fault.name << " passed";
    if (line.find(fault.words) != line.npos) ++named;
    else missed += fault.name + ": " + line + "\n";
  }
  EXPECT_GE(named, 18) << missed;
  std::cout << named << " of 20 named\n" << missed;
}

}  // namespace
