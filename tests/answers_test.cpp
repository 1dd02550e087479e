// Lesson 14: its facts and questions, the measures, and what it says to wrong files.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "gpt/chat.h"
#include "gpt/fine_tuning.h"
#include "gradus.h"
#include "lessons/answers/asking.h"
#include "lessons/answers/classifier.h"
#include "lessons/answers/masked_loss.h"
#include "lessons/answers/number_gpt.h"
#include "tests/lesson_support.h"
#include "tests/temporary.h"

namespace answers_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(NumberFacts, Sentences) {
  EXPECT_EQ(sentence({FactKind::sum, 23, 4}), "twenty-three plus four is twenty-seven.");
  EXPECT_EQ(sentence({FactKind::difference, 23, 4}), "twenty-three minus four is nineteen.");
  EXPECT_EQ(sentence({FactKind::difference, 7, 7}), "seven minus seven is zero.");
  EXPECT_EQ(sentence({FactKind::parity, 9}), "nine is odd.");
  EXPECT_EQ(sentence({FactKind::parity, 0}), "zero is even.");
  EXPECT_EQ(sentence({FactKind::larger, 9, 12}), "of nine and twelve, twelve is larger.");
  EXPECT_EQ(sentence({FactKind::after, 59}), "after fifty-nine comes sixty.");
  EXPECT_EQ(sentence({FactKind::before, 20}), "before twenty comes nineteen.");
  EXPECT_EQ(error_of([] { in_words(100); }), "in_words: 100, expected a number from 0 to 99");
}

TEST(NumberFacts, ATenthIsKeptForTesting) {
  int64_t kept = 0;
  int64_t all = 0;
  std::set<int64_t> tens;
  std::set<int64_t> units;
  for (int64_t a = 0; a < 100; ++a)
    for (int64_t b = 0; b < 100; ++b) {
      const bool is_kept = held_out({FactKind::sum, a, b});
      EXPECT_EQ(is_kept, held_out({FactKind::larger, b, a}));  // in either order
      if (is_kept) {
        ++kept;
        tens.insert(a / 10);
        units.insert(a % 10);
      }
      ++all;
    }
  EXPECT_NEAR(static_cast<double>(kept) / static_cast<double>(all), 0.1, 0.02);
  EXPECT_EQ(tens.size(), 10u);
  EXPECT_EQ(units.size(), 10u);
  // The lesson shows these.
  EXPECT_TRUE(held_out({FactKind::sum, 46, 35}));
  EXPECT_TRUE(held_out({FactKind::larger, 60, 58}));
  std::vector<int64_t> numbers;
  for (int64_t n = 0; n < 100; ++n)
    if (held_out({FactKind::parity, n})) numbers.push_back(n);
  EXPECT_EQ(numbers, (std::vector<int64_t>{23, 37, 44, 51, 58, 65, 72, 79, 86, 93}));
}

TEST(NumberFacts, TheTextHasNoneOfThoseThatAreKept) {
  manual_seed(1);
  std::set<std::string> kept;
  for (const FactKind kind : kFactKinds)
    for (int i = 0; i < 1000; ++i)
      kept.insert(sentence(random_fact(kind, /*kept=*/true)));
  const std::string text = random_text(3000);
  EXPECT_EQ(std::ranges::count(text, '\n'), 3000);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_EQ(kept.count(text.substr(begin, end - begin)), 0u);
    begin = end + 1;
  }
}

TEST(Questions, TrainingAndTestHaveNoneInCommon) {
  manual_seed(1);
  std::set<std::string> trained;
  for (const gpt::Conversation& conversation : training_conversations(2000)) {
    gpt::check_roles(conversation);
    EXPECT_LE(conversation.messages.size(), 4u);
    for (const gpt::Message& message : conversation.messages)
      trained.insert(message.content);
  }
  EXPECT_TRUE(trained.count(kDoNotKnow));
  const NumberTests tests = number_tests(50);
  for (const auto* all : {&tests.questions, &tests.wordings})
    for (const TestQuestions& test : *all)
      for (const auto& [question, answer] : test.questions) {
        EXPECT_EQ(trained.count(question), 0u) << question;
        EXPECT_EQ(trained.count(answer), 0u) << answer;
      }
  for (const auto& [question, answer] : tests.outside.questions) {
    EXPECT_EQ(trained.count(question), 0u) << question;
    EXPECT_EQ(answer, kDoNotKnow);
    EXPECT_EQ(question.find_first_of("@#"), std::string::npos) << question;
  }
}

TEST(Questions, AnUnseenWordingIsNeverTrained) {
  manual_seed(1);
  const Fact fact{FactKind::after, 7};
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(question_about(fact).question.starts_with("hello, "));
    EXPECT_TRUE(question_about(fact, Wording::unseen).question.starts_with("hello, "));
  }
}

