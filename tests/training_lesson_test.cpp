// Lesson 12: its text, what it measures, and what it says to wrong texts.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gpt/generate.h"
#include "gradus.h"
#include "lessons/training/heads.h"
#include "lessons/training/training_text.h"
#include "tests/lesson_support.h"
#include "tests/temporary.h"

namespace training_lesson_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

nn::Gpt tiny_gpt() {
  manual_seed(1);
  return nn::Gpt({.vocab_size = 5,
                  .context_length = 8,
                  .emb_dim = 8,
                  .n_heads = 2,
                  .n_layers = 2,
                  .drop_rate = 0});
}

TEST(Heads, WithoutQueriesAllLettersGetTheSameWeight) {
  const nn::Gpt model = tiny_gpt();
  {
    const NoGradGuard no_grad;
    for (const auto& [name, parameter] : model.named_parameters())
      if (name.find("W_query") != std::string::npos) parameter.zero_();
  }
  const HeadsOfGpt heads = measure_heads(model, randint(0, 5, {3, 4}));
  EXPECT_EQ(to_string(heads.previous.sizes()), "[2, 2]");
  // Positions 1, 2 and 3 see 2, 3 and 4 letters.
  EXPECT_TRUE(allclose(heads.previous, full({2, 2}, (1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 3)));
  EXPECT_TRUE(allclose(heads.distance, full({2, 2}, (0.5 + 1 + 1.5) / 3)));
}

TEST(Heads, AreThoseOfTheTrace) {
  const nn::Gpt model = tiny_gpt();
  const Tensor ids = randint(0, 5, {1, 2});
  std::vector<nn::AttentionTrace> traces;
  model(ids, &traces);
  const HeadsOfGpt heads = measure_heads(model, ids);
  for (const int64_t layer : {0, 1})
    for (const int64_t head : {0, 1}) {
      const Tensor weight = traces[static_cast<size_t>(layer)].weights[0][head][1][0];
      EXPECT_NEAR(heads.previous[layer][head].item<float>(), weight.item<float>(), 1e-6);
      EXPECT_NEAR(heads.distance[layer][head].item<float>(), weight.item<float>(), 1e-6);
    }
}

TEST(ShownText, CannotCommandTheTerminal) {
  EXPECT_EQ(shown_letter(" "), "_");
  EXPECT_EQ(shown_letter("\n"), "\\n");
  EXPECT_EQ(shown_letter("\x1b"), "?");
  EXPECT_EQ(shown_letter("ä"), "ä");
  EXPECT_EQ(shown_text("a\n\x1b[2J\n\nb"), "  a\n  ?[2J\n  \n  b\n");
  EXPECT_EQ(shown_text(std::string(500, 'x')).size(), 2 + 76 + 1);
}

#ifdef LESSON_12
EndedProgram lesson_12(const std::string& arguments) {
  return run_program(LESSON_12, "--quick " + arguments);
}
EndedProgram with_text(const std::string& content) {
  const std::string path = temporary_path("text.txt").string();
  std::ofstream(path, std::ios::binary) << content;
  return lesson_12("--text " + path);
}

TEST(TrainingLesson, QuickMakesNoClaimAboutTheTraining) {
  const EndedProgram run = lesson_12("");
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(contains(run.output, "letter by letter with the cache: the same logits: yes"));
  EXPECT_TRUE(contains(run.output, "starts within 0.1 of ln V: yes"));
  EXPECT_TRUE(contains(run.output, "same as the book: yes"));
  EXPECT_FALSE(contains(run.output, "the batch is learned"));
  EXPECT_FALSE(contains(run.output, "as good as choosing between"));
}

TEST(TrainingLesson, TextsThatCannotBeLearned) {
  expect_refused(with_text(""), "empty");
  expect_refused(with_text("too short"), "part has");
  expect_refused(with_text("\xff\xfe" + std::string(1000, 'x')), "UTF-8");
  expect_refused(lesson_12("--text /nowhere/text"), "/nowhere/text");
  expect_refused(lesson_12("--text /"), "/");
}

TEST(TrainingLesson, UnusualTexts) {
  const EndedProgram one_letter = with_text(std::string(300, 'a'));
  EXPECT_EQ(one_letter.status, 0) << one_letter.output;
  std::string many;
  for (int i = 0; i < 12000; ++i)  // the end of the part that --quick reads is inside a character
    many += {static_cast<char>(0xE4 + i % 3), static_cast<char>(0xB8 + i % 7),
             static_cast<char>(0x80 + i % 64)};
  const EndedProgram chinese = with_text(many);
  EXPECT_EQ(chinese.status, 0) << chinese.output;
  EXPECT_TRUE(contains(chinese.output, "not checked (--text)")) << chinese.output;
}
#endif

}  // namespace
}  // namespace training_lesson_test
