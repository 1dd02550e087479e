// What the tests of the grader share.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "exercises/grader/grade.h"
#include "tests/name_of_test.h"

namespace gradus::grader::tests {

/// Exercises with an empty folder of answers for this test alone.
inline Exercises scratch(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path root = GRADUS_SOURCE_DIR "/exercises";
  Exercises exercises{root, GRADUS_BUILD_DIR,
                      fs::path(GRADUS_BUILD_DIR) / "answers" / name_of_test() / name};
  fs::remove_all(exercises.mine);
  return exercises;
}

/// The exercises of the source tree; the answers are nowhere.
inline Exercises all_exercises() {
  return {GRADUS_SOURCE_DIR "/exercises", GRADUS_BUILD_DIR, "/nowhere"};
}

/// "exercises/NN_name/" with the exercise's number.
inline std::string path_of(const std::string& name) {
  return "exercises/" + all_exercises().find(name).folder + "/";
}

/// The first line of an answer.
inline std::string include_of(const std::string& name) {
  return "#include \"" + path_of(name) + name + ".h\"\n";
}

/// The verdict on this text as the answer to an exercise.
inline Verdict verdict_on(const std::string& exercise, const std::string& text,
                          const std::string& name) {
  const Grader grader(scratch(name));
  const Exercise e = grader.exercises().find(exercise);
  write_text(grader.exercises().answer(e), text);
  return grader.grade(grader.mine(e));
}

inline std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The verdict for the message of a failed test.
inline std::string in_words(const Verdict& v) {
  return v.failed + ": " + v.message + "\nprinted: " + v.printed + "\ncompiler: " + v.compiler;
}

}  // namespace gradus::grader::tests
