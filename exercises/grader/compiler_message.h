// Explains the first error of a beginner's file in one sentence: file, line, and what to do.
#pragma once
#include <filesystem>
#include <string>

namespace gradus::grader {

/// Explains the output of g++ or clang++ for `file`, whose text is `source`.
std::string compiler_message(const std::string& output, const std::filesystem::path& file,
                             const std::string& source);
/// Explains the output of the linker.
std::string linker_message(const std::string& output, const std::filesystem::path& file);

}  // namespace gradus::grader
