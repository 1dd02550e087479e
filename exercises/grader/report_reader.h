// Reads the report that the checks write (report.h).
#pragma once
#include "exercises/grader/grade.h"

namespace gradus::grader {

/// Adds the results in the report to the verdict. Returns whether the checks ran to their end.
bool read_report(const std::string& text, Verdict& verdict);

}  // namespace gradus::grader
