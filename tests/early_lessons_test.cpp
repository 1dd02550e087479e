// Lessons 01 to 03 as programs: gradient descent, one training for two lessons, kept models, and
// that nothing is claimed that was not learned.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lessons/kit/lesson.h"
#include "tensor/files.h"
#include "tests/lesson_support.h"
#include "tests/temporary.h"

#ifdef LESSONS_DIR
namespace early_lessons_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

EndedProgram run_lesson(const std::string& number, const std::string& options) {
  return run_program(LESSONS_DIR "/lesson_" + number, options);
}

/// A folder for kept models, as ./run gives one to the lessons.
class Kept : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = temporary_path("kept").string();
    std::filesystem::remove_all(folder_);
    setenv("GRADUS_COURSE", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("GRADUS_COURSE");
    std::filesystem::remove_all(folder_);
  }
  std::string file(const std::string& name) const {
    return folder_ + "/" + name + "_seed_123_quick.safetensors";
  }

  std::string folder_;
};

/// The text from a heading on, up to the next step that trains or the end.
std::string part(const std::string& output, const std::string& from, const std::string& to) {
  const size_t start = output.find(from);
  EXPECT_NE(start, output.npos) << from << " is missing in\n" << output;
  return start == output.npos ? "" : output.substr(start, output.find(to, start) - start);
}

TEST(EarlyLessons, GradientDescentByHandIsThatOfTheOptimiser) {
  const EndedProgram ended = run_lesson("01", "");
  EXPECT_EQ(ended.status, 0);
  for (const char* line :
       {"  update 1: the loss is 21\n", "    w = w - lr * grad = 0 - 0.125 * (-17) = 2.125\n",
        "    b = b - lr * grad = 0 - 0.125 * (-8) = 1\n",
        "w is that of the updates by hand: yes (largest difference 0)\n",
        "b too: yes (largest difference 0)\n", "with 0.25 it is larger than at the start: yes\n"})
    EXPECT_TRUE(contains(ended.output, line)) << line << " is missing in\n" << ended.output;
}

TEST(EarlyLessons, TheTrainingLoopIsInLesson02) {
  const EndedProgram ended = run_lesson("02", "--quick --code");
  EXPECT_EQ(ended.status, 0);
  size_t at = ended.output.find("Trained learn(");
  for (const char* line : {"optimizer.zero_grad();", "const Tensor loss = ", "loss.backward();",
                           "clip_grad_norm_(", "optimizer.step();"}) {
    at = ended.output.find(line, at);
    EXPECT_NE(at, ended.output.npos) << line << "\n" << ended.output;
  }
}

TEST(EarlyLessons, QuickRunsClaimNothingThatWasNotLearned) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> claims{
      {"02",
       {"single numbers are right, unseen ones too", "lists of eight are not",
        "begin well; look where the wrong ones", "one long number fits into the vector",
        "So the number of words is not what counts", "With zeros it still says number words"}},
      {"03",
       {": at least 95% at every length", "one vector is at least 40 points below Bahdanau",
        "Bahdanau: at least 90% of digits", "Why not 100, if the translations are right?"}}};
  for (const auto& [number, sentences] : claims) {
    const EndedProgram ended = run_lesson(number, "--quick");
    EXPECT_EQ(ended.status, 0) << ended.output;
    std::string source;
    for (const EmbeddedFile& file : embedded_files())
      if (file.path.starts_with("lessons/" + number + "_")) source = file.text;
    for (const std::string& sentence : sentences) {
      EXPECT_TRUE(contains(source, sentence)) << "lesson " << number << ": " << sentence;
      EXPECT_FALSE(contains(ended.output, sentence)) << sentence << "\n" << ended.output;
    }
  }
}

