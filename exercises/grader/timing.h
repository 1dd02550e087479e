// Measures how long a learner waits between a save and the verdict.
#pragma once
#include "exercises/grader/grade.h"

namespace gradus::grader {

/// Saves every exercise's solution as the learner's file `rounds` times, waits as the watcher does
/// until the change is noticed, and grades it. Prints the median and the 95th percentile of the
/// times. Returns the exit status: 0 if the 95th percentile is at most 1.5 s.
int timing(const Exercises& exercises, int rounds);

}  // namespace gradus::grader
