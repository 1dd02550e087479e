#include "exercises/grader/verdict_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "exercises/grader/stages.h"

namespace gradus::grader {
namespace {

std::string coloured(int colour, const std::string& text, terminal::Depth depth) {
  return depth == terminal::Depth::plain ? text : fmt::format("\033[{}m{}\033[0m", colour, text);
}

/// The word for a stage, and the last notes of its checks.
std::string stage_text(const std::string& stage, const Verdict& v, terminal::Depth depth) {
  size_t all = 0;
  size_t passed = 0;
  bool to_do = false;
  bool missing = false;
  std::vector<std::string> notes;
  for (const CheckResult& c : v.checks) {
    if (c.stage != stage) continue;
    ++all;
    if (c.state == CheckResult::passed) ++passed;
    if (c.state == CheckResult::to_do) to_do = true;
    if (c.state == CheckResult::could_not_run) missing = true;
    if (!c.notes.empty()) notes = c.notes;
  }
  const bool failed = v.failed.starts_with(stage + ".");
  if (all == 0 && !failed) return "";
  if (to_do) return stage + " " + yellow("to do", depth);
  if (failed) return stage + " " + red("FAIL", depth);
  if (missing) return stage + " " + yellow("could not run", depth);
  if (passed == 0) return terminal::dim(stage + " -", depth);
  return stage + " " + green("ok", depth) +
         (notes.empty() ? "" : fmt::format(" ({})", fmt::join(notes, ", ")));
}

/// How many columns a text takes; colours take none.
int columns_without_colours(const std::string& text) {
  int columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033')
      i = text.find('m', i);
    else
      ++columns;
  }
  return columns;
}

/// The pieces with three spaces between them, in lines of at most `width` columns.
std::string in_lines(const std::vector<std::string>& pieces, int width) {
  const std::string gap = "   ";
  std::string text;
  int column = 0;
  for (const std::string& piece : pieces) {
    const int piece_width = columns_without_colours(piece);
    const int gap_width = static_cast<int>(gap.size());
    if (column > 0 && column + gap_width + piece_width > width) {
      text += "\n";
      column = 0;
    }
    if (column > 0) {
      text += gap;
      column += gap_width;
    }
    text += piece;
    column += piece_width;
  }
  return text + "\n";
}

std::string stages_text(const Exercise& e, const Verdict& v, int width, terminal::Depth depth) {
  const bool compiles = v.outcome != Outcome::does_not_compile;
  const std::string word = compiles ? green("ok", depth) : red("FAIL", depth);
  std::vector<std::string> stages{terminal::bold(e.number() + " " + e.name(), depth),
                                  fmt::format("compile {} {:.2f} s", word, v.compile_seconds)};
  for (const char* stage : kStages) {
    const std::string text = stage_text(stage, v, depth);
    if (!text.empty()) stages.push_back(text);
  }
  return in_lines(stages, width);
}

/// The failed check, what is wrong, and the check's notes.
std::string failure_text(const Verdict& v, int width, terminal::Depth depth) {
  std::string text;
  if (!v.failed.empty()) text += red(v.failed, depth) + "\n";
  for (const std::string& line : lines_of(v.message)) {
    const size_t spaces = std::min(line.find_first_not_of(' '), size_t{6});
    text += terminal::wrap(terminal::printable(line.substr(std::min(spaces, line.size()))), width,
                           2 + static_cast<int>(spaces));
  }
  for (const CheckResult& c : v.checks)
    if (v.failed == c.stage + "." + c.name && !c.notes.empty())
      text += terminal::wrap(fmt::format("{}", fmt::join(c.notes, ", ")), width, 2);
  return text;
}

/// Right: how many checks passed, and why the others could not run.
std::string success_text(const Verdict& v, int width, terminal::Depth depth) {
  std::string reasons;
  size_t passed = 0;
  for (const CheckResult& c : v.checks) {
    if (c.state == CheckResult::passed) ++passed;
    if (c.state == CheckResult::could_not_run)
      reasons += terminal::wrap(c.full_name() + ": " + c.missing, width, 2);
  }
  const std::string word = green("right", depth);
  if (reasons.empty()) return word + fmt::format(": all {} checks passed\n", v.checks.size());
  return word +
         fmt::format(": {} of {} checks passed, not every check could run:\n", passed,
                     v.checks.size()) +
         reasons;
}

/// The first lines of what the answer printed.
std::string printed_text(const Verdict& v, int width) {
  constexpr size_t kMostLines = 6;
  if (v.printed.empty()) return "";
  const auto columns = static_cast<size_t>(std::max(width - 2, 10));
  const std::vector<std::string> lines = lines_of(v.printed);
  std::string text = "your code printed:\n";
  for (size_t i = 0; i < std::min(lines.size(), kMostLines); ++i)
    text += "  " + terminal::printable(lines[i]).substr(0, columns) + "\n";
  if (lines.size() > kMostLines)
    text += fmt::format("  ... and {} more lines\n", lines.size() - kMostLines);
  return text;
}

}  // namespace

std::string green(const std::string& text, terminal::Depth depth) {
  return coloured(32, text, depth);
}
std::string red(const std::string& text, terminal::Depth depth) {
  return coloured(31, text, depth);
}
std::string yellow(const std::string& text, terminal::Depth depth) {
  return coloured(33, text, depth);
}

std::string verdict_text(const Exercises& exercises, const Exercise& e, const Verdict& v, int width,
                         terminal::Depth depth) {
  std::string text = stages_text(e, v, width, depth);
  if (v.outcome == Outcome::right)
    text += success_text(v, width, depth);
  else if (v.outcome == Outcome::to_do)
    text += yellow("to do", depth) + ": " + terminal::printable(v.message) + "\n";
  else
    text += failure_text(v, width, depth);
  text += printed_text(v, width);
  const std::string graded =
      in_lines({"graded " + exercises.shown(exercises.answer(e)),
                "sha256 " + v.sha256.substr(0, 8) + "...", fmt::format("{:.2f} s", v.seconds)},
               width);
  return text + terminal::dim(graded, depth);
}

}  // namespace gradus::grader
