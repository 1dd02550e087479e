// Training as lessons 02, 03 and 09 do it, how its outcome is measured, and the sentences of lesson
// 09.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "lessons/translation/agreement.h"
#include "lessons/translation/translators.h"
#include "tensor/random.h"
#include "tensor/threads.h"
#include "tests/expect_error.h"
#include "tests/lesson_support.h"
#include "tests/temporary.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

/// Returns given translations and given attention weights, whatever its input is.
Translator parrot(const Tensor& says, const Tensor& looks_at = {}) {
  Translator translator{"parrot", {}, {}, {}};
  translator.begin = [=](const Batch& batch) -> nn::DecoderStepper {
    const auto step = [=, S = batch.source.size(1)](const Tensor&,
                                                    const TensorList& state) -> nn::StepOutput {
      const auto t = state[0][0].item<int64_t>();
      const Tensor word = t < says.size(1) ? says.select(1, t) : full(says.size(0), kEnd);
      const Tensor weights =
          looks_at.defined() ? one_hot(looks_at.select(1, t), S).to(kFloat32) : Tensor();
      return {one_hot(word, 40).to(kFloat32), {state[0] + 1}, weights};
    };
    return {{zeros(says.size(0), kInt64)}, step};
  };
  return translator;
}

TEST(Translating, OnlyExactlyRightCounts) {
  const Vocabulary v({"a", "b"});
  const Batch batch =
      make_batch({{{"a"}, {"a", "b"}}, {{"a"}, {"b"}}, {{"a"}, {"a"}}, {{"a"}, {"a"}}}, v, v);
  // right; right; one word too many; ends too early
  EXPECT_EQ(exactly_right(
                parrot(tensor({{3, 4, kEnd}, {4, kEnd, 4}, {3, 3, kEnd}, {kEnd, 3, kEnd}})), batch),
            0.5);
  EXPECT_EQ(exactly_right(parrot(full({4, 9}, 3)), batch), 0);  // never ends
}

TEST(Translating, AlignmentIsCountedWithoutCommasAndEnds) {
  manual_seed(1);
  const NumberLists lists(3);
  for (size_t i = 0; i < lists.tests().size(); ++i) {
    const Tensor& truth = lists.alignments()[i];
    const Tensor& target = lists.tests()[i].target;
    EXPECT_TRUE(
        equal(truth < 0, logical_or(target <= kEnd, target == lists.english.numbers({","})[0])));
  }
  Translator one = parrot(lists.tests()[0].target);
  const auto look = [&](int64_t off) {
    one.begin = [&, off](const Batch& batch) {
      const auto i = static_cast<size_t>(
          std::find_if(lists.tests().begin(), lists.tests().end(),
                       [&](const Batch& b) { return b.source.is_same(batch.source); }) -
          lists.tests().begin());
      const Tensor places = clamp(lists.alignments()[i], 0) + off;
      return parrot(batch.target, clamp(places, 0, batch.source.size(1) - 1)).begin(batch);
    };
    return alignment_of(one, lists);
  };
  EXPECT_EQ(look(0).values, 1);
  EXPECT_EQ(look(0).hundreds, 1);
  EXPECT_LT(look(1).values, 0.2);
  EXPECT_LT(look(1).hundreds, 0.2);
}

TEST(Translating, TestListsHoldUnseenNumbersOnly) {
  manual_seed(1);
  const NumberLists lists(20);
  ASSERT_EQ(lists.tests().size(), 8u);
  const auto written = [&](const Batch& batch, int64_t i) {
    return numbers::written_english(lists.english.words(batch.target[i]));
  };
  std::vector<std::string> unseen;
  for (const int64_t n : numbers::below_thousand(true))
    unseen.push_back(numbers::written_english(numbers::translate(n).english));
  const auto is_unseen = [&](const std::string& n) {
    return std::find(unseen.begin(), unseen.end(), n) != unseen.end();
  };
  const auto parts = [](const std::string& text) {
    std::vector<std::string> list;
    for (size_t from = 0; from < text.size();) {
      const size_t end = std::min(text.find(", ", from), text.size());
      list.push_back(text.substr(from, end - from));
      from = end + 2;
    }
    return list;
  };
  for (size_t length = 1; length <= 8; ++length) {
    const Batch training = lists.training_batch(static_cast<int64_t>(length), 20);
    for (int64_t i = 0; i < 20; ++i) {
      const auto test = parts(written(lists.tests()[length - 1], i));
      const auto seen = parts(written(training, i));
      EXPECT_EQ(test.size(), length);
      EXPECT_EQ(seen.size(), length);
      EXPECT_TRUE(std::all_of(test.begin(), test.end(), is_unseen));
      EXPECT_TRUE(std::none_of(seen.begin(), seen.end(), is_unseen));
    }
  }
}

