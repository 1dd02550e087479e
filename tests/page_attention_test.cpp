// The stages of attention as a panel.
#include <gtest/gtest.h>

#include "nn/bahdanau_attention.h"
#include "nn/multi_head_attention.h"
#include "nn/self_attention.h"
#include "nn/simplified_self_attention.h"
#include "page/show.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/page_support.h"
#include "tests/temporary.h"

namespace gradus::page::page_attention_test {
namespace {

Words words(int64_t count) {
  Words list;
  for (int64_t i = 0; i < count; ++i)
    list.push_back("word" + std::to_string(i));
  return list;
}

nn::AttentionTrace trace_of(int64_t heads, int64_t tokens, int64_t d_out, double dropout = 0) {
  manual_seed(3);
  const nn::MultiHeadAttention layer(d_out, d_out, tokens, dropout, heads);
  nn::AttentionTrace trace;
  layer(randn({2, tokens, d_out}), &trace);
  return trace;
}

json attention_of(const nn::AttentionTrace& trace, const AttentionOptions& options = {}) {
  Report report = new_report();
  const Words tokens = words(trace.weights.size(-1));
  report.attention("a", tokens, tokens, {{.step = 0, .trace = trace}}, options);
  return last_panel(report);
}

TEST(PageAttention, HasTheNumbersOfTheTrace) {
  const nn::AttentionTrace trace = trace_of(2, 5, 6);
  const json step = attention_of(trace, {.batch = 1})["steps"][0];
  EXPECT_EQ(step["weights"]["shape"], json({2, 5, 5}));
  EXPECT_EQ(step["q"]["shape"], json({2, 5, 3}));
  const Tensor weights = trace.weights[1].detach().contiguous();
  const std::vector<double> shown = list_of(step["weights"]);
  for (size_t i = 0; i < shown.size(); ++i)
    EXPECT_NEAR(shown[i], weights.data<float>()[i], 1e-5);
}

TEST(PageAttention, EveryRowOfWeightsSumsToOne) {
  const std::vector<double> weights =
      list_of(attention_of(trace_of(2, 7, 8))["steps"][0]["weights"]);
  for (size_t row = 0; row < weights.size(); row += 7) {
    double sum = 0;
    for (size_t i = row; i < row + 7; ++i)
      sum += weights[i];
    EXPECT_NEAR(sum, 1, 1e-4);
  }
}

// The page multiplies q and k for show: the products must end in the score of the layer.
TEST(PageAttention, TheProductsOfQueriesAndKeysEndInTheScores) {
  const json step = attention_of(trace_of(2, 5, 8))["steps"][0];
  const std::vector<double> q = list_of(step["q"]);
  const std::vector<double> k = list_of(step["k"]);
  const std::vector<double> scores = list_of(step["scores"]);
  for (size_t head = 0; head < 2; ++head)
    for (size_t i = 0; i < 5; ++i)
      for (size_t j = 0; j < 5; ++j) {
        double sum = 0;
        for (size_t c = 0; c < 4; ++c)
          sum += q[(head * 5 + i) * 4 + c] * k[(head * 5 + j) * 4 + c];
        EXPECT_NEAR(sum, scores[(head * 5 + i) * 5 + j], 1e-3);
      }
}

TEST(PageAttention, HiddenKeysAreThoseOfTheCausalMask) {
  const json step = attention_of(trace_of(2, 4, 4))["steps"][0];
  EXPECT_EQ(step["hidden"], "0111001100010000");  // one matrix, the same for both heads
  nn::AttentionTrace plain;
  manual_seed(4);
  nn::SelfAttention(4, 4)(randn({1, 4, 4}), &plain);
  EXPECT_TRUE(attention_of(plain)["steps"][0]["hidden"].is_null());
}

TEST(PageAttention, HeadsThatHideDifferentKeysHaveAMaskEach) {
  manual_seed(5);
  const nn::MultiHeadAttention layer(4, 4, 3, 0.0, 2);
  const Tensor mask = ones({1, 2, 3, 3}, kBool);
  mask[0][1][2][0].fill_(false);
  nn::AttentionTrace trace;
  layer(randn({1, 3, 4}), &trace, mask);
  EXPECT_EQ(attention_of(trace)["steps"][0]["hidden"], "011001000011001100");
}

TEST(PageAttention, FindsByWhatTheScoresWereDivided) {
  const json scaled = attention_of(trace_of(2, 5, 8))["steps"][0];
  EXPECT_EQ(scaled["divisor"], 2);
  EXPECT_EQ(scaled["divisor_text"], "√4");
  nn::AttentionTrace plain;
  manual_seed(6);
  nn::SimplifiedSelfAttention()(randn({1, 4, 4}), &plain);
  EXPECT_EQ(attention_of(plain)["steps"][0]["divisor"], 1);
}

TEST(PageAttention, AddsTheWeightsAfterDropoutIfTheyDiffer) {
  EXPECT_FALSE(attention_of(trace_of(1, 6, 4))["steps"][0].contains("dropped_weights"));
  EXPECT_TRUE(attention_of(trace_of(1, 6, 4, 0.5))["steps"][0].contains("dropped_weights"));
}

TEST(PageAttention, WeightsAloneAreEnough) {
  manual_seed(7);
  const nn::BahdanauAttention layer(3, 4, 5);
  const auto [context, weights] = layer(randn({1, 2, 3}), randn({1, 6, 4}));
  nn::AttentionTrace trace;
  trace.weights = weights;
  Report report = new_report();
  report.attention("a", words(2), words(6), {{.step = 0, .trace = trace}});
  const json step = last_panel(report)["steps"][0];
  EXPECT_EQ(step["weights"]["shape"], json({1, 2, 6}));
  EXPECT_FALSE(step.contains("q"));
  EXPECT_TRUE(step["divisor"].is_null());
}

TEST(PageAttention, SixtyFourTokensAndTwelveHeadsFitIntoAPage) {
  const nn::AttentionTrace trace = trace_of(12, 64, 768);
  const auto file = temporary_path("gpt2.html");
  show(trace, file, words(64));
  EXPECT_LT(std::filesystem::file_size(file), 1'000'000U);
  const json step = attention_of(trace)["steps"][0];
  const std::vector<double> weights = elements_of(step["weights"]);
  ASSERT_EQ(weights.size(), 12U * 64 * 64);
  double sum = 0;
  for (size_t j = 0; j < 64; ++j)
    sum += weights[63 * 64 + j];
  EXPECT_NEAR(sum, 1, 1e-3);
}

TEST(PageAttention, OfManyStepsOnlyTheLastOneHasVectors) {
  const nn::AttentionTrace trace = trace_of(4, 16, 256);
  Report report = new_report();
  std::vector<AttentionStep> steps;
  for (int64_t step = 0; step < 20; ++step)
    steps.push_back({.step = 10 * step, .trace = trace});
  report.attention("a", words(16), words(16), steps);
  const json panel = last_panel(report);
  EXPECT_EQ(panel["steps"][19]["step"], 190);
  EXPECT_FALSE(panel["steps"][0].contains("q"));
  EXPECT_TRUE(panel["steps"][19].contains("q"));
  EXPECT_LT(report.json().size(), 900'000U);

  steps.resize(200, {.step = 0, .trace = trace});
  expect_error([&] { report.attention("a", words(16), words(16), steps); },
               "attention: 200 steps have 425984 numbers, more than the 300000 that fit into a "
               "page; show fewer steps, heads or tokens");
}

TEST(PageAttention, WrongCalls) {
  Report report = new_report();
  const nn::AttentionTrace trace = trace_of(2, 5, 6);
  const auto add = [&](const Words& queries, const std::vector<AttentionStep>& steps,
                       const AttentionOptions& options = {}) {
    report.attention("a", queries, words(5), steps, options);
  };
  expect_error(
      [&] {
        add(words(4), {{0, trace}});
      },
      "attention: 4 queries and 5 keys, and the weights of a head are [5, 5]; expected "
      "one row for each query, one column for each key");
  expect_error([&] { add({}, {{0, trace}}); }, "attention: 0 queries and 5 keys, expected words");
  expect_error([&] { add(words(5), {}); }, "attention: there is no step to show");
  expect_error(
      [&] {
        add(words(5), {{7, {}}});
      },
      "attention: the trace of step 7 is empty; pass it to a layer first");
  expect_error(
      [&] {
        add(words(5), {{0, trace}}, {.batch = 2});
      },
      "attention: batch is 2, and the trace has 2 sequences");
}

}  // namespace
}  // namespace gradus::page::page_attention_test
