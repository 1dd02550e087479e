// The claims of lesson 14 with three seeds: what its model answers before and after fine-tuning.
// Takes about 4 minutes.
#include <gtest/gtest.h>

#include <iostream>

#include "gpt/fine_tuning.h"
#include "lessons/answers/asking.h"
#include "lessons/answers/comparison.h"
#include "lessons/answers/number_gpt.h"
#include "tensor/random.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

class Seeds : public testing::TestWithParam<uint64_t> {};

TEST_P(Seeds, UnseenQuestionsAreAnsweredAfterFineTuningAndNotBefore) {
  const NumberGptSizes sizes;
  manual_seed(GetParam());
  const NumberTexts texts = number_texts(sizes);
  const NumberTests tests = number_tests(200);
  const nn::Gpt reader = untrained_number_gpt(sizes, texts);
  learn({{.name = "reading", .model = reader, .trained = reader, .lr = sizes.reading_lr}},
        *texts.reading, sizes.reading, "reading", {.stream = &std::cout});
  reader.eval();
  const auto completed =
      shares_right(reader, texts.tokenizer, plain_prompt(texts.tokenizer), tests.beginnings, {});
  const auto before = shares_right(reader, texts.tokenizer, plain_prompt(texts.tokenizer, "\n"),
                                   tests.questions, {});
  const FineTuned tuned = all_parameters(
      gpt::with_vocabulary(reader, texts.format.tokenizer().vocab_size()), sizes.answering_lr);
  learn({tuned.learner}, *texts.answering, sizes.answering, "answering", {.stream = &std::cout});
  const nn::Gpt& model = tuned.learner.model;
  const auto numbers = shares_right(model, texts.format, tests.questions);
  const auto wording = shares_right(model, texts.format, tests.wordings);
  const double outside = shares_right(model, texts.format, {tests.outside}).front();
  std::cout << "seed " << GetParam() << ", outside " << 100 * outside << "%\n"
            << table_of_shares(tests.questions, {{"completed", completed},
                                                 {"before", before},
                                                 {"unseen numbers", numbers},
                                                 {"unseen wording", wording}});
  EXPECT_LE(mean_of(before), 0.05);
  EXPECT_GE(mean_of(completed), 0.9);
  EXPECT_GE(mean_of(numbers), 0.95);
  EXPECT_GE(mean_of(wording), 0.9);
  EXPECT_GE(outside, 0.9);
}

INSTANTIATE_TEST_SUITE_P(Three, Seeds, testing::Values(123, 1, 2));

}  // namespace