TEST(Translating, LongListsComeInDuringTheFirstThird) {
  EXPECT_EQ(NumberLists::length(0, 600), 1);
  for (int64_t s = 0; s < 25; ++s)
    EXPECT_EQ(NumberLists::length(s, 600), 1);
  std::vector<int64_t> counts(9, 0);
  for (int64_t s = 200; s < 600; ++s)
    ++counts[static_cast<size_t>(NumberLists::length(s, 600))];
  for (size_t length = 1; length <= 8; ++length)
    EXPECT_EQ(counts[length], length <= 4 ? 25 : 75);
}

TEST(Translating, EveryModelLearnsSomethingInAFewSteps) {
  for (const char* name : {"one vector", "Bahdanau", "Luong dot", "Luong general", "Luong concat",
                           "Luong local-p", "Transformer"}) {
    manual_seed(1);
    const NumberLists lists(2);
    const Translator translator = make_translator(name, lists.german, lists.english);
    const Batch batch = lists.training_batch(2, 8);
    const auto loss = [&] {
      const NoGradGuard no_grad;
      return batch_loss(translator.logits(batch), batch).item<double>();
    };
    const double before = loss();
    const Trained trained = train({translator}, [&](int64_t) { return batch; },
                                  {.steps = 10, .lr = 3e-3, .warmup = 1}, {});
    EXPECT_EQ(trained.steps, 10);
    EXPECT_FALSE(trained.stopped);
    EXPECT_LT(loss(), 0.95 * before) << name;
    EXPECT_NEAR(static_cast<double>(translator.size()), 162000, 10000) << name;
  }
  const Vocabulary v({"a"});
  expect_error([&] { make_translator("Schmidhuber", v, v); },
               "make_translator: there is no 'Schmidhuber'");
}

TEST(Translating, SideBySideModelsLearnWhatTheyLearnAlone) {
  const auto trained = [](bool together) {
    manual_seed(1);
    const NumberLists lists(2);
    std::vector<Translator> models;
    for (const char* name : {"Bahdanau", "one vector", "Luong local-p"})
      models.push_back(make_translator(name, lists.german, lists.english));
    std::vector<Batch> batches;
    for (int64_t s = 0; s < 11; ++s)
      batches.push_back(lists.training_batch(1 + s % 2, 4));
    const auto learn = [&](const std::vector<Translator>& those) {
      const auto batch_of = [&](int64_t s) { return batches.at(static_cast<size_t>(s)); };
      EXPECT_EQ(train(those, batch_of, {.steps = 11, .warmup = 1}, {}).steps, 11);
    };
    if (together)
      learn(models);
    else
      for (const Translator& model : models)
        learn({model});
    return models;
  };
  const int before = get_num_threads();
  set_num_threads(3);
  const std::vector<Translator> alone = trained(false);
  const std::vector<Translator> together = trained(true);
  set_num_threads(before);
  for (size_t m = 0; m < alone.size(); ++m)
    for (size_t p = 0; p < alone[m].parameters.size(); ++p)
      EXPECT_TRUE(equal(alone[m].parameters[p], together[m].parameters[p]))
          << alone[m].name << " " << p;
}

TEST(Translating, CtrlCEndsTheTrainingAfterAFewSteps) {
  manual_seed(1);
  const NumberLists lists(2);
  std::vector<Translator> models;
  for (const char* name : {"one vector", "Luong dot"})
    models.push_back(make_translator(name, lists.german, lists.english));
  const auto batch_of = [&](int64_t s) {
    if (s == 20) raise(SIGINT);
    return lists.training_batch(1, 2);
  };
  const Trained trained = train(models, batch_of, {.steps = 1000}, {});
  EXPECT_TRUE(trained.stopped);
  EXPECT_EQ(trained.steps, 24);
}

