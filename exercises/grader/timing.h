// How long a learner waits: from a save to the verdict.
#pragma once
#include "exercises/grader/grade.h"

namespace gradus::grader {

/// Saves every exercise's solution as the learner's file `rounds` times, notices it as the watcher
/// does, and grades it. Prints the median and the 95th percentile, which must be at most 1.5 s; the
/// exit status.
int timing(const Exercises& exercises, int rounds);

}  // namespace gradus::grader
