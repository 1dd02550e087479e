// The pages of all lessons: they have every step, tensor, check and question of the terminal, and
// the golden numbers; and they are small.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "lessons/kit/golden.h"
#include "lessons/kit/golden_tensors.h"
#include "lessons/kit/labels.h"
#include "tests/lesson_support.h"
#include "tests/temporary.h"

#ifdef LESSON_14
namespace lesson_pages_test {
using namespace gradus;
using namespace gradus::lessons;
using nlohmann::json;

namespace {

using Texts = std::vector<std::string>;

std::string program_of(const std::string& number) { return LESSONS_DIR "/lesson_" + number; }

/// What a run shows in a terminal, and its page.
struct Shown {
  std::string number;
  Texts lines = {};
  json panels = {};
  std::string html = {};
};

/// Runs a lesson. One that trains takes a few steps.
Shown show(const std::string& number) {
  Shown shown{.number = number};
  const std::string file = temporary_path("lesson_" + number + ".html").string();
  const EndedProgram ended =
      run_program(program_of(number), "--quick --step --all --page '" + file + "'");
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_TRUE(contains(ended.output, "The lesson as a page:\n  " + file + "\n"));
  std::istringstream stream(ended.output);
  for (std::string line; std::getline(stream, line);)
    shown.lines.push_back(line);
  std::ifstream html(file);
  shown.html.assign(std::istreambuf_iterator<char>(html), {});
  const std::string begin = "id=\"report\">";
  const size_t start = shown.html.find(begin) + begin.size();
  const size_t end = shown.html.find("</script>", start);
  shown.panels = json::parse(shown.html.substr(start, end - start)).at("panels");
  return shown;
}

Texts field_of(const json& panels, const std::string& type, const std::string& field) {
  Texts found;
  for (const json& panel : panels)
    if (panel.at("type") == type) found.push_back(panel.at(field));
  return found;
}

/// The first group of the expression in the lines that match it.
Texts matches(const Texts& lines, const std::string& expression) {
  const std::regex regex(expression);
  Texts found;
  std::smatch match;
  for (const std::string& line : lines)
    if (std::regex_match(line, match, regex)) found.push_back(match[1]);
  return found;
}

void expect_every_step(const Shown& shown) {
  Texts steps;
  for (size_t i = 1; i < shown.lines.size(); ++i)
    if (shown.lines[i].size() > 3 && shown.lines[i].find_first_not_of('-') == std::string::npos)
      steps.push_back(shown.lines[i - 1]);
  EXPECT_GE(steps.size(), 3U);
  EXPECT_EQ(field_of(shown.panels, "section", "title"), steps);
}

void expect_every_tensor(const Shown& shown) {
  // With --all a title may be followed by the golden name: "mean (layernorm/mean)  [2, 1]".
  Texts titles = matches(shown.lines, R"((\S.*?)  (?:\[[0-9, ]*\]|one number))");
  for (std::string& title : titles)
    title = std::regex_replace(title, std::regex(R"( \([A-Za-z0-9_./]+\)$)"), "");
  EXPECT_EQ(field_of(shown.panels, "tensor", "title"), titles);
}

void expect_every_check(const Shown& shown) {
  // But not the options and the answers of questions, and no line of a paragraph.
  const std::string verdict = R"((?!\d: |Answer: )(\S.*: (?:yes|no))(?: \(.*\))?)";
  const Texts paragraphs = field_of(shown.panels, "paragraph", "text");
  Texts on_screen = matches(shown.lines, verdict);
  std::erase_if(on_screen, [&](const std::string& line) {
    return std::any_of(paragraphs.begin(), paragraphs.end(), [&](const std::string& paragraph) {
      return paragraph.find(line) != std::string::npos;
    });
  });
  EXPECT_EQ(matches(field_of(shown.panels, "check", "text"), verdict), on_screen);
}

void expect_every_question(const Shown& shown) {
  const size_t asked = matches(shown.lines, "(Question: .*)").size();
  const size_t often_asked = matches(shown.lines, R"((\? .*))").size();
  EXPECT_GE(asked, 1U);
  const Texts answers = field_of(shown.panels, "question", "answer");
  EXPECT_EQ(answers.size(), asked + often_asked);
  for (const std::string& answer : matches(shown.lines, "Answer: (.*)"))
    EXPECT_EQ(std::count(answers.begin(), answers.end(), answer) > 0, true) << answer;
}

/// The text without spaces, line ends and numbers: measured times differ from run to run.
std::string skeleton(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (std::isspace(code) == 0 && std::isdigit(code) == 0) out += c;
  }
  return out;
}

void expect_every_paragraph(const Shown& shown) {
  const std::string terminal = skeleton(fmt::format("{}", fmt::join(shown.lines, "\n")));
  size_t missing = 0;
  for (const std::string& text : field_of(shown.panels, "paragraph", "text"))
    missing += contains(terminal, skeleton(text)) ? 0U : 1U;
  EXPECT_LE(missing, 1U);  // a sentence may depend on a measurement
}

/// The elements of a panel's tensor; none if the panel packs them (more than 4,096).
std::vector<double> elements_of(const json& panel) {
  std::vector<double> elements;
  const json data = panel.value("values", json::object()).value("data", json());
  if (!data.is_array()) return elements;
  for (const json& x : data)
    elements.push_back(x.is_string() ? std::stod(x.get<std::string>()) : x.get<double>());
  return elements;
}

/// Whether the values are the golden ones, rounded to 5 digits. PyTorch's and ours may differ by
/// 2e-6, too.
bool has_values(const std::vector<double>& values, const std::vector<double>& golden) {
  if (values.size() != golden.size()) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    const double tolerance = 5e-5 * std::abs(golden[i]) + 2e-6;
    const bool same = values[i] == golden[i] || (std::isnan(values[i]) && std::isnan(golden[i])) ||
                      std::abs(values[i] - golden[i]) <= tolerance;
    if (!same) return false;
  }
  return true;
}

