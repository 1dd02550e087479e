// From an answer to a verdict: compile the answer, link it with the checks, run them under limits,
// and read their report.
#pragma once
#include <string>
#include <vector>

#include "exercises/grader/exercise.h"

namespace gradus::grader {

enum class Outcome { right, to_do, wrong, does_not_compile, stopped };
/// "right", "to do", "wrong", "does not compile" or "stopped".
const char* name_of(Outcome outcome);
/// The exit status of `./run exercise NAME`: 0 right, 1 wrong or to do, 2 does not compile, 3
/// time-out or crash.
int exit_status(Outcome outcome);

struct CheckResult {
  enum State { passed, failed, to_do, not_reached, could_not_run };
  std::string stage, name;
  State state = not_reached;
  std::vector<std::string> notes;
  std::string missing;  // why it could not run
  std::string full_name() const { return stage + "." + name; }
};

struct Verdict {
  Outcome outcome = Outcome::stopped;
  std::vector<CheckResult> checks;
  std::string failed;    // the first check that did not pass, "gradient.of_x"; "" if none was run
  std::string message;   // what is wrong: a sentence in the first line, then details
  std::string printed;   // the output of the answer
  std::string compiler;  // the output of the compiler
  std::string sha256;    // of the file that was compiled
  double compile_seconds = 0, seconds = 0;
  /// Whether other programs on this machine may be the reason: a time limit was reached, or it was
  /// killed.
  bool disturbed = false;
};

/// The file of an answer, and the answers to the other exercises that it uses.
struct Answer {
  Exercise exercise;
  std::filesystem::path file;
  std::vector<std::filesystem::path> used;
  std::string label;  // names the folder of its object files
};

/// How CMake set up the build: the commands with which an answer is compiled and linked.
struct BuildCommands {
  explicit BuildCommands(const std::filesystem::path& build);
  std::string cmake, compile, directory, link, libraries;
};

class Grader {
 public:
  explicit Grader(Exercises exercises);
  /// The same for the answers in another folder.
  Grader with_answers(const std::filesystem::path& folder) const;
  Verdict grade(const Answer& answer) const;
  const Exercises& exercises() const { return exercises_; }

  Answer mine(const Exercise& e) const;
  Answer stub(const Exercise& e) const;
  Answer solution(const Exercise& e) const;
  Answer mutant(const Exercise& e, const std::filesystem::path& file) const;

 private:
  Exercises exercises_;
  BuildCommands commands_;
};

}  // namespace gradus::grader
