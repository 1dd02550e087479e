// The current exercise in the terminal: checked on every save, controlled by keys.
#pragma once
#include "exercises/grader/progress.h"
#include "terminal/terminal.h"

namespace gradus::grader {

/// Shows the current exercise until the learner presses q, the input ends or a signal arrives; the
/// terminal is restored. `notice` is shown on the first page. Returns the exit status.
int watch(const Grader& grader, Progress& progress, terminal::Depth depth,
          const std::string& notice = "");

/// The times and sizes of an answer's files. A save changes them.
class Stamp {
 public:
  Stamp() = default;
  explicit Stamp(const Answer& answer);
  bool operator==(const Stamp&) const = default;
  bool complete() const { return complete_; }

 private:
  std::vector<std::pair<int64_t, uintmax_t>> files_;  // time and size
  bool complete_ = true;                              // false while a file is missing
};

/// The files are checked for changes at this interval.
constexpr int kPollMilliseconds = 200;

}  // namespace gradus::grader