/// How the golden names of the lesson begin.
Texts golden_sections(const std::string& number) {
  std::istringstream about(run_program(program_of(number), "--about").output);
  Texts lines;
  for (std::string line; std::getline(about, line);)
    lines.push_back(line);
  return matches(lines, "golden (.*)");
}

void expect_golden_numbers(const Shown& shown) {
  std::vector<std::vector<double>> of_page;
  for (const json& panel : shown.panels)
    if (panel.at("type") == "tensor") of_page.push_back(elements_of(panel));
  const Texts sections = golden_sections(shown.number);
  for (const auto& [name, golden] : golden::tensors()) {
    const auto begins_name = [&, full = name](const std::string& s) { return full.starts_with(s); };
    const bool is_of_lesson = std::any_of(sections.begin(), sections.end(), begins_name);
    // Lessons leave out some of the larger tensors.
    if (!is_of_lesson || golden.numel() > 40) continue;
    if (name.ends_with("_mkl") || contains(name, "/grad/")) continue;
    const std::vector<double> values = values_of(golden);
    const bool found = std::any_of(of_page.begin(), of_page.end(),
                                   [&](const auto& panel) { return has_values(panel, values); });
    EXPECT_TRUE(found) << "no tensor of the page is " << name;
  }
}

class LessonPages : public testing::TestWithParam<const char*> {};

TEST_P(LessonPages, HaveWhatTheTerminalShows) {
  const Shown shown = show(GetParam());
  expect_every_step(shown);
  expect_every_tensor(shown);
  expect_every_check(shown);
  // After the few steps of --quick, lesson 10 has nothing to compare.
  const bool has_checks = std::string(GetParam()) != "10";
  EXPECT_EQ(field_of(shown.panels, "check", "text").empty(), !has_checks);
  expect_every_question(shown);
  expect_every_paragraph(shown);
  expect_golden_numbers(shown);
  EXPECT_LT(shown.html.size(), 1'000'000U);
  EXPECT_TRUE(contains(shown.html, "</html>"));
  EXPECT_FALSE(contains(shown.html, "\x1b[")) << "the page has codes of a terminal";
}

INSTANTIATE_TEST_SUITE_P(Lesson, LessonPages,
                         testing::Values("01", "02", "03", "04", "05", "06", "07", "08", "09", "10",
                                         "11", "12", "13", "14"));

}  // namespace
}  // namespace lesson_pages_test
#endif
