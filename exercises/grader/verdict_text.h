// Writes a verdict as text for the learner.
#pragma once
#include "exercises/grader/grade.h"
#include "terminal/terminal.h"

namespace gradus::grader {

/// The stages in one paragraph, then what is wrong, then which file was graded.
std::string verdict_text(const Exercises& exercises, const Exercise& e, const Verdict& verdict,
                         int width, terminal::Depth depth);

std::string green(const std::string& text, terminal::Depth depth);
std::string red(const std::string& text, terminal::Depth depth);
std::string yellow(const std::string& text, terminal::Depth depth);

}  // namespace gradus::grader
