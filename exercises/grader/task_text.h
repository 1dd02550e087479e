// What an exercise says to its learner: the task, and what to know after passing.
#pragma once
#include "exercises/grader/progress.h"

namespace gradus::grader {

/// The file to edit, and from the README the idea, the formula and the shapes.
std::string short_task(const Exercises& exercises, const Exercise& e, int width);

/// The complete README.
std::string complete_task(const Exercises& exercises, const Exercise& e, int width);

/// After passing: what to remember, the next exercise, and the answer beside one solution.
std::string after_passing(const Exercises& exercises, const Exercise& e, const Progress& progress,
                          int width);

}  // namespace gradus::grader