TEST(Questions, Beginnings) {
  const auto parts = [](const Fact& fact) {
    const auto [beginning, rest] = beginning_of(fact);
    return beginning + "|" + rest;
  };
  EXPECT_EQ(parts({FactKind::sum, 2, 3}), "two plus three is| five.");
  EXPECT_EQ(parts({FactKind::parity, 2}), "two is| even.");
  EXPECT_EQ(parts({FactKind::larger, 2, 3}), "of two and three,| three is larger.");
  EXPECT_EQ(parts({FactKind::before, 2}), "before two comes| one.");
}

struct Small {
  NumberTexts texts;
  nn::Gpt model;
};
/// A model that has learned for a few steps.
Small small() {
  manual_seed(1);
  const NumberGptSizes sizes = quick_sizes();
  const NumberTexts texts = number_texts(sizes);
  const nn::Gpt model = gpt::with_vocabulary(untrained_number_gpt(sizes, texts),
                                             texts.format.tokenizer().vocab_size());
  learn({{.name = "a", .model = model, .trained = model, .lr = 1e-2}}, *texts.answering,
        {.steps = 100, .batch = 8, .warmup = 5}, "answering", {});
  model.eval();
  return {texts, model};
}

// The share is measured without generating. It is that of the answers that Chat gives.
TEST(Asking, TheShareIsThatOfGeneratedAnswers) {
  const auto [texts, model] = small();
  std::vector<Question> questions;
  for (const gpt::Conversation& conversation : texts.conversations)
    questions.push_back({conversation.messages[0].content, conversation.messages[1].content});
  int64_t right = 0;
  for (const auto& [question, answer] : questions)
    if (gpt::Chat(model, texts.format).answer(question) == answer) ++right;
  const double share = shares_right(model, texts.format, {{"all", questions}}).front();
  EXPECT_EQ(share, static_cast<double>(right) / static_cast<double>(questions.size()));
  EXPECT_GT(right, 0);
  EXPECT_LT(share, 1);
}

TEST(LossMask, WithoutMaskEveryTargetOfAConversationCounts) {
  const NumberTexts texts = small().texts;
  const gpt::Batch batch = texts.answering->all();
  EXPECT_EQ(without_mask(batch).counted(), texts.answering->tokens());
  int64_t answers = 0;
  for (const gpt::Conversation& conversation : texts.conversations)
    answers += std::ssize(conversation.messages) / 2;
  EXPECT_EQ(without_end(batch, texts.format.end()).counted(), batch.counted() - answers);
  const double share = share_of_questions(*texts.answering);
  EXPECT_GT(share, 0.2);
  EXPECT_LT(share, 0.8);
}

TEST(LearningSideBySide, WhatOneLearnsDoesNotDependOnTheOthers) {
  const Small all = small();
  const auto learned = [&](size_t others) {
    manual_seed(3);
    std::vector<Learner> learners;
    for (size_t i = 0; i <= others; ++i) {
      const nn::Gpt copy = gpt::copy_of(all.model);
      learners.push_back({.name = "a", .model = copy, .trained = copy, .lr = 1e-3});
    }
    learn(learners, *all.texts.answering, {.steps = 10, .batch = 4, .warmup = 2}, "answering", {});
    return learners.front().model.tok_emb.weight.detach();
  };
  EXPECT_TRUE(equal(learned(0), learned(2)));
}

TEST(Classifier, ReadsTheChosenRow) {
  const auto [texts, model] = small();
  const SplitExamples split = split_examples(odd_or_even());
  EXPECT_EQ(split.labels, (std::vector<std::string>{"even", "odd"}));
  EXPECT_EQ(split.test.size(), 20u);
  EXPECT_EQ(split.train.size(), 80u);
  const GptClassifier classifier(gpt::copy_of(model), 2);
  const std::vector<Example> two{{"odd", "twenty-three"}, {"odd", "one"}};
  const LabelledBatch last = labelled_batch(split, two, texts.tokenizer, 64, ReadRow::last);
  const LabelledBatch first = labelled_batch(split, two, texts.tokenizer, 64, ReadRow::first);
  EXPECT_TRUE(equal(last.rows, tensor({2, 0})));
  EXPECT_TRUE(equal(first.rows, tensor({0, 0})));
  EXPECT_TRUE(equal(last.targets, tensor({1, 1})));
  // Padding changes nothing.
  const Tensor together = classifier(last.ids, last.rows);
  const LabelledBatch alone = labelled_batch(split, {two[1]}, texts.tokenizer, 64, ReadRow::last);
  EXPECT_TRUE(allclose(together[1], classifier(alone.ids, alone.rows)[0], 1e-5, 1e-6));
  // The first row does not see the rest.
  const LabelledBatch other = labelled_batch(split, {{"odd", "twenty-five"}, {"odd", "one"}},
                                             texts.tokenizer, 64, ReadRow::first);
  EXPECT_TRUE(equal(classifier(first.ids, first.rows), classifier(other.ids, other.rows)));
  const Tensor counts = confusion(classifier, texts.tokenizer, split, split.test, ReadRow::last);
  EXPECT_EQ(counts.sum().item<int64_t>(), 20);
}

