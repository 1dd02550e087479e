// The code that lessons print: it is that of the sources, and belongs to the step.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "lessons/kit/scanner.h"
#include "lessons/kit/step_code.h"
#include "tests/expect_error.h"

namespace lesson_source_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

const std::string kLesson04 = "lessons/04_simplified_self_attention.cpp";

std::string text_of(const Excerpt& excerpt) {
  std::string out;
  for (const auto& [number, line] : excerpt.lines)
    out += line + "\n";
  return out;
}
/// The line of a file that contains the text.
int line_with(const std::string& path, const std::string& text) {
  std::istringstream lines{std::string(embedded_file(path).text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find(text) != line.npos) return number;
  }
  return -1;
}

TEST(LessonSource, EveryEmbeddedFileIsAsOnTheDisk) {
  EXPECT_GT(embedded_files().size(), 40U);
  for (const EmbeddedFile& file : embedded_files()) {
    std::ifstream stream(std::string(GRADUS_SOURCE_DIR "/") + std::string(file.path));
    std::stringstream text;
    text << stream.rdbuf();
    EXPECT_TRUE(text.str() == file.text)
        << file.path << " has changed since the lessons were built";
  }
}

TEST(LessonSource, LinesOfAnExcerptHaveTheirNumbersInTheFile) {
  const Excerpt forward = definition("nn/causal_attention.h", "forward");
  EXPECT_EQ(forward.file, "nn/causal_attention.h");
  for (const auto& [number, line] : forward.lines)
    EXPECT_TRUE(line.empty() || line_with(forward.file, line) <= number);
  EXPECT_NE(forward.lines.front().second.find("///"), std::string::npos);
  EXPECT_EQ(forward.lines.back().second, "  }");
  EXPECT_NE(text_of(forward).find("return attend(q, k, v"), std::string::npos);
}

TEST(LessonSource, NamesThatDoNotExistAreErrors) {
  expect_error([] { definition("nn/causal_attention.h", "backward"); },
               "code: nn/causal_attention.h has no definition of 'backward'");
  expect_error([] { definition("nn/no_such_file.h", "forward"); },
               "code: 'nn/no_such_file.h' is not among the embedded sources");
  // Called and declared there, but not defined.
  expect_error([] { definition("nn/causal_attention.h", "attend"); },
               "code: nn/causal_attention.h has no definition of 'attend'");
}

TEST(LessonSource, StructsAndFunctionsOfALesson) {
  EXPECT_EQ(text_of(definition(kLesson04, "softmax_naive")),
            "/// exp(x) / sum(exp(x)), as textbooks define it.\n"
            "Tensor softmax_naive(const Tensor& x) { return exp(x) / exp(x).sum(); }\n");
  const std::string deep_net = text_of(definition("lessons/stages/deep_net.h", "DeepNet"));
  EXPECT_NE(deep_net.find("struct DeepNet : nn::Module {"), std::string::npos);
  EXPECT_TRUE(deep_net.ends_with("};\n")) << deep_net;
}

TEST(LessonSource, AStepHasTheLinesThatComputeAndNotThoseThatPrint) {
  StepCode code;
  const int scores = line_with(kLesson04, "Scores: how similar is");
  code.begin({kLesson04, scores});
  EXPECT_EQ(text_of(code.before({kLesson04, line_with(kLesson04, "\"attn_scores_2\", scores_2")})),
            "  const Tensor query = inputs[q];\n"
            "  Tensor scores_2 = empty(T);\n"
            "  for (int64_t i = 0; i < T; ++i)\n"
            "    scores_2[i] = matmul(inputs[i], query);\n");
  EXPECT_EQ(text_of(code.before({kLesson04, line_with(kLesson04, "\"attn_scores_2\", scores_2")})),
            "");
  const std::string rest = text_of(code.rest());
  EXPECT_NE(rest.find("lesson.show_from_book(\"dot_0_1\", matmul(inputs[0], query));"),
            std::string::npos)
      << rest;
  EXPECT_EQ(rest.find("lesson.say"), std::string::npos) << rest;
  EXPECT_EQ(rest.find("by_sum"), std::string::npos) << "that is the next step";
}

/// The code of all pieces of a step that begins with this heading.
std::string code_of_step(const std::string& path, const std::string& heading) {
  StepCode code;
  code.begin({path, line_with(path, heading)});
  return text_of(code.rest());
}

TEST(LessonSource, WhatOnlyAQuestionUsesIsNotShown) {
  const std::string lesson05 = "lessons/05_self_attention.cpp";
  const std::string squares = code_of_step(lesson05, "Why the square root?");
  EXPECT_EQ(squares.find("is_near"), std::string::npos) << squares;
  EXPECT_NE(squares.find("dots.var()"), std::string::npos) << squares;
  const std::string linear = code_of_step(lesson05, "Version 2's matrices in version 1");
  EXPECT_NE(linear.find("stored = "), std::string::npos) << "a sentence uses it, too: " << linear;
  EXPECT_EQ(
      code_of_step("lessons/07_multi_head_attention.cpp", "One head alone").find("makes_head"),
      std::string::npos);
}

