// The sources of the lessons and of the layers, for showing code beside what it computed. The build
// embeds them (embed_sources.cmake), so the excerpts are from the code that was compiled.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gradus::lessons {

/// The place of a call. A function with the last parameter `Here here = Here::current()` learns
/// where it was called. (clang++ 14 does not have std::source_location.)
struct Here {
  std::string_view file;
  int line;
  static constexpr Here current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// Lines of a source. Each has the number that it has in the file.
struct Excerpt {
  std::string file;  // from the root of the tree, such as "nn/gelu.h"
  std::vector<std::pair<int, std::string>> lines = {};
};

/// A file as it was when the lessons were built.
struct EmbeddedFile {
  std::string_view path, text;
};
/// All embedded files. Its definition is written by embed_sources.cmake.
const std::vector<EmbeddedFile>& embedded_files();
/// The embedded file with this path; a path from the compiler may have folders before it. Throws if
/// there is none.
const EmbeddedFile& embedded_file(std::string_view path);

/// The definition of a function or a type, with the /// comment above it. Throws if the file does
/// not have it.
Excerpt definition(std::string_view path, std::string_view name);

/// One statement of a function's body, from the first line of the comment above it.
struct Statement {
  int first_line, last_line;
  Excerpt code;       // without the calls that only print; no lines if nothing is left
  bool calls_helper;  // it hands the lesson to a function, which prints
  bool prints;        // a call that prints what it computes; it is shown
};
/// The statements between the line (of a call of lesson.step) and the next call of lesson.step, or
/// the end of the function.
std::vector<Statement> statements_after(std::string_view path, int line);

}  // namespace gradus::lessons
