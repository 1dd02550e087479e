// Grades the answers of a class.
#pragma once
#include <iosfwd>

#include "exercises/grader/grade.h"
#include "terminal/terminal.h"

namespace gradus::grader {

/// What ./run exercise class is asked for.
struct ClassCall {
  std::filesystem::path folder;     // has a folder for each student (roster.h)
  std::filesystem::path roster;     // "": the folders are the class
  std::filesystem::path csv;        // where the results are written
  std::vector<Exercise> exercises;  // that are graded
};

/// Grades every answer, several at once, and prints a table. The CSV file is complete after each
/// answer; Ctrl-C ends after those that are being graded. Nothing is written into `folder`, unless
/// the CSV file is there. Returns the exit status: 0 if every answer has a verdict.
int grade_class(const Grader& grader, const ClassCall& call, terminal::Depth depth);

}  // namespace gradus::grader