std::string file_with(const std::string& content) {
  const std::string path = temporary_path("examples.tsv").string();
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST(Examples, AreReadFromAFile) {
  const auto all =
      read_examples(file_with("\xEF\xBB\xBFham\thello there\r\n\nspam\twin\tnow\n"
                              "ham\tyes\nspam\tbuy"));
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].label, "ham");
  EXPECT_EQ(all[0].text, "hello there");
  EXPECT_EQ(all[1].text, "win\tnow");
  const SplitExamples split = split_examples(all);
  EXPECT_EQ(split.test.size(), 2u);
  EXPECT_EQ(split.train.size(), 2u);
}

TEST(Examples, BadFilesAreNamed) {
  const auto expect_message = [](const std::string& content, const std::string& message) {
    const std::string error = error_of([&] { read_examples(file_with(content)); });
    EXPECT_TRUE(error.starts_with("--examples: ")) << error;
    EXPECT_TRUE(contains(error, message)) << error;
  };
  expect_message("", "the file is empty");
  expect_message("\n  \n", "has only empty lines, expected a label, a tab and a text");
  expect_message("a\tx\nno tab\n", "line 2: there is no tab, expected a label, a tab and a text");
  expect_message("a\tx\n\tx\n", "line 2: the label is empty");
  expect_message("a\t \n", "line 1: the text is empty");
  expect_message("a\tx\nb\t\xff\n", "line 2: it is not UTF-8");
  expect_message("a\tx\na\ty\n", "has the label 'a', expected two or more");
  expect_message("a\tx\na\ty\nb\tz\n", "has only one line with the label 'b'");
  std::string many;
  for (int i = 0; i < 11; ++i)
    many += fmt::format("l{0}\tx\nl{0}\ty\n", i);
  expect_message(many, "has 11 different labels, expected at most 10");
  const std::string missing = error_of([] { read_examples("/nowhere/file"); });
  EXPECT_TRUE(contains(missing, "/nowhere/file")) << missing;
}

#ifdef LESSON_14
EndedProgram lesson_14(const std::string& arguments) {
  return run_program(LESSON_14, "--quick --no-code " + arguments);
}

TEST(AnsweringLesson, QuickMakesNoClaimAboutLearning) {
  const EndedProgram run = lesson_14("");
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(contains(run.output, "the answer's tokens alone has the same bits: yes"));
  EXPECT_TRUE(contains(run.output, "the same gradient within rounding: yes"));
  for (const char* claim : {"at least 9", "at most 5% of the questions", "no answer ends"})
    EXPECT_FALSE(contains(run.output, claim)) << claim;
}

TEST(AnsweringLesson, ReportsABadFileBeforeTheTraining) {
  const EndedProgram run = lesson_14("--examples " + file_with("a\tx\na\ty\n"));
  expect_refused(run, "has the label 'a', expected two or more");
  EXPECT_FALSE(contains(run.output, "reading:"));
}

TEST(AnsweringLesson, ClassifiesOtherTextsAndKeepsItsModel) {
  const std::string course = temporary_path("course").string();
  std::string examples;
  for (int i = 0; i < 10; ++i)
    examples += "ham\tsee you at ten\nspam\tw\xC3\xA9 give money now\n";
  const std::string arguments = "--keep --examples " + file_with(examples);
  setenv("GRADUS_COURSE", course.c_str(), 1);
  const EndedProgram run = lesson_14(arguments);
  const EndedProgram again = lesson_14(arguments);
  unsetenv("GRADUS_COURSE");
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(contains(run.output, "ham, spam")) << run.output;
  const std::string folder = course + "/lesson_14_seed_123_quick";
  EXPECT_TRUE(contains(run.output, "./run chat --model " + folder)) << run.output;
  EXPECT_TRUE(std::filesystem::exists(folder + "/model.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/added_tokens.json"));
  EXPECT_TRUE(contains(again.output, "No training is needed")) << again.output;
  EXPECT_EQ(again.status, 0);
}

TEST(AnsweringLesson, EndsWellWhereNothingCanBeKept) {
  setenv("GRADUS_COURSE", file_with("this is no folder").c_str(), 1);
  const EndedProgram run = lesson_14("--keep");
  unsetenv("GRADUS_COURSE");
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(contains(run.output, "The models could not be kept: ")) << run.output;
  EXPECT_TRUE(contains(run.output, "The model could not be kept: ")) << run.output;
}
#endif

}  // namespace
}  // namespace answers_test
