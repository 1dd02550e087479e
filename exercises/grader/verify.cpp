#include "exercises/grader/verify.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <regex>
#include <thread>

#include "tensor/error.h"

namespace gradus::grader {
namespace {

constexpr size_t kMutants = 5;

/// One thing to try, and what is wrong with what came of it: "" if nothing.
struct Trial {
  std::string what;
  std::function<std::string()> problem;
};

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::right:
      return "right";
    case Outcome::to_do:
      return "to do";
    case Outcome::wrong:
      return "wrong";
    case Outcome::does_not_compile:
      return "does not compile";
    case Outcome::stopped:
      return "stopped";
  }
  return "";
}

std::string other_than(const char* expected, const Verdict& v) {
  return fmt::format("must be {}, is {}{}: {}", expected, name_of(v.outcome),
                     v.failed.empty() ? "" : " in " + v.failed, v.message);
}

/// The check that must catch a mutant: its first line is "// caught by stage.check".
std::string catcher(const std::filesystem::path& mutant) {
  const std::string text = read_text(mutant);
  std::smatch found;
  const std::string first = text.substr(0, text.find('\n'));
  return std::regex_match(first, found, std::regex("// caught by (\\w+\\.\\w+)")) ? found[1].str()
                                                                                  : "";
}

std::vector<Trial> trials_of(const Grader& grader, const Exercise& e, bool with_mutants) {
  const Exercises& all = grader.exercises();
  std::vector<Trial> trials;
  trials.push_back(
      {e.folder + " files", [&all, e]() -> std::string {
         for (const auto& file : {all.header(e), all.source / e.folder / "README.md",
                                  all.source / e.folder / "hints.md"})
           if (!std::filesystem::exists(file)) return file.filename().string() + " is missing";
         const size_t tiers = all.hints(e).size();
         if (tiers != 4)
           return fmt::format("hints.md must have the parts # 1, # 2, # 3 and # After, it has {}",
                              tiers);
         const size_t mutants = all.mutants(e).size();
         return mutants < kMutants ? fmt::format("{} mutants, there must be {}", mutants, kMutants)
                                   : "";
       }});
  trials.push_back({e.folder + " stub", [&grader, e]() -> std::string {
                      const Verdict v = grader.grade(grader.stub(e));
                      return v.outcome == Outcome::to_do ? "" : other_than("to do", v);
                    }});
  trials.push_back({e.folder + " solution", [&grader, e]() -> std::string {
                      const Verdict v = grader.grade(grader.solution(e));
                      return v.outcome == Outcome::right ? "" : other_than("right", v);
                    }});
  // It is the learner's file that is graded: what is appended to it turns it red.
  for (const char* spoilt : {"#error", "throw"})
    trials.push_back({fmt::format("{} with {} at its end", e.folder, spoilt),
                      [&grader, e, spoilt]() -> std::string {
                        Exercises own = grader.exercises();
                        own.mine = own.work() / fmt::format("{}.{}", e.folder,
                                                            *spoilt == '#' ? "error" : "throw");
                        for (const Exercise& other : own.used_by(e))
                          write_text(own.answer(other), read_text(own.solution(other)));
                        write_text(own.answer(e), read_text(own.solution(e)) + spoilt + "\n");
                        const Grader of_own(own);
                        const Verdict v = of_own.grade(of_own.mine(e));
                        std::filesystem::remove_all(own.mine);
                        return v.outcome == Outcome::does_not_compile ? "" : other_than("red", v);
                      }});
  for (const auto& file : with_mutants ? all.mutants(e) : std::vector<std::filesystem::path>())
    trials.push_back(
        {e.folder + " mutant " + file.stem().string(), [&grader, e, file]() -> std::string {
           const std::string expected = catcher(file);
           if (expected.empty()) return "its first line must be: // caught by stage.check";
           const Verdict v = grader.grade(grader.mutant(e, file));
           const bool red = v.outcome == Outcome::wrong || v.outcome == Outcome::stopped;
           return red && v.failed == expected ? ""
                                              : other_than(("caught by " + expected).c_str(), v);
         }});
  return trials;
}

}  // namespace

int verify(const Grader& grader, const std::string& only, bool with_mutants) {
  std::vector<Trial> trials;
  for (const Exercise& e : grader.exercises().all())
    if (only.empty() || grader.exercises().find(only).folder == e.folder) {
      const std::vector<Trial> more = trials_of(grader, e, with_mutants);
      trials.insert(trials.end(), more.begin(), more.end());
    }
  std::vector<std::string> problems(trials.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < trials.size(); i = next++)
      try {
        problems[i] = trials[i].problem();
      } catch (const std::exception& error) {
        problems[i] = error.what();
      }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < std::clamp(std::thread::hardware_concurrency(), 1u, 16u); ++i)
    workers.emplace_back(work);
  work();
  for (std::thread& worker : workers)
    worker.join();

  size_t wrong = 0;
  for (size_t i = 0; i < trials.size(); ++i)
    if (!problems[i].empty()) ++wrong, fmt::print("{}: {}\n", trials[i].what, problems[i]);
  fmt::print(
      "{} of {} as they must be: stubs to do, solutions right, mutants caught by the check they "
      "name, "
      "spoilt files red\n",
      trials.size() - wrong, trials.size());
  return wrong == 0 ? 0 : 1;
}

}  // namespace gradus::grader