TEST(Translating, WhatGoesWrongInOneOfManyIsSaid) {
  manual_seed(1);
  const NumberLists lists(2);
  std::vector<Translator> models;
  for (int i = 0; i < 3; ++i)
    models.push_back(make_translator("one vector", lists.german, lists.english));
  models[1].logits = [](const Batch&) -> Tensor { throw Error("lost for words"); };
  expect_error(
      [&] { train(models, [&](int64_t) { return lists.training_batch(1, 2); }, {.steps = 2}, {}); },
      "lost for words");
}

TEST(Translating, AccuracyTable) {
  EXPECT_EQ(accuracy_table({{"one vector", {1, 0.995, 0.9, 0.5, 0.25, 0.125, 0, 0}}}),
            "  numbers in a list    1    2    3    4    5    6    7    8\n"
            "  one vector         100 99.5 90.0 50.0 25.0 12.5  0.0  0.0\n");
}

TEST(Agreement, VerbAndClausesAgree) {
  const AgreementGrammar grammar;
  manual_seed(1);
  for (const auto& [opening, stood] :
       {std::pair{false, false}, {true, false}, {false, true}, {true, true}})
    for (int64_t clauses = 0; clauses <= 3; ++clauses) {
      const AgreementSentences sentences = grammar.draw(40, clauses, opening, stood);
      EXPECT_EQ(static_cast<int64_t>(sentences.nouns.size()), clauses + (opening ? 1 : 0));
      const auto plural = sentences.plural.sum().item<int64_t>();
      EXPECT_GT(plural, 0);
      EXPECT_LT(plural, 40);
      for (int64_t i = 0; i < 40; ++i) {
        const auto word = [&](int64_t at) {
          return grammar.words.word(sentences.words[i][at].item<int64_t>());
        };
        const bool many = sentences.plural[i].item<int64_t>() == 1;
        EXPECT_EQ(word(sentences.subject).ends_with('s'), many);
        EXPECT_EQ(word(sentences.subject - 1), "the");
        if (clauses > 0) {
          EXPECT_EQ(word(sentences.copula), stood ? "stood" : many ? "were" : "was");
        }
        for (const int64_t noun : sentences.nouns)
          EXPECT_EQ(word(noun - 1), "the");
        EXPECT_EQ(word(sentences.words.size(1) - 1), "___");
        EXPECT_TRUE(grammar.text(sentences, i).ends_with(many ? " jump" : " jumps"));
      }
    }
  expect_error([&] { grammar.draw(0, 1, true, true); },
               "agreement: 0 sentences of 1 clauses - expected at least one, of 0 or more");
  expect_error([&] { grammar.draw(1, -1, true, true); },
               "agreement: 1 sentences of -1 clauses - expected at least one, of 0 or more");
}

TEST(PairsFromTrans, ShortSentencesOnly) {
  const std::string list = temporary_path("pairs.txt").string();
  FILE* out = fopen(list.c_str(), "w");
  ASSERT_TRUE(out);
  fputs(
      "# a comment :: no pair.\n"
      "Rute {f} | Ruten {pl} :: rod | rods\n"
      "Das ist gut!; Prima! [ugs.] | Wie geht's (dir)? :: That's good! | How are you?\n"
      "Eins. | Zwei. :: One.\n"
      "Dieser Satz hat mit seinem Punkt wohl acht Stücke. :: This sentence is too long for it.\n",
      out);
  fclose(out);
  FILE* in = popen(
      ("awk -f '" GRADUS_SOURCE_DIR "/lessons/translation/pairs_from_trans.awk' '" + list + "'")
          .c_str(),
      "r");
  ASSERT_TRUE(in);
  std::string text;
  for (int c = fgetc(in); c != EOF; c = fgetc(in))
    text += static_cast<char>(c);
  EXPECT_EQ(pclose(in), 0);
  std::remove(list.c_str());
  EXPECT_EQ(text, "das ist gut !\tthat's good !\nwie geht's ?\thow are you ?\n");
}

#ifdef LESSON_02
TEST(LessonProgram, CtrlCInTrainingShowsWhatWasLearned) {
  const EndedProgram ended = interrupt_training(LESSON_02);
  EXPECT_EQ(ended.status, 130) << ended.output;
  EXPECT_TRUE(contains(ended.output, "one vector: stopped after ")) << ended.output;
  EXPECT_TRUE(contains(ended.output, "numbers in a list    1    2")) << ended.output;
  EXPECT_FALSE(contains(ended.output, "Let it speak")) << ended.output;
}
#endif

}  // namespace
