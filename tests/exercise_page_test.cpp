// What the screen of an exercise says besides the verdict: the task, and an answer beside a
// solution.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include "exercises/grader/page_text.h"
#include "exercises/grader/pages.h"
#include "exercises/grader/task_text.h"
#include "exercises/grader/verdict_text.h"
#include "terminal/terminal.h"
#include "tests/exercise_support.h"

namespace exercise_page_test {
using namespace gradus;
using namespace gradus::grader;
using namespace gradus::grader::tests;

namespace {

void expect_narrow(const std::string& text, int width) {
  for (const std::string& line : lines_of(text)) {
    const bool is_one_word = line.find(' ') == std::string::npos;  // a long path, for example
    EXPECT_TRUE(terminal::columns(line) <= width || is_one_word) << line;
    EXPECT_FALSE(line.ends_with(" ")) << "'" << line << "'";
  }
}

TEST(PlainText, OfMarkdown) {
  const std::string markdown =
      "# Title\n\n**Bold** and `code`, in a paragraph\nof two lines.\n\n"
      "    y = x * 2          over `x`\n\n"
      "| | shape |\n|---|---|\n| x, `y` | (B, T) |\n| weight | (C) |\n\n"
      "- first\n- second\n";
  EXPECT_EQ(plain_text(markdown, 80),
            "Bold and code, in a paragraph of two lines.\n\n"
            "    y = x * 2          over `x`\n\n"
            "    x, y     (B, T)\n"
            "    weight   (C)\n\n"
            "- first\n- second\n");
  expect_narrow(plain_text(markdown, 20), 20);
  EXPECT_EQ(plain_text("", 80), "");
}

TEST(SideBySide, MarksTheLinesThatDiffer) {
  EXPECT_EQ(side_by_side({"a", "same", "left", "same too"}, {"same", "right", "same too", "z"}, 23),
            "a          <\n"
            "same         same\n"
            "left       | right\n"
            "same too     same too\n"
            "           > z\n");
  EXPECT_EQ(side_by_side({}, {}, 80), "");
}

TEST(OneBelowAnother, MarksTheLinesThatDiffer) {
  EXPECT_EQ(one_below_another({"a", "same", "left", "more", "same too"},
                              {"same", "right", "same too", "a long line"}, 12),
            "< a\n"
            "  same\n"
            "< left\n"
            "< more\n"
            "> right\n"
            "  same too\n"
            "> a long\n"
            ">   line\n");
  EXPECT_EQ(one_below_another({}, {}, 60), "");
}

TEST(SideBySide, LongLinesGoOn) {
  const std::string text = side_by_side({"  const Tensor e = exp(x - largest);"}, {"short"}, 43);
  EXPECT_EQ(text,
            "  const Tensor e =   | short\n"
            "    exp(x -          |\n"
            "    largest);        |\n");
  const std::vector<std::string> accents{std::string(50, 'x') + "\xC3\xA9\xC3\xA9\xC3\xA9",
                                         "\x1B[31m"};
  for (const int width : {10, 23, 60, 200})
    expect_narrow(side_by_side(accents, {"  deep"}, width), std::max(width, 23));
  EXPECT_EQ(side_by_side(accents, {}, 200).find('\x1B'), std::string::npos);
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
    ++n;
  return n;
}

TEST(Verdict, TheStagesTakeTwoLinesAndShowOneDifferenceEach) {
  const Exercises exercises = scratch("stages");
  for (const Exercise& e : exercises.all()) {
    Verdict v;
    v.outcome = Outcome::right;
    v.compile_seconds = 1.25;
    for (const char* stage : {"shape", "forward", "gradient", "invariants", "numerics", "budget"})
      for (const char* name : {"one", "two"})
        v.checks.push_back(
            {stage, name, CheckResult::passed, {"worst 1.5e-16", "worst 2.5e-15", "x ok"}, {}});
    for (const int width : {60, 80, 100, 200}) {
      const std::string text = verdict_text(e, v, width, terminal::Depth::plain);
      const std::string stages = text.substr(0, text.find("right: all 12 checks passed"));
      EXPECT_LE(lines_of(stages).size(), 2u) << stages;
      EXPECT_EQ(text.find("1.5e-16"), std::string::npos) << text;
      EXPECT_EQ(count(stages, "2.5e-15"), width == 200 ? 6u : 0u) << stages;
      EXPECT_NE(stages.find("budget ok"), std::string::npos) << stages;
    }
  }
}

TEST(Pages, HoldEveryLineOnce) {
  const std::string head = "1\n2\n3\n";
  const std::string below = "a\nb\n";
  const Pages one(head, below, 6, true);
  ASSERT_EQ(one.count(), 1u);
  EXPECT_EQ(one.lines(0), (std::vector<std::string>{"1", "2", "3", "", "a", "b"}));
  const Pages continued(head, below, 4, false);
  ASSERT_EQ(continued.count(), 2u);
  EXPECT_EQ(continued.first(), 0u);
  EXPECT_EQ(continued.lines(1), (std::vector<std::string>{"a", "b"}));
  const Pages asked(head, below, 2, true);
  ASSERT_EQ(asked.count(), 3u);
  EXPECT_EQ(asked.first(), 2u);
  EXPECT_EQ(asked.lines(2), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Pages("", "", 4, false).count(), 1u);
  // a page ends at an empty line
  const Pages cut("1\n2\n3\n\n4\n5\n6\n", "", 5, false);
  ASSERT_EQ(cut.count(), 2u);
  EXPECT_EQ(cut.lines(0), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(cut.lines(1), (std::vector<std::string>{"4", "5", "6"}));
}

TEST(Pages, AreCountedFromTheTextThatWasAskedFor) {
  const std::string text = "a\nb\n\nc\nd\n";
  const Pages asked("1\n2\n", text, 3, true);
  ASSERT_EQ(asked.count(), 3u);
  ASSERT_EQ(asked.first(), 1u);
  EXPECT_EQ(asked.keys(0), "the verdict   space: next   b: back");
  EXPECT_EQ(asked.keys(1), "page 1 of 2   space: next   b: the verdict");
  EXPECT_EQ(asked.keys(2), "page 2 of 2   space: the verdict   b: back");
  EXPECT_EQ(Pages("1\n2\n", text, 5, true).keys(1), "space: the verdict");
  const Pages after_a_long_verdict(text, text, 3, true);
  EXPECT_EQ(after_a_long_verdict.keys(1), "the verdict, 2 of 2   space: next   b: back");
  EXPECT_EQ(after_a_long_verdict.keys(2), "page 1 of 2   space: next   b: the verdict");
  const Pages continued("1\n2\n", text, 3, false);
  EXPECT_EQ(continued.keys(0), "page 1 of 3   space: next   b: back");
  EXPECT_EQ(Pages("1\n", "a\n", 3, true).keys(0), "");
}

TEST(Task, IsOnTheScreen) {
  const Exercises exercises = scratch("task");
  for (const Exercise& e : exercises.all()) {
    for (const int width : {60, 80, 100}) {
      const std::string all = complete_task(exercises, e, width);
      expect_narrow(all, width);
      expect_narrow(short_task(exercises, e, width), width);
    }
    const std::string task = short_task(exercises, e, 80);
    EXPECT_NE(task.find(e.name() + ".cpp"), std::string::npos) << task;
    EXPECT_NE(task.find(e.folder + "/README.md"), std::string::npos) << task;
    EXPECT_NE(task.find("\n    "), std::string::npos) << "no formula or shapes: " << task;
    EXPECT_GE(lines_of(task).size(), 8u) << task;
  }
}

TEST(Task, FormulasFitAWindowOf80Columns) {
  const Exercises exercises = scratch("formulas");
  for (const Exercise& e : exercises.all())
    for (const std::string& line : lines_of(read_text(exercises.source / e.folder / "README.md")))
      if (line.starts_with("    ")) {
        EXPECT_LE(terminal::columns(line), 80) << e.folder << ": " << line;
      }
}

TEST(Verdict, WhatIsToDoFitsTheWindow) {
  const Exercises exercises = scratch("to_do");
  Verdict v;
  v.outcome = Outcome::to_do;
  v.message = "attention_bugs: five of the lines below are wrong; mend them, then remove this one";
  for (const CheckResult::State first : {CheckResult::to_do, CheckResult::passed}) {
    v.checks = {{"shape", "one", first, {}, {}}, {"forward", "two", CheckResult::to_do, {}, {}}};
    for (const int width : {60, 80, 200}) {
      const std::string text =
          verdict_text(exercises.find("softmax"), v, width, terminal::Depth::plain);
      expect_narrow(text, width);
      EXPECT_NE(text.find("to do: attention_bugs: five"), std::string::npos) << text;
    }
  }
}

TEST(Task, AfterPassingTheNextOneIsSaid) {
  const Exercises exercises = scratch("passed");
  const Exercise e = exercises.find("softmax");
  write_text(exercises.answer(e), read_text(exercises.solution(e)));
  Progress progress(exercises);
  progress.note(e, Outcome::right);
  const std::string text = after_passing(exercises, e, progress, 80);
  EXPECT_NE(text.find("To remember:\nThe maximum cancels"), std::string::npos) << text;
  EXPECT_NE(text.find("Next: ./run exercise log_sum_exp"), std::string::npos) << text;
  EXPECT_NE(text.find("your answer"), std::string::npos) << text;
  for (const char* mark : {" | ", " < ", " > "})
    EXPECT_EQ(text.find(mark, text.find("one solution")), std::string::npos) << text;
  expect_narrow(text, 80);
  const std::string narrow = after_passing(exercises, e, progress, 60);
  expect_narrow(narrow, 60);
  EXPECT_NE(narrow.find("your answer (<) and one solution (>)"), std::string::npos) << narrow;

  for (const Exercise& other : exercises.all())
    progress.note(other, Outcome::right);
  EXPECT_NE(after_passing(exercises, e, progress, 80).find("All the other exercises are right."),
            std::string::npos);
}

}  // namespace
}  // namespace exercise_page_test
#endif
