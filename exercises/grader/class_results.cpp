#include "exercises/grader/class_results.h"

#include <fmt/format.h>

#include <algorithm>

#include "exercises/grader/csv.h"
#include "exercises/grader/verdict_text.h"

namespace gradus::grader {
namespace {

/// The first two lines of a message as one, without control characters.
std::string in_one_line(const std::string& message) {
  constexpr size_t kMostBytes = 300;
  std::string text;
  const std::vector<std::string> lines = lines_of(message.substr(0, 2 * kMostBytes));
  for (size_t i = 0; i < std::min<size_t>(lines.size(), 2); ++i) {
    const size_t first = lines[i].find_first_not_of(' ');
    if (first != std::string::npos) text += (text.empty() ? "" : "; ") + lines[i].substr(first);
  }
  if (text.size() > kMostBytes) text = text.substr(0, kMostBytes) + "...";
  return terminal::printable(text);
}

/// What failed first, and why. For a right answer: the checks that could not run. The message of a
/// failed check may come from the answer, so the name of the check comes first: a spreadsheet takes
/// a text that begins with = as a formula.
std::string problem_in_words(const Verdict& v) {
  if (!v.failed.empty()) return v.failed + ": " + in_one_line(v.message);
  if (v.outcome != Outcome::right) return in_one_line(v.message);
  std::string text;
  for (const CheckResult& c : v.checks)
    if (c.state == CheckResult::could_not_run)
      text += (text.empty() ? "" : "; ") + c.full_name() + " could not run: " + c.missing;
  return terminal::printable(text);
}

/// How the table shows a verdict.
struct Sign {
  const char* verdict;
  const char* sign;
  std::string (*colour)(const std::string&, terminal::Depth);
  const char* meaning;
};

std::string no_colour(const std::string& text, terminal::Depth) { return text; }

const Sign kSigns[] = {
    {"right", "ok", green, "right"},
    {"wrong", "x", red, "wrong"},
    {"does not compile", "c", red, "does not compile"},
    {"stopped", "s", red, "stopped (crash, time limit)"},
    {"to do", "t", yellow, "to do"},
    {kMissing, ".", no_colour, "no answer"},
    {kNotGraded, "?", red, "could not be graded"},
    {"", "", no_colour, ""},
};

const Sign& sign_of(const ClassResult& result) {
  return *std::find_if(std::begin(kSigns), std::end(kSigns) - 1,
                       [&](const Sign& sign) { return sign.verdict == result.verdict; });
}

bool is_right(const ClassResult& result) { return result.verdict == name_of(Outcome::right); }

constexpr int kColumn = 3;  // the columns of one exercise

/// The table for the exercises from `first` to before `last`.
std::string part_of_table(const ClassResults& all, size_t first, size_t last, int name_width,
                          terminal::Depth depth) {
  std::string head = terminal::fit("", name_width, false);
  for (size_t e = first; e < last; ++e)
    head += " " + all.exercises[e].number();
  std::string text = terminal::bold(head + "  right", depth) + "\n";
  for (size_t s = 0; s < all.students.size(); ++s) {
    text += terminal::fit(terminal::printable(all.students[s].shown()), name_width, false);
    size_t right = 0;
    for (size_t e = first; e < last; ++e) {
      const Sign& sign = sign_of(all.of(s, e));
      text += sign.colour(terminal::fit(sign.sign, kColumn, true), depth);
      right += is_right(all.of(s, e));
    }
    text += fmt::format("{:>7}\n", right);
  }
  text += terminal::fit("right", name_width, false);
  for (size_t e = first; e < last; ++e) {
    size_t right = 0;
    for (size_t s = 0; s < all.students.size(); ++s)
      right += is_right(all.of(s, e));
    text += fmt::format("{:>{}}", right, kColumn);
  }
  return text + "\n";
}

/// The numbers of the exercises and the signs, in words.
std::string legend(const ClassResults& all, size_t first, size_t last) {
  std::string text;
  for (size_t e = first; e < last; ++e)
    text += fmt::format("{}{} {}", e > first ? ", " : "", all.exercises[e].number(),
                        all.exercises[e].name());
  text += "\n";
  std::vector<std::string> signs;
  for (const Sign& sign : kSigns)
    if (*sign.sign && std::any_of(all.results.begin(), all.results.end(), [&](const auto& result) {
          return result.verdict == sign.verdict;
        }))
      signs.push_back(fmt::format("{} {}", sign.sign, sign.meaning));
  return text + fmt::format("{}\n", fmt::join(signs, ", "));
}

}  // namespace

ClassResult class_result(const Verdict& verdict, size_t planned, const std::string& folder) {
  ClassResult result{.verdict = name_of(verdict.outcome),
                     .planned = planned,
                     .problem = problem_in_words(verdict),
                     .seconds = verdict.seconds,
                     .sha256 = verdict.sha256};
  for (size_t at = 0; (at = result.problem.find(folder + "/")) != std::string::npos;)
    result.problem.erase(at, folder.size() + 1);
  for (const CheckResult& c : verdict.checks)
    result.passed += c.state == CheckResult::passed;
  return result;
}

std::string class_csv_head() {
  return csv_row(
      {"id", "name", "exercise", "verdict", "passed", "planned", "problem", "seconds", "sha256"});
}

std::string class_csv(const ClassResults& all) {
  std::string text = class_csv_head();
  for (size_t s = 0; s < all.students.size(); ++s) {
    for (size_t e = 0; e < all.exercises.size(); ++e) {
      const ClassResult& r = all.of(s, e);
      if (!r.is_done()) continue;
      const Student& student = all.students[s];
      text += csv_row({student.id, student.name, all.exercises[e].name(), r.verdict,
                       fmt::format("{}", r.passed), fmt::format("{}", r.planned), r.problem,
                       fmt::format("{:.2f}", r.seconds), r.sha256});
    }
  }
  return text;
}

std::string class_table(const ClassResults& all, int width, terminal::Depth depth) {
  constexpr int kRight = 7;  // the columns of the sum at the end of a row
  int name_width = 5;
  for (const Student& student : all.students)
    name_width = std::max(name_width, terminal::columns(terminal::printable(student.shown())));
  const int all_columns = kColumn * static_cast<int>(all.exercises.size()) + kRight;
  name_width = std::min(name_width, std::max(width - all_columns, 16));
  const int room = (width - kRight - name_width) / kColumn;
  const size_t at_once = static_cast<size_t>(std::max(room, 1));
  std::string text;
  for (size_t first = 0; first < all.exercises.size(); first += at_once) {
    const size_t last = std::min(first + at_once, all.exercises.size());
    text += part_of_table(all, first, last, name_width, depth);
    text += terminal::wrap(legend(all, first, last), width);
  }
  return text;
}

}  // namespace gradus::grader
