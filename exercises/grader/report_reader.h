// Reads the plan of the checks, and the report that they write (report.h).
#pragma once
#include "exercises/grader/grade.h"

namespace gradus::grader {

/// The checks that checks.cpp declares: TEST(stage, name). Throws if one has no stage, or if the
/// stages are not in their order.
std::vector<CheckResult> planned_checks(const std::string& text_of_checks);

enum class ReportState {
  complete,    // the checks ran to their end
  unfinished,  // the program ended before
  spoilt,      // it has a line that the checks did not write, or not in this order
};

/// Adds the results in the report to the verdict, whose checks are those of the plan. `key` is with
/// what every line begins.
ReportState read_report(const std::string& text, const std::string& key, Verdict& verdict);

}  // namespace gradus::grader
