// What lessons 02, 03 and 09 claim, trained with three seeds: takes minutes.   ./run tests -C Long -L long
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "lessons/shared/translators.h"
#include "tensor/random.h"

using namespace gradus;

namespace {

struct Outcome {
  std::vector<double> accuracy;
  Alignment alignment;
  int64_t parameters = 0;
};

/// A model trained as its lesson trains it.
Outcome outcome_of(const std::string& model, uint64_t seed) {
  static std::map<std::pair<std::string, uint64_t>, Outcome> known;
  const auto found = known.find({model, seed});
  if (found != known.end()) return found->second;
  manual_seed(seed);
  const NumberLists lists(200);
  const Translator translator = make_translator(model, lists.german, lists.english);
  train_on_lists(translator, lists, model == "Transformer" ? kTransformerSteps : kListSteps, kListBatch,
                 {.stream = &std::cout});
  Outcome outcome{accuracy_by_length(translator, lists), {}, translator.size()};
  if (model != "one vector" && model != "Transformer") outcome.alignment = alignment_of(translator, lists);
  std::cout << accuracy_table({{model, outcome.accuracy}}) << "  aligned: values " << outcome.alignment.values
            << ", hundreds " << outcome.alignment.hundreds << "; " << outcome.parameters << " parameters, seed " << seed
            << std::endl;
  return known[{model, seed}] = outcome;
}

class Seeds : public testing::TestWithParam<uint64_t> {
 protected:
  void expect_all_lengths(const std::string& model) {
    const Outcome outcome = outcome_of(model, GetParam());
    for (size_t i = 0; i < outcome.accuracy.size(); ++i) EXPECT_GE(outcome.accuracy[i], 0.99) << i + 1 << " numbers";
  }
};

TEST_P(Seeds, BahdanauIsRightAtEveryLength) { expect_all_lengths("Bahdanau"); }
TEST_P(Seeds, LuongIsRightAtEveryLength) { expect_all_lengths("Luong general"); }
TEST_P(Seeds, TheTransformerIsRightAtEveryLength) { expect_all_lengths("Transformer"); }

TEST_P(Seeds, OneVectorIsFarBelowAtEightNumbers) {
  const Outcome plain = outcome_of("one vector", GetParam()), attention = outcome_of("Bahdanau", GetParam());
  EXPECT_LE(plain.accuracy.back(), attention.accuracy.back() - 0.4);
  const auto [fewer, more] = std::minmax(plain.parameters, attention.parameters);
  EXPECT_LE(static_cast<double>(more), 1.1 * static_cast<double>(fewer));
}

TEST_P(Seeds, BahdanausAlignmentIsTheTrueOne) { EXPECT_GE(outcome_of("Bahdanau", GetParam()).alignment.values, 0.9); }

INSTANTIATE_TEST_SUITE_P(Three, Seeds, testing::Values(123, 1, 2));

}  // namespace