TEST_F(Kept, AKeptModelIsNotTrainedAgainAndTranslatesTheSame) {
  const EndedProgram first = run_lesson("02", "--quick --keep --text 'eins, zweihundert'");
  EXPECT_EQ(first.status, 0) << first.output;
  EXPECT_TRUE(contains(first.output, "one vector: 16 steps in ")) << first.output;
  const EndedProgram second = run_lesson("02", "--quick --text 'eins, zweihundert'");
  EXPECT_EQ(second.status, 0) << second.output;
  EXPECT_FALSE(contains(second.output, "one vector: 16 steps in ")) << second.output;
  EXPECT_FALSE(contains(second.output, "single numbers: 16 steps in ")) << second.output;
  const auto speaks = [](const EndedProgram& run) {
    return part(run.output, "7  Let it speak", "9  A long number");
  };
  EXPECT_EQ(speaks(first), speaks(second));
  EXPECT_TRUE(contains(speaks(first), "And yours:\n\n  eins, zweihundert\n")) << speaks(first);

  // Without --keep and --text it trains, and what cannot be read is not used.
  EXPECT_TRUE(contains(run_lesson("02", "--quick").output, "one vector: 16 steps in "));
  std::ofstream(file("lesson_02")) << "no model";
  const EndedProgram broken = run_lesson("02", "--quick --text eins");
  EXPECT_EQ(broken.status, 0) << broken.output;
  EXPECT_TRUE(contains(broken.output, "cannot be used")) << broken.output;
  EXPECT_TRUE(contains(broken.output, "one vector: 16 steps in ")) << broken.output;
}

TEST_F(Kept, TheModelWithOneVectorIsTheSameInLessons02And03) {
  EXPECT_EQ(run_lesson("02", "--quick --keep").status, 0);
  EXPECT_EQ(run_lesson("03", "--quick --keep").status, 0);
  const NamedTensors of_02 = load_safetensors(file("lesson_02"));
  const NamedTensors of_03 = load_safetensors(file("lesson_03"));
  EXPECT_GT(of_02.size(), 10U);
  EXPECT_GT(of_03.size(), 5 * of_02.size());
  for (const auto& kept : of_02) {
    const auto same = std::find_if(of_03.begin(), of_03.end(),
                                   [&](const auto& other) { return other.first == kept.first; });
    ASSERT_NE(same, of_03.end()) << kept.first;
    EXPECT_TRUE(equal(same->second, kept.second)) << kept.first;
  }
  const EndedProgram again = run_lesson("03", "--quick --keep");
  EXPECT_TRUE(contains(again.output, "No training is needed")) << again.output;
  EXPECT_FALSE(contains(again.output, "6 models: 16 steps")) << again.output;
}

TEST(EarlyLessons, AnswersOfQuestionsAreComputed) {
  const About about{.number = 1, .title = "Test"};
  Arguments arguments;
  arguments.step = true;
  std::istringstream in;
  std::ostringstream out;
  Lesson lesson(about, arguments, in, out);
  lesson.step("1", "x");
  lesson.ask_number("how many?", {3, 2.5}, 5.0 / 2);
  EXPECT_TRUE(contains(out.str(), "1: 3, 2: 2.5\nAnswer: 2.5\n")) << out.str();
  EXPECT_THROW(lesson.ask_number("how many?", {3, 2.5}, 4), Error);
}

TEST(EarlyLessons, NumbersInSentencesHaveSeparators) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(2360064), "2,360,064");
  EXPECT_EQ(grouped(-123456), "-123,456");
}

TEST(EarlyLessons, WhatIsNotRefusedFailsTheLesson) {
  const About about{.number = 1, .title = "Test"};
  const Arguments arguments;
  std::istringstream in;
  std::ostringstream out;
  Lesson lesson(about, arguments, in, out);
  lesson.step("1", "x");
  lesson.refused("An error:", [] { throw Error("no"); });
  EXPECT_TRUE(contains(out.str(), "An error:\n\n  Error: no\n")) << out.str();
  lesson.refused("No error", [] {});
  EXPECT_EQ(lesson.finish(), 1);
  EXPECT_TRUE(contains(out.str(), "No error: no (it was not refused)")) << out.str();
}

}  // namespace
}  // namespace early_lessons_test
#endif
