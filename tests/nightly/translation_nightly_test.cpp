// The claims of lessons 02, 03 and 09, trained with three seeds. Takes about 15 minutes.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "lessons/translation/translators.h"
#include "tensor/random.h"
#include "tests/lesson_support.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

struct Outcome {
  std::vector<double> accuracy;
  Alignment alignment;
  int64_t parameters = 0;
};

/// Models of lesson 03 or 09, trained as the lesson does it, from a seed of their own.
std::map<std::string, Outcome> train_models(const std::vector<std::string>& names, uint64_t seed) {
  manual_seed(seed);
  const NumberLists lists(500);
  std::vector<Translator> models;
  for (const std::string& name : names)
    models.push_back(make_translator(name, lists.german, lists.english));
  train_on_lists(models, lists, kListSteps, kListBatch, {.stream = &std::cout});
  std::map<std::string, Outcome> outcomes;
  std::cout << "seed " << seed << "\n";
  for (const Translator& model : models) {
    Outcome& outcome = outcomes[model.name];
    outcome = {accuracy_by_length(model, lists), {}, model.size()};
    if (model.name != "one vector" && model.name != "Transformer")
      outcome.alignment = alignment_of(model, lists);
    std::cout << accuracy_table({{model.name, outcome.accuracy}}) << "  aligned: values "
              << outcome.alignment.values << ", hundreds " << outcome.alignment.hundreds << ", all "
              << outcome.alignment.all << "; " << outcome.parameters << " parameters" << std::endl;
  }
  return outcomes;
}

class Seeds : public testing::TestWithParam<uint64_t> {
 protected:
  static void expect_all_lengths(const std::string& model, const Outcome& outcome) {
    for (size_t i = 0; i < outcome.accuracy.size(); ++i)
      EXPECT_GE(outcome.accuracy[i], 0.99) << model << ", " << i + 1 << " numbers";
  }
};

TEST_P(Seeds, WithAttentionLongListsAreRightAndWithOneVectorTheyAreNot) {
  const auto outcomes = train_models(
      {"one vector", "Bahdanau", "Luong dot", "Luong general", "Luong concat", "Luong local-p"},
      GetParam());
  const Outcome& plain = outcomes.at("one vector");
  const Outcome& attention = outcomes.at("Bahdanau");
  for (const auto& [model, outcome] : outcomes) {
    if (model != "one vector") expect_all_lengths(model, outcome);
    const auto [fewer, more] = std::minmax(plain.parameters, outcome.parameters);
    EXPECT_LE(static_cast<double>(more), 1.1 * static_cast<double>(fewer)) << model;
  }
  EXPECT_LE(plain.accuracy.back(), attention.accuracy.back() - 0.4);
  EXPECT_GE(attention.alignment.values, 0.9);
}

TEST_P(Seeds, TheTransformerIsRightAtEveryLength) {
  expect_all_lengths("Transformer", train_models({"Transformer"}, GetParam()).at("Transformer"));
}

// Lesson 03 then goes on with its half-trained models, and claims nothing of them.
TEST(Interrupted, Lesson03GoesOn) {
  const EndedProgram ended = interrupt_training(LESSON_03);
  EXPECT_EQ(ended.status, 130) << ended.output;
  for (const char* goes_on : {"6 models: stopped after ", "half-trained", "6  The alignment"})
    EXPECT_TRUE(contains(ended.output, goes_on)) << goes_on << "\n" << ended.output;
  for (const char* claim : {"at least 95%", "at least 40 points", "at least 90%"})
    EXPECT_FALSE(contains(ended.output, claim)) << claim << "\n" << ended.output;
}

INSTANTIATE_TEST_SUITE_P(Three, Seeds, testing::Values(123, 1, 2));

}  // namespace
