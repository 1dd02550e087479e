// The distribution that a token is drawn from: temperature, top_k, top_p.
#include "gpt/sampling.h"

#include <cmath>

#include "autograd/ops.h"
#include "tensor/factories.h"
#include "tests/expect_error.h"
#include "tests/golden.h"

namespace gradus::gpt::sampling_test {
namespace {

using testing::near;

// Probabilities 0.5, 0.125, 0.25, 0.125, in an order that is not sorted.
Tensor four_logits() { return tensor({0.5, 0.125, 0.25, 0.125}, kFloat64).log(); }

Tensor probabilities(double temperature, int64_t top_k, double top_p) {
  return next_token_probabilities(four_logits(), temperature, top_k, top_p);
}

TEST(Sampling, TemperatureIsAPowerOfTheProbabilities) {
  EXPECT_TRUE(near(probabilities(1, 0, 1), tensor({0.5, 0.125, 0.25, 0.125}, kFloat64)));
  // At temperature 1/2 the probabilities are squared: 16, 1, 4, 1 of 22.
  EXPECT_TRUE(near(probabilities(0.5, 0, 1), tensor({16.0, 1.0, 4.0, 1.0}, kFloat64) / 22.0));
}

TEST(Sampling, TopKKeepsTheLargestAndTheirEquals) {
  EXPECT_TRUE(near(probabilities(1, 1, 1), tensor({1.0, 0.0, 0.0, 0.0}, kFloat64)));
  EXPECT_TRUE(near(probabilities(1, 2, 1), tensor({2.0, 0.0, 1.0, 0.0}, kFloat64) / 3.0));
  EXPECT_TRUE(near(probabilities(1, 3, 1), probabilities(1, 0, 1)));  // two are third
  EXPECT_TRUE(equal(keep_top_k(four_logits(), 4), four_logits()));
  EXPECT_TRUE(equal(keep_top_k(four_logits(), 1000), four_logits()));
}

TEST(Sampling, TopPKeepsTheSmallestSetThatReachesP) {
  const Tensor one = tensor({1.0, 0.0, 0.0, 0.0}, kFloat64);
  const Tensor two = tensor({2.0, 0.0, 1.0, 0.0}, kFloat64) / 3.0;
  EXPECT_TRUE(near(probabilities(1, 0, 1e-9), one));
  EXPECT_TRUE(near(probabilities(1, 0, 0.49), one));
  EXPECT_TRUE(near(probabilities(1, 0, 0.51), two));
  EXPECT_TRUE(near(probabilities(1, 0, 0.74), two));
  EXPECT_TRUE(near(probabilities(1, 0, 0.76), probabilities(1, 0, 1)));
  // top_k comes first: of the two largest, the first has 2/3.
  EXPECT_TRUE(near(probabilities(1, 2, 0.66), one));
  EXPECT_TRUE(near(probabilities(1, 2, 0.67), two));
}

TEST(Sampling, RowsAreIndependent) {
  const Tensor flipped = tensor({0.125, 0.25, 0.125, 0.5}, kFloat64).log();
  const Tensor rows = stack({four_logits(), flipped});  // (2, 4)
  for (const auto& [k, p] : {std::pair{2, 1.0}, {0, 0.6}, {1, 0.3}, {0, 1.0}}) {
    const Tensor both = next_token_probabilities(rows, 0.7, k, p);  // (2, 4)
    EXPECT_TRUE(near(both[0], next_token_probabilities(rows[0], 0.7, k, p), 1e-15));
    EXPECT_TRUE(near(both[1], next_token_probabilities(rows[1], 0.7, k, p), 1e-15));
  }
}

TEST(Sampling, WrongValuesAreErrors) {
  const auto expect_message = [](double temperature, int64_t k, double p, const char* message) {
    expect_error([&] { probabilities(temperature, k, p); }, message);
  };
  expect_message(0, 0, 1, "generate: the temperature is 0, expected a number above 0");
  expect_message(-0.5, 0, 1, "generate: the temperature is -0.5, expected a number above 0");
  expect_message(NAN, 0, 1, "generate: the temperature is nan, expected a number above 0");
  expect_message(INFINITY, 0, 1, "generate: the temperature is inf, expected a number above 0");
  expect_message(1, -1, 1, "generate: top_k is -1, expected 0 (all tokens) or more");
  const std::string top_p = ", expected a number above 0 and at most 1";
  expect_message(1, 0, 0, ("generate: top_p is 0" + top_p).c_str());
  expect_message(1, 0, -0.1, ("generate: top_p is -0.1" + top_p).c_str());
  expect_message(1, 0, 1.5, ("generate: top_p is 1.5" + top_p).c_str());
  expect_message(1, 0, NAN, ("generate: top_p is nan" + top_p).c_str());
}

}  // namespace
}  // namespace gradus::gpt::sampling_test