TEST(LessonSource, WhatIsRefusedIsShownBeforeTheError) {
  const std::string lesson01 = "lessons/01_tensors_and_gradients.cpp";
  StepCode code;
  code.begin({lesson01, line_with(lesson01, "... I use it wrongly?")});
  EXPECT_EQ(text_of(code.before({lesson01, line_with(lesson01, "backward() of two numbers")})),
            "  const Tensor x = tensor({1., 2.}).requires_grad_();\n"
            "  (x * x).backward();\n");
  const int twice = line_with(lesson01, "backward() twice through one graph");
  EXPECT_EQ(text_of(code.before({lesson01, twice})),
            "  const Tensor y = (x * x).sum();\n"
            "  y.backward();\n"
            "  y.backward();\n");
  EXPECT_EQ(text_of(code.before({lesson01, line_with(lesson01, "Writing into a leaf")})),
            "  x.add_(1);\n");
}

TEST(LessonSource, EveryStepOfEveryLessonCanBeRead) {
  int steps = 0;
  int with_code = 0;
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("lessons/") || file.path.find('_') != 10) continue;
    std::istringstream lines{std::string(file.text)};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.find("lesson.step(") == line.npos) continue;
      ++steps;
      for (const Statement& statement : statements_after(file.path, number))
        if (!statement.code.lines.empty()) {
          ++with_code;
          break;
        }
    }
  }
  EXPECT_GT(steps, 70);
  EXPECT_GT(with_code, steps * 2 / 3);
}

TEST(LessonSource, EveryLessonDescribesItselfForTheMapAndForHelp) {
  int lessons = 0;
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("lessons/") || file.path.find('_') != 10) continue;
    ++lessons;
    const std::string text(file.text);
    std::smatch found;
    // .run/course.sh reads these two lines.
    ASSERT_TRUE(std::regex_search(text, found, std::regex("\n    \\.builds = \"(.*)\",\n")))
        << file.path << " needs a line .builds = \"...\",";
    EXPECT_LE(found.length(1), 40) << file.path;
    EXPECT_TRUE(std::regex_search(text, std::regex("\n    \\.seconds = [0-9]+,\n"))) << file.path;
    const bool uses_query = text.find("lesson.query()") != text.npos;
    const bool has_option = std::regex_search(text, std::regex("\\.options = \\{[^}]*\"query\""));
    EXPECT_EQ(uses_query, has_option) << file.path;
    EXPECT_EQ(uses_query, text.find("    .query =") != text.npos) << file.path;
  }
  EXPECT_GE(lessons, 9);
}

TEST(LessonSource, AnswersToQuestionsAreComputed) {
  int questions = 0;
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("lessons/")) continue;
    if (file.path.starts_with("lessons/kit/")) continue;
    const std::string_view text = file.text;
    for (size_t at = 0; (at = text.find("lesson.ask(", at)) != text.npos; ++at, ++questions) {
      const size_t end = std::min(text.find(");\n", at), text.size());
      const size_t last = text.find_last_of(" ,", end);
      EXPECT_NE(text.substr(last + 1, end - last - 1).find_first_not_of("0123456789"), text.npos)
          << file.path << ": " << text.substr(at, end - at);
    }
  }
  EXPECT_GT(questions, 15) << "in all lessons";
}

TEST(Scanner, StatementsWithTextsCommentsAndBraces) {
  const std::string code =
      "{ int a = f(\";}\"); // not ; here }\n"
      "  for (int i = 0; i < 3; ++i) { g(i); }\n"
      "  if (a) b(); else { c(); d('}'); }\n"
      "  try { e(); } catch (const E& x) { f(); }\n"
      "  const auto h = [&](int k) { return k; };\n"
      "  S s{.x = {1, 2}}; }";
  std::vector<size_t> children;
  for (const CodeRange& range : statements_of_block(code, 1))
    children.push_back(range.children.size());
  EXPECT_EQ(children, (std::vector<size_t>{0, 1, 3, 2, 0, 0}));
}

TEST(Drawn, MarksTheLinesThatAreLeftOut) {
  const Excerpt excerpt{"a.cpp", {{7, "f(x);"}, {9, "g(x);"}, {10, "h(x);"}}};
  EXPECT_EQ(drawn(excerpt, {terminal::Depth::plain, 80, false}),
            "   7 | f(x);\n"
            " ... |\n"
            "   9 | g(x);\n"
            "  10 | h(x);\n");
  // Line 4 of this file is empty, line 6 is not.
  const terminal::Canvas canvas{terminal::Depth::plain, 80, true};
  EXPECT_EQ(drawn({kLesson04, {{3, "a"}, {5, "b"}}}, canvas), "   3 │ a\n   5 │ b\n");
  const std::string with_a_gap = "   5 │ a\n   … │\n   7 │ b\n";
  EXPECT_EQ(drawn({kLesson04, {{5, "a"}, {7, "b"}}}, canvas), with_a_gap);
}

TEST(Drawn, HasLineNumbersAndBreaksLongLines) {
  const Excerpt excerpt{"a.cpp", {{7, "    f(x);  // why"}, {8, ""}, {9, "      g(a, b, c, d);"}}};
  EXPECT_EQ(drawn(excerpt, {terminal::Depth::plain, 80, false}),
            "   7 | f(x);  // why\n"
            "   8 |\n"
            "   9 |   g(a, b, c, d);\n");
  EXPECT_EQ(drawn(excerpt, {terminal::Depth::plain, 20, false}),
            "   7 | f(x);  // why\n"
            "   8 |\n"
            "   9 |   g(a, b, c,\n"
            "     | d);\n");
  EXPECT_NE(drawn(excerpt, {terminal::Depth::colors256, 80, true}).find("\x1b[2m// why\x1b[0m"),
            std::string::npos);
}

}  // namespace
}  // namespace lesson_source_test
