// Writes a verdict as text for the learner.
#pragma once
#include "exercises/grader/grade.h"
#include "terminal/terminal.h"

namespace gradus::grader {

/// The stages in at most two lines, then what is wrong.
std::string verdict_text(const Exercise& e, const Verdict& verdict, int width,
                         terminal::Depth depth);

/// Which file was graded, and how long it took.
std::string graded_text(const Exercises& exercises, const Exercise& e, const Verdict& verdict,
                        int width, terminal::Depth depth);

/// The pieces, which may have colours, in lines of at most `width` columns, with `gap` spaces
/// between them.
std::string in_lines(const std::vector<std::string>& pieces, int width, int gap = 3);

std::string green(const std::string& text, terminal::Depth depth);
std::string red(const std::string& text, terminal::Depth depth);
std::string yellow(const std::string& text, terminal::Depth depth);

}  // namespace gradus::grader
