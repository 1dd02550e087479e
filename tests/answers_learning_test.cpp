// What lesson 14 teaches, learned in a quarter of its time: the model answers about single numbers
// and says when it does not know. It can hardly add yet; tests/nightly trains it to the end.
#include <gtest/gtest.h>

#include "gpt/fine_tuning.h"
#include "lessons/answers/asking.h"
#include "lessons/answers/comparison.h"
#include "lessons/answers/number_gpt.h"
#include "tensor/random.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

class AnswersLearning : public testing::TestWithParam<uint64_t> {};

TEST_P(AnswersLearning, AfterFineTuningItAnswersAndSaysWhenItDoesNotKnow) {
  NumberGptSizes sizes;
  sizes.sentences = 20000;
  sizes.reading.steps = 2400;
  sizes.answering.steps = 500;
  manual_seed(GetParam());
  const NumberTexts texts = number_texts(sizes);
  const NumberTests tests = number_tests(50);
  const nn::Gpt reader = untrained_number_gpt(sizes, texts);
  learn({{.name = "reading", .model = reader, .trained = reader, .lr = sizes.reading_lr}},
        *texts.reading, sizes.reading, "reading", {});
  const auto before = shares_right(reader, texts.tokenizer, plain_prompt(texts.tokenizer, "\n"),
                                   tests.questions, {});
  const FineTuned tuned = all_parameters(
      gpt::with_vocabulary(reader, texts.format.tokenizer().vocab_size()), 2 * sizes.answering_lr);
  learn({tuned.learner}, *texts.answering, sizes.answering, "answering", {});
  const nn::Gpt& model = tuned.learner.model;
  const std::vector<double> after = shares_right(model, texts.format, tests.questions);
  const double outside = shares_right(model, texts.format, {tests.outside}).front();
  fmt::print("outside {:.0f}%\n{}", 100 * outside,
             table_of_shares(tests.questions, {{"before", before}, {"after", after}}));
  EXPECT_LE(mean_of(before), 0.05);
  EXPECT_GE(after[static_cast<size_t>(FactKind::parity)], 0.8);
  EXPECT_GE(outside, 0.9);
}

INSTANTIATE_TEST_SUITE_P(Three, AnswersLearning, testing::Values(123, 1, 2));

}  // namespace
