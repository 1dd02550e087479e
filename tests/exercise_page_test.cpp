// What the screen of an exercise says besides the verdict: the task, and an answer beside a
// solution.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include "exercises/grader/page_text.h"
#include "exercises/grader/task_text.h"
#include "terminal/terminal.h"
#include "tests/exercise_support.h"

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

TEST(Task, IsOnTheScreen) {
  const Exercises exercises = scratch("task");
  for (const Exercise& e : exercises.all()) {
    for (const int width : {60, 80, 100}) {
      const std::string all = complete_task(exercises, e, width);
      expect_narrow(all, width);
      expect_narrow(short_task(exercises, e, width, 1000), width);
    }
    const std::string task = short_task(exercises, e, 80, 1000);
    EXPECT_NE(task.find(e.name() + ".cpp"), std::string::npos) << task;
    EXPECT_NE(task.find(e.folder + "/README.md"), std::string::npos) << task;
    EXPECT_NE(task.find("\n    "), std::string::npos) << "no formula or shapes: " << task;
    EXPECT_GE(lines_of(task).size(), 8u) << task;
    // in few rows the idea is shortened, the formula and the shapes are not
    const std::vector<std::string> few = lines_of(short_task(exercises, e, 80, 17));
    const std::vector<std::string> lines = lines_of(task);
    EXPECT_LE(few.size(), std::max<size_t>(17, lines.size() - 3)) << e.folder;
    EXPECT_EQ(few.back(), lines.back());
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

  for (const Exercise& other : exercises.all())
    progress.note(other, Outcome::right);
  EXPECT_NE(after_passing(exercises, e, progress, 80).find("All the other exercises are right."),
            std::string::npos);
}

}  // namespace
#endif
