// What proves the grader: every stub is to do, every solution is right, every mutant is caught by
// the check it names.
#pragma once
#include "exercises/grader/grade.h"

namespace gradus::grader {

/// Grades the stub, the solution and, if asked, the mutants of the exercises (all of them, or the
/// one named); the exit status.
int verify(const Grader& grader, const std::string& only = "", bool with_mutants = true);

}  // namespace gradus::grader
