#include "exercises/grader/verdict_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "exercises/grader/stages.h"

namespace gradus::grader {
namespace {

std::string coloured(int colour, const std::string& text, terminal::Depth depth) {
  return depth == terminal::Depth::plain ? text : fmt::format("\033[{}m{}\033[0m", colour, text);
}

/// A stage's word: what its checks gave, and the last thing they noted.
std::string stage_text(const std::string& stage, const Verdict& v, terminal::Depth depth) {
  size_t all = 0;
  size_t passed = 0;
  bool to_do = false;
  bool failed = false;
  std::vector<std::string> notes;
  for (const CheckResult& c : v.checks) {
    if (c.stage != stage) continue;
    ++all, passed += c.state == CheckResult::passed;
    to_do |= c.state == CheckResult::to_do;
    failed |= v.failed == stage + "." + c.name && !to_do;
    if (!c.notes.empty()) notes = c.notes;
  }
  if (all == 0 && !v.failed.starts_with(stage + ".")) return "";
  if (to_do) return stage + " " + yellow("to do", depth);
  if (failed || all == 0) return stage + " " + red("FAIL", depth);
  if (passed == 0) return terminal::dim(stage + " -", depth);
  return stage + " " + green("ok", depth) +
         (notes.empty() ? "" : fmt::format(" ({})", fmt::join(notes, ", ")));
}

/// The pieces in lines of at most `width` columns; colours take none.
std::string in_lines(const std::vector<std::string>& pieces, int width) {
  std::string text;
  int column = 0;
  for (const std::string& piece : pieces) {
    int w = 0;
    for (size_t i = 0; i < piece.size(); ++i)
      if (piece[i] == '\033')
        i = piece.find('m', i);
      else
        ++w;
    if (column > 0 && column + 3 + w > width) text += "\n", column = 0;
    text += (column > 0 ? "   " : "") + piece;
    column += (column > 0 ? 3 : 0) + w;
  }
  return text + "\n";
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
  const bool compiles = v.outcome != Outcome::does_not_compile;
  std::vector<std::string> stages{terminal::bold(e.number() + " " + e.name(), depth),
                                  "compile " +
                                      (compiles ? green("ok", depth) : red("FAIL", depth)) +
                                      fmt::format(" {:.2f} s", v.compile_seconds)};
  for (const char* stage : kStages)
    if (const std::string text = stage_text(stage, v, depth); !text.empty()) stages.push_back(text);
  std::string text = in_lines(stages, width);

  if (v.outcome == Outcome::right) {
    text += green("right", depth) + fmt::format(": all {} checks passed\n", v.checks.size());
  } else if (v.outcome == Outcome::to_do) {
    text += yellow("to do", depth) + ": " + terminal::printable(v.message) + "\n";
  } else {
    if (!v.failed.empty()) text += red(v.failed, depth) + "\n";
    for (const std::string& line : lines_of(v.message)) {
      const size_t spaces = std::min(line.find_first_not_of(' '), size_t{6});
      text += terminal::wrap(terminal::printable(line.substr(std::min(spaces, line.size()))), width,
                             2 + static_cast<int>(spaces));
    }
    for (const CheckResult& c : v.checks)
      if (v.failed == c.stage + "." + c.name && !c.notes.empty())
        text += terminal::wrap(fmt::format("{}", fmt::join(c.notes, ", ")), width, 2);
  }
  if (!v.printed.empty()) {
    const std::vector<std::string> lines = lines_of(v.printed);
    text += "your code printed:\n";
    for (size_t i = 0; i < std::min(lines.size(), size_t{6}); ++i)
      text +=
          "  " +
          terminal::printable(lines[i]).substr(0, static_cast<size_t>(std::max(width - 2, 10))) +
          "\n";
    if (lines.size() > 6) text += fmt::format("  ... and {} lines more\n", lines.size() - 6);
  }
  const std::string file =
      std::filesystem::relative(exercises.answer(e), exercises.source.parent_path().parent_path())
          .string();
  return text + terminal::dim(in_lines({"graded " + file, "sha256 " + v.sha256.substr(0, 8) + "...",
                                        fmt::format("{:.2f} s", v.seconds)},
                                       width),
                              depth);
}

}  // namespace gradus::grader
