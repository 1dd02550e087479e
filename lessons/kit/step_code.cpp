#include "lessons/kit/step_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "lessons/kit/scanner.h"

namespace gradus::lessons {
namespace {

/// Where the comment of the line begins; its size if it has none.
size_t start_of_comment(const std::string& line) {
  size_t at = 0;
  while (at < line.size() && line.compare(at, 2, "//") != 0)
    at = std::max(at + 1, end_of_comment_or_text(line, at));
  return std::min(at, line.size());
}

/// The line, broken at `width`. The comment is dim; it moves to the left if the line is too long.
std::string broken(const std::string& line, int width, terminal::Depth depth) {
  const size_t start = start_of_comment(line);
  std::string code = line.substr(0, start);
  if (start == line.size()) return terminal::fold(code, width);
  const size_t last = code.find_last_not_of(' ');
  if (terminal::columns(line) > width && last != std::string::npos)
    code = code.substr(0, last + 1) + "  ";
  return terminal::fold(code + terminal::dim(line.substr(start), depth), width);
}

size_t margin_of(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

/// Whether a line of the file between these two has text: it is left out of the excerpt.
bool leaves_out(const std::string& path, int first, int last) {
  const auto& files = embedded_files();
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const EmbeddedFile& f) { return f.path == path; });
  if (file == files.end()) return last > first + 1;
  std::istringstream lines{std::string(file->text)};
  std::string line;
  for (int number = 1; number < last && std::getline(lines, line); ++number)
    if (number > first && margin_of(line) < line.size()) return true;
  return false;
}

}  // namespace

void StepCode::begin(const Here& here) {
  file_ = embedded_file(here.file).path;
  statements_ = statements_after(here.file, here.line);
  next_ = 0;
}

Excerpt StepCode::before(const Here& here) {
  const auto contains_call = [&](const Statement& s) {
    return s.first_line <= here.line && here.line <= s.last_line;
  };
  const bool in_step = here.file.ends_with(file_) &&
                       std::any_of(statements_.begin(), statements_.end(), contains_call);
  size_t end = next_;
  while (end < statements_.size() &&
         !(in_step ? contains_call(statements_[end]) : statements_[end].calls_helper))
    ++end;
  if (end == statements_.size()) return {file_};
  ++end;
  // Calls that print come one after another: their code is one piece.
  while (end < statements_.size() && statements_[end - 1].prints && statements_[end].prints)
    ++end;
  return up_to(end);
}

Excerpt StepCode::rest() { return up_to(statements_.size()); }

Excerpt StepCode::up_to(size_t end) {
  Excerpt excerpt{file_};
  for (; next_ < end; ++next_)
    excerpt.lines.insert(excerpt.lines.end(), statements_[next_].code.lines.begin(),
                         statements_[next_].code.lines.end());
  return excerpt;
}

std::string drawn(const Excerpt& excerpt, const terminal::Canvas& canvas) {
  size_t margin = std::string::npos;
  for (const auto& [number, line] : excerpt.lines)
    if (margin_of(line) < line.size()) margin = std::min(margin, margin_of(line));
  const std::string bar = canvas.utf8 ? "│" : "|";
  const std::string gap = terminal::dim(canvas.utf8 ? "   … │" : " ... |", canvas.depth) + "\n";
  std::string out;
  int last = excerpt.lines.empty() ? 0 : excerpt.lines.front().first;
  for (const auto& [number, line] : excerpt.lines) {
    if (leaves_out(excerpt.file, last, number)) out += gap;
    last = number;
    const std::string code = line.substr(std::min(margin, line.size()));
    std::istringstream parts(broken(code, canvas.width - 7, canvas.depth));
    std::string gutter = fmt::format("{:>4} {}", number, bar);
    std::string part;
    do {
      std::getline(parts, part);
      out += terminal::dim(gutter, canvas.depth) + (part.empty() ? "" : " " + part) + "\n";
      gutter = "     " + bar;
    } while (parts.good() && !parts.eof());
  }
  return out;
}

}  // namespace gradus::lessons
