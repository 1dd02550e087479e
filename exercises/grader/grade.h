// From an answer to a verdict: compile it, link it with the checks, run them under limits, read
// their report.
#pragma once
#include <optional>

#include "exercises/grader/exercise.h"

namespace gradus::grader {

enum class Outcome { right, to_do, wrong, does_not_compile, stopped };
/// What `./run exercise NAME` ends with: 0 right, 1 wrong or to do, 2 does not compile, 3 time-out
/// or crash.
int exit_status(Outcome outcome);

struct CheckResult {
  enum State { passed, failed, to_do, not_reached };
  std::string stage, name;
  State state = not_reached;
  std::vector<std::string> notes;
};

struct Verdict {
  Outcome outcome = Outcome::stopped;
  std::vector<CheckResult> checks;
  std::string failed;    // "gradient.of_x": the check that is not passed, if one was reached
  std::string message;   // what is wrong; the first line says it, the others show it
  std::string printed;   // what the answer wrote to its output
  std::string compiler;  // everything the compiler said
  std::string sha256;    // of the file that was compiled
  double compile_seconds = 0, seconds = 0;
};

/// An answer's place, and those of the other exercises that it is built on.
struct Answer {
  Exercise exercise;
  std::filesystem::path file;
  std::vector<std::filesystem::path> used;
  std::string label;  // of its folder for object files
};

class Grader {
 public:
  explicit Grader(Exercises exercises);
  Verdict grade(const Answer& answer) const;
  const Exercises& exercises() const { return exercises_; }

  Answer mine(const Exercise& e) const;
  Answer stub(const Exercise& e) const;
  Answer solution(const Exercise& e) const;
  Answer mutant(const Exercise& e, const std::filesystem::path& file) const;

 private:
  /// When the library's headers, which are compiled beforehand, last changed.
  std::filesystem::file_time_type headers_changed() const;

  Exercises exercises_;
  std::string cmake_, compile_, directory_, link_, libraries_;  // how the build was set up
};

}  // namespace gradus::grader
