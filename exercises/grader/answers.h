// The learner's answers. No function here loses one: an answer that is replaced is kept.
#pragma once
#include "exercises/grader/exercise.h"

namespace gradus::grader {

/// Makes the answer from its stub if there is none, and those of the exercises that it uses.
void provide_answer(const Exercises& exercises, const Exercise& e);

/// Replaces an answer by the stub. Returns the path under which the answer is kept, "" if it had
/// not been changed.
std::filesystem::path reset_answer(const Exercises& exercises, const Exercise& e);

/// The text of an answer with the #include paths of this version: exercises get other numbers when
/// one is added between them, and earlier versions kept them in lessons/exercises.
std::string with_new_includes(const Exercises& exercises, std::string text);

/// Corrects the #include lines of answers that were written when the exercises had other numbers,
/// and changes nothing else. Returns one line that says which, "" if there was none.
std::string correct_includes(const Exercises& exercises);

/// Moves the answers and the progress that an earlier version of Gradus kept in `earlier`
/// (NN_name/name.cpp, kept/, progress.txt) to exercises.mine, and corrects their #include lines. A
/// file in exercises.mine is never replaced: if it differs, the earlier one goes to kept/. Returns
/// one line that says what was moved, "" if nothing was.
std::string adopt_answers(const Exercises& exercises, const std::filesystem::path& earlier);

}  // namespace gradus::grader
