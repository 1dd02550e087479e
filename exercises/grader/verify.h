// Tests the grader and the exercises: every stub must be to do, every solution right, and every
// mutant must be caught by the check that it names.
#pragma once
#include "exercises/grader/grade.h"

namespace gradus::grader {

/// Grades the stub, the solution and, if asked for, the mutants of one exercise, or of all if
/// `only` is empty. Returns the exit status.
int verify(const Grader& grader, const std::string& only = "", bool with_mutants = true);

}  // namespace gradus::grader
