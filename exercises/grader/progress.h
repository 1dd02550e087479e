// A learner's progress, in a plain text file.
#pragma once
#include <functional>
#include <map>

#include "exercises/grader/grade.h"

namespace gradus::grader {

/// The file has a line for each exercise, "rms_norm right 1 hint", and a line that names the
/// current one. Several sessions may use it at once: each change reads the file again, under a
/// lock.
class Progress {
 public:
  explicit Progress(const Exercises& exercises);
  /// Reads the file again.
  void read();
  struct State {
    std::string verdict = "new";  // "new", "to do", "wrong" or "right"
    size_t hints = 0;             // how many the learner has read
  };
  State of(const Exercise& e) const;
  void set(const Exercise& e, const State& state);
  /// Remembers that so many hints were read, if it is more than before.
  void note_hints(const Exercise& e, size_t hints);
  /// The exercise to work on. A new learner begins with the first.
  Exercise current() const;
  void set_current(const Exercise& e);
  /// The next exercise that is not right yet; the search continues at the first one. Returns e if
  /// there is no other.
  Exercise after(const Exercise& e) const;
  /// Remembers the outcome of a check.
  void note(const Exercise& e, Outcome outcome);

 private:
  void change(const std::function<void()>& f);
  void write() const;
  const Exercises& exercises_;
  std::filesystem::path file_;
  std::map<std::string, State> states_;
  std::string current_;
};

/// The exercises in order, with the last verdict and the number of hints used.
std::string list_text(const Exercises& exercises, const Progress& progress);

}  // namespace gradus::grader
