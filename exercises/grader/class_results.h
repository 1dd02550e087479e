// The verdicts on a class: as CSV for a spreadsheet, and as a table for the terminal.
#pragma once
#include "exercises/grader/grade.h"
#include "exercises/grader/roster.h"
#include "terminal/terminal.h"

namespace gradus::grader {

inline constexpr const char* kMissing = "missing";
inline constexpr const char* kNotGraded = "not graded";

/// What there is to say about one student's answer to one exercise.
struct ClassResult {
  std::string verdict;             // name_of(outcome), kMissing or kNotGraded; "": none yet
  size_t passed = 0, planned = 0;  // checks
  std::string problem{};           // what failed first, and why
  double seconds = 0;
  std::string sha256{};  // of the answer: equal for equal answers
  bool is_done() const { return !verdict.empty(); }
};

/// The results of all students, one after the other, each in the order of the exercises.
struct ClassResults {
  std::vector<Student> students;
  std::vector<Exercise> exercises;
  std::vector<ClassResult> results;  // students x exercises
  const ClassResult& of(size_t student, size_t exercise) const {
    return results[student * exercises.size() + exercise];
  }
};

/// The result for a verdict. `folder` is the path of the answers in its messages.
ClassResult class_result(const Verdict& verdict, size_t planned, const std::string& folder);

/// The first line of the CSV file.
std::string class_csv_head();
/// The CSV file: a row for each result that there is.
std::string class_csv(const ClassResults& all);

/// A row for each student and a column for each exercise, in several parts if they do not fit into
/// `width` columns.
std::string class_table(const ClassResults& all, int width, terminal::Depth depth);

}  // namespace gradus::grader
