#include "exercises/grader/verify.h"

#include <fmt/format.h>

#include <functional>
#include <regex>

#include "exercises/grader/workers.h"

namespace gradus::grader {
namespace {

constexpr size_t kFewestMutants = 5;
constexpr size_t kHintParts = 4;  // # 1, # 2, # 3 and # After

/// One thing to try. `problem` returns a sentence that says what is wrong, "" if nothing is.
struct Trial {
  std::string name;
  std::function<std::string()> problem;
};

std::string unexpected(const std::string& expected, const Verdict& v) {
  return fmt::format("must be {}, is {}{}: {}", expected, name_of(v.outcome),
                     v.failed.empty() ? "" : " in " + v.failed, v.message);
}

/// The check that must catch a mutant. Its first line is "// caught by stage.check".
std::string catching_check(const std::filesystem::path& mutant) {
  const std::string text = read_text(mutant);
  const std::string first_line = text.substr(0, text.find('\n'));
  std::smatch found;
  const bool fits = std::regex_match(first_line, found, std::regex("// caught by (\\w+\\.\\w+)"));
  return fits ? found[1].str() : "";
}

std::string problem_of_files(const Exercises& exercises, const Exercise& e) {
  const std::filesystem::path folder = exercises.source / e.folder;
  for (const auto& file : {exercises.header(e), folder / "README.md", folder / "hints.md"})
    if (!std::filesystem::exists(file)) return file.filename().string() + " is missing";
  const size_t parts = exercises.hints(e).size();
  if (parts != kHintParts)
    return fmt::format("hints.md must have the parts # 1, # 2, # 3 and # After, it has {}", parts);
  const size_t mutants = exercises.mutants(e).size();
  if (mutants < kFewestMutants)
    return fmt::format("{} mutants, there must be {}", mutants, kFewestMutants);
  return "";
}

std::string problem_of(const Grader& grader, const Answer& answer, Outcome expected) {
  const Verdict v = grader.grade(answer);
  return v.outcome == expected ? "" : unexpected(name_of(expected), v);
}

/// Appends `text` to the solution as if it were the learner's own file. The verdict must be red:
/// this shows that the learner's file is graded, and not another one.
std::string problem_of_spoilt_file(const Grader& grader, const Exercise& e,
                                   const std::string& text) {
  Exercises own = grader.exercises();
  own.mine = own.work() / fmt::format("{}.{}", e.folder, text == "#error" ? "error" : "throw");
  for (const Exercise& other : own.used_by(e))
    write_text(own.answer(other), read_text(own.solution(other)));
  write_text(own.answer(e), read_text(own.solution(e)) + text + "\n");
  const Grader grader_of_own = grader.with_answers(own.mine);
  const Verdict v = grader_of_own.grade(grader_of_own.mine(e));
  std::filesystem::remove_all(own.mine);
  return v.outcome == Outcome::does_not_compile ? "" : unexpected("red", v);
}

std::string problem_of_mutant(const Grader& grader, const Exercise& e,
                              const std::filesystem::path& file) {
  const std::string expected = catching_check(file);
  if (expected.empty()) return "its first line must be: // caught by stage.check";
  const Verdict v = grader.grade(grader.mutant(e, file));
  const bool is_red = v.outcome == Outcome::wrong || v.outcome == Outcome::stopped;
  return is_red && v.failed == expected ? "" : unexpected("caught by " + expected, v);
}

std::vector<Trial> trials_of(const Grader& grader, const Exercise& e, bool with_mutants) {
  std::vector<Trial> trials{
      {e.folder + " files", [&grader, e] { return problem_of_files(grader.exercises(), e); }},
      {e.folder + " stub",
       [&grader, e] { return problem_of(grader, grader.stub(e), Outcome::to_do); }},
      {e.folder + " solution",
       [&grader, e] { return problem_of(grader, grader.solution(e), Outcome::right); }},
  };
  for (const std::string text : {"#error", "throw"})
    trials.push_back({e.folder + " with " + text + " at its end",
                      [&grader, e, text] { return problem_of_spoilt_file(grader, e, text); }});
  if (!with_mutants) return trials;
  for (const auto& file : grader.exercises().mutants(e))
    trials.push_back({e.folder + " mutant " + file.stem().string(),
                      [&grader, e, file] { return problem_of_mutant(grader, e, file); }});
  return trials;
}

/// Runs all trials, several at once. Returns their problems.
std::vector<std::string> problems_of(const std::vector<Trial>& trials) {
  std::vector<std::string> problems(trials.size());
  for_each_on_cores(trials.size(), [&](size_t i) {
    try {
      problems[i] = trials[i].problem();
    } catch (const std::exception& error) {
      problems[i] = error.what();
    }
  });
  return problems;
}

}  // namespace

int verify(const Grader& grader, const std::string& only, bool with_mutants) {
  const Exercises& exercises = grader.exercises();
  const std::string only_folder = only.empty() ? "" : exercises.find(only).folder;
  std::vector<Trial> trials;
  for (const Exercise& e : exercises.all()) {
    if (!only.empty() && e.folder != only_folder) continue;
    const std::vector<Trial> more = trials_of(grader, e, with_mutants);
    trials.insert(trials.end(), more.begin(), more.end());
  }

  const std::vector<std::string> problems = problems_of(trials);
  size_t wrong = 0;
  for (size_t i = 0; i < trials.size(); ++i) {
    if (problems[i].empty()) continue;
    ++wrong;
    fmt::print("{}: {}\n", trials[i].name, problems[i]);
  }
  fmt::print(
      "{} of {} as they must be: stubs to do, solutions right, mutants caught by the check they "
      "name, spoilt files red\n",
      trials.size() - wrong, trials.size());
  return wrong == 0 ? 0 : 1;
}

}  // namespace gradus::grader
