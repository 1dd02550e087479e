// ./run exercise new NAME
#pragma once
#include "exercises/grader/exercise.h"

namespace gradus::grader {

/// Makes the folder of a new exercise, with all its files, from skeleton/. It gets the next number.
Exercise make_exercise(const Exercises& exercises, const std::string& name);

}  // namespace gradus::grader
