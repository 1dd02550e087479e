// The file of an answer, before and after it is compiled.
#pragma once
#include "exercises/grader/exercise.h"

namespace gradus::grader {

/// Why this cannot be the text of an answer: a folder, a binary file, UTF-16, ... A sentence that
/// begins with the name of the file, or "".
std::string problem_of_source(const Exercises& exercises, const std::filesystem::path& file);

/// The solution that the answer `file` includes, as a path to show, or "". `dependencies` is the
/// list of all files that the compiler has read, in the form of make.
std::string included_solution(const Exercises& exercises, const std::filesystem::path& file,
                              const std::filesystem::path& dependencies);

}  // namespace gradus::grader
