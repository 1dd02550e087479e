#include "exercises/grader/verdict_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "exercises/grader/stages.h"

namespace gradus::grader {
namespace {

std::string coloured(int colour, const std::string& text, terminal::Depth depth) {
  return depth == terminal::Depth::plain ? text : fmt::format("\033[{}m{}\033[0m", colour, text);
}

/// The number in a note of the form "worst 2.2e-16"; 0 for other notes.
double difference_in(const std::string& note) {
  const std::string start = "worst ";
  return note.starts_with(start) ? std::strtod(note.c_str() + start.size(), nullptr) : 0;
}

/// A check's notes without the differences.
std::vector<std::string> words_in(const std::vector<std::string>& notes) {
  std::vector<std::string> words;
  std::copy_if(notes.begin(), notes.end(), std::back_inserter(words),
               [](const std::string& note) { return !note.starts_with("worst "); });
  return words;
}

/// The word for a stage, and the largest difference in its checks.
std::string stage_text(const std::string& stage, const Verdict& v, bool with_difference,
                       terminal::Depth depth) {
  size_t all = 0;
  size_t passed = 0;
  bool to_do = false;
  bool missing = false;
  double largest = 0;
  for (const CheckResult& c : v.checks) {
    if (c.stage != stage) continue;
    ++all;
    if (c.state == CheckResult::passed) ++passed;
    if (c.state == CheckResult::to_do) to_do = true;
    if (c.state == CheckResult::could_not_run) missing = true;
    for (const std::string& note : c.notes)
      largest = std::max(largest, difference_in(note));
  }
  const bool failed = v.failed.starts_with(stage + ".");
  if (all == 0 && !failed) return "";
  if (to_do) return stage + " " + yellow("to do", depth);
  if (failed) return stage + " " + red("FAIL", depth);
  if (missing) return stage + " " + yellow("could not run", depth);
  if (passed == 0) return terminal::dim(stage + " -", depth);
  const bool shows_it = with_difference && largest > 0;
  return stage + " " + green("ok", depth) +
         (shows_it ? fmt::format(" (error {:.1e})", largest) : "");
}

/// Whether the first check already ends at a todo().
bool nothing_is_written(const Verdict& v) {
  return !v.checks.empty() && v.checks.front().state == CheckResult::to_do;
}

/// In lines of at most `width` columns.
std::string to_do_text(const Verdict& v, int width, terminal::Depth depth) {
  const std::string word = "to do";
  const std::string text = terminal::wrap(word + ": " + terminal::printable(v.message), width);
  return yellow(word, depth) + text.substr(word.size());
}

/// The exercise and its stages: two lines, if the width allows it. Where it is narrow, the
/// differences are left out.
std::string stages_text(const Exercise& e, const Verdict& v, int width, terminal::Depth depth) {
  struct Layout {
    bool with_differences;
    int gap;
  };
  const bool compiles = v.outcome != Outcome::does_not_compile;
  const std::string word = compiles ? green("ok", depth) : red("FAIL", depth);
  std::string text;
  for (const Layout layout : {Layout{true, 3}, Layout{false, 3}, Layout{false, 2}}) {
    const std::string seconds =
        layout.gap > 2 ? fmt::format(" {:.2f} s", v.compile_seconds) : std::string();
    std::vector<std::string> pieces{terminal::bold(e.number() + " " + e.name(), depth),
                                    fmt::format("compile {}{}", word, seconds)};
    if (nothing_is_written(v)) {
      const std::string to_do = to_do_text(v, width, depth);
      pieces.push_back(to_do.substr(0, to_do.size() - 1));  // without the line end
      const std::string one_line = in_lines(pieces, width);
      if (lines_of(one_line).size() == 1) return one_line;
      pieces.pop_back();
      return in_lines(pieces, width) + to_do;
    }
    for (const char* stage : kStages) {
      const std::string of_stage = stage_text(stage, v, layout.with_differences, depth);
      if (!of_stage.empty()) pieces.push_back(of_stage);
    }
    text = in_lines(pieces, width, layout.gap);
    if (lines_of(text).size() <= 2) break;
  }
  return text;
}

/// The failed check, what is wrong, and the check's notes.
std::string failure_text(const Verdict& v, int width, terminal::Depth depth) {
  std::string text;
  if (!v.failed.empty()) text += red(v.failed, depth) + "\n";
  for (const std::string& line : lines_of(v.message)) {
    const std::string safe = terminal::printable(line);
    const size_t spaces = std::min({safe.find_first_not_of(' '), safe.size(), size_t{6}});
    if (terminal::columns(safe) + 2 <= width)
      text += "  " + safe + "\n";  // wrap would close the gaps of a table
    else
      text += terminal::wrap(safe.substr(spaces), width, 2 + static_cast<int>(spaces));
  }
  for (const CheckResult& c : v.checks) {
    const std::vector<std::string> notes = words_in(c.notes);
    if (v.failed == c.full_name() && !notes.empty())
      text += terminal::wrap(fmt::format("{}", fmt::join(notes, ", ")), width, 2);
  }
  return text;
}

/// Right: how many checks passed, why the others could not run, and what the checks noted.
std::string success_text(const Verdict& v, int width, terminal::Depth depth) {
  std::string reasons;
  std::string notes;
  size_t passed = 0;
  for (const CheckResult& c : v.checks) {
    const bool is_gradient = c.stage == "gradient";  // its notes name the inputs, all of them right
    if (!is_gradient)
      for (const std::string& note : words_in(c.notes))
        notes += terminal::wrap(note, width, 2);
    if (c.state == CheckResult::passed) ++passed;
    if (c.state == CheckResult::could_not_run)
      reasons += terminal::wrap(c.full_name() + ": " + c.missing, width, 2);
  }
  const std::string word = green("right", depth);
  const std::string text =
      reasons.empty() ? fmt::format(": all {} checks passed\n", v.checks.size())
                      : fmt::format(": {} of {} checks passed, not every check could run:\n",
                                    passed, v.checks.size());
  return word + text + reasons + notes;
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

}  // namespace

std::string in_lines(const std::vector<std::string>& pieces, int width, int gap) {
  std::string text;
  int column = 0;
  for (const std::string& piece : pieces) {
    const int piece_width = columns_without_colours(piece);
    if (column > 0 && column + gap + piece_width > width) {
      text += "\n";
      column = 0;
    }
    if (column > 0) {
      text += std::string(static_cast<size_t>(gap), ' ');
      column += gap;
    }
    text += piece_width > width ? terminal::fold(piece, width) : piece;
    column += piece_width;
  }
  return text + "\n";
}

std::string green(const std::string& text, terminal::Depth depth) {
  return coloured(32, text, depth);
}
std::string red(const std::string& text, terminal::Depth depth) {
  return coloured(31, text, depth);
}
std::string yellow(const std::string& text, terminal::Depth depth) {
  return coloured(33, text, depth);
}

std::string verdict_text(const Exercise& e, const Verdict& v, int width, terminal::Depth depth) {
  std::string text = stages_text(e, v, width, depth);
  if (v.outcome == Outcome::right)
    text += success_text(v, width, depth);
  else if (v.outcome != Outcome::to_do)
    text += failure_text(v, width, depth);
  else if (!nothing_is_written(v))
    text += to_do_text(v, width, depth);
  return text + printed_text(v, width);
}

std::string graded_text(const Exercises& exercises, const Exercise& e, const Verdict& v, int width,
                        terminal::Depth depth) {
  std::string text;
  for (const std::string& line : lines_of(in_lines(
           {"graded " + exercises.shown(exercises.answer(e)), fmt::format("{:.2f} s", v.seconds)},
           width)))
    text += terminal::dim(line, depth) + "\n";
  return text;
}

}  // namespace gradus::grader
