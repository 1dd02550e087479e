// What the learner has done: a plain text file, and answers that are never lost.
#pragma once
#include <map>

#include "exercises/grader/grade.h"

namespace gradus::grader {

/// A line for each exercise, "06_rms_norm right 1 hint", and one that says which is the current.
class Progress {
 public:
  explicit Progress(const Exercises& exercises);
  struct State {
    std::string verdict = "new";  // or "to do", "wrong", "right"
    size_t hints = 0;             // that were looked at
  };
  State of(const Exercise& e) const;
  void set(const Exercise& e, const State& state);
  /// The exercise to work on; at first the first.
  Exercise current() const;
  void set_current(const Exercise& e);
  /// The next one that is not right yet, from the first again after the last; e itself if there is
  /// no other.
  Exercise after(const Exercise& e) const;
  /// Remembers what a check gave.
  void note(const Exercise& e, Outcome outcome);

 private:
  void write() const;
  const Exercises& exercises_;
  std::filesystem::path file_;
  std::map<std::string, State> states_;
  std::string current_;
};

/// Makes the answer from its stub if there is none.
void provide_answer(const Exercises& exercises, const Exercise& e);
/// Puts the stub back in the place of an answer. The answer is kept under the path returned, "" if
/// there was nothing.
std::filesystem::path reset_answer(const Exercises& exercises, const Exercise& e);
/// The order, what was reached, and the hints used.
std::string list_text(const Exercises& exercises, const Progress& progress);
/// Makes the files of a further exercise from those in skeleton/; returns its folder.
Exercise make_exercise(const Exercises& exercises, const std::string& name);

}  // namespace gradus::grader
