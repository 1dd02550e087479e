// What lessons 02, 03 and 09 teach, learned in less than a minute: their models, trained for a part
// of the lessons' steps. tests/nightly runs the lessons from start to end.
#include <gtest/gtest.h>

#include <algorithm>

#include "lessons/translation/translators.h"
#include "lessons/translation/verb_model.h"
#include "nn/optim.h"
#include "tensor/random.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

/// Models trained side by side on the lessons' lists, and their accuracy for each length of list.
struct Learned {
  NumberLists lists;
  std::vector<Translator> models;
  std::vector<std::vector<double>> accuracy;
};

Learned learn(const std::vector<std::string>& names, int64_t steps) {
  manual_seed(123);
  Learned learned{.lists = NumberLists(50), .models = {}, .accuracy = {}};
  for (const std::string& name : names)
    learned.models.push_back(make_translator(name, learned.lists.german, learned.lists.english));
  train_on_lists(learned.models, learned.lists, steps, kListBatch, {});
  for (const Translator& model : learned.models)
    learned.accuracy.push_back(accuracy_by_length(model, learned.lists));
  std::vector<std::pair<std::string, std::vector<double>>> table;
  for (size_t i = 0; i < names.size(); ++i)
    table.emplace_back(names[i], learned.accuracy[i]);
  fmt::print("{}", accuracy_table(table));
  return learned;
}

double least(const std::vector<double>& accuracy) {
  return *std::min_element(accuracy.begin(), accuracy.end());
}

TEST(Learning, OneVectorHoldsANumberButNoLongList) {
  const Learned learned = learn({"one vector"}, 2000);
  EXPECT_GE(learned.accuracy[0].front(), 0.8);
  EXPECT_LE(learned.accuracy[0].back(), 0.2);
}

TEST(Learning, AttentionTranslatesLongListsAndAligns) {
  const Learned learned = learn({"Bahdanau"}, 1500);
  EXPECT_GE(least(learned.accuracy[0]), 0.9);
  EXPECT_GE(alignment_of(learned.models[0], learned.lists).values, 0.9);
}

TEST(Learning, TheTransformerTranslatesLongLists) {
  EXPECT_GE(least(learn({"Transformer"}, 2000).accuracy[0]), 0.9);
}

TEST(Learning, AVerbAgreesWithItsSubject) {
  manual_seed(1);
  const AgreementGrammar grammar;
  const VerbModel model(grammar.words.size());
  optim::Adam optimizer(model.parameters(), {.lr = 3e-3});
  for (int64_t s = 0; s < 400; ++s) {
    const AgreementSentences batch = grammar.draw(32, s % 4, s % 8 >= 4, /*with_stood=*/true);
    optimizer.zero_grad();
    cross_entropy(model(batch.words), batch.plural).backward();
    optimizer.step();
  }
  const AtTheGap at_the_gap = measure(model, grammar, /*with_stood=*/true, 100);
  EXPECT_GE(at_the_gap.right, 0.95);
  // Only the subject tells the number, so the model has to look at it.
  EXPECT_GT(at_the_gap.subject[0], at_the_gap.nouns[0]);
  EXPECT_GT(at_the_gap.subject[1], at_the_gap.nouns[1]);
}

}  // namespace
