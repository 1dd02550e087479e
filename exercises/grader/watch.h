// The current exercise on the terminal: checked on every save, steered by keys.
#pragma once
#include "exercises/grader/progress.h"
#include "lessons/kit/terminal.h"

namespace gradus::grader {

/// Runs until q, the end of the input, or a signal; the terminal is then as it was before. The exit
/// status.
int watch(const Grader& grader, Progress& progress, terminal::Depth depth);

/// What of an answer's files a save changes.
class Stamp {
 public:
  Stamp() = default;
  explicit Stamp(const Answer& answer);
  bool operator==(const Stamp&) const = default;
  bool complete() const { return complete_; }

 private:
  std::vector<std::pair<int64_t, uintmax_t>> files_;  // time and size
  bool complete_ = true;  // else a file is missing: an editor may be replacing it
};

/// How often a changed file is looked for.
constexpr int kPollMilliseconds = 200;

}  // namespace gradus::grader
