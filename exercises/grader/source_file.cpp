#include "exercises/grader/source_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace gradus::grader {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kMostBytes = 1 << 20;

/// The paths in a list of dependencies: "target: path path \", with "\ " for a space in a path.
std::vector<std::string> paths_in(const std::string& dependencies) {
  std::vector<std::string> paths(1);
  for (size_t i = 0; i < dependencies.size(); ++i) {
    const char c = dependencies[i];
    const char next = i + 1 < dependencies.size() ? dependencies[i + 1] : '\n';
    const bool is_escaped =
        (c == '\\' && (next == ' ' || next == '#')) || (c == '$' && next == '$');
    if (is_escaped) {
      paths.back() += next;
      ++i;
    } else if (c == ' ' || c == '\n' || (c == '\\' && next == '\n')) {
      if (!paths.back().empty()) paths.emplace_back();
    } else {
      paths.back() += c;
    }
  }
  return paths;
}

/// The first bytes of a file that is not UTF-8 say what it is. Zeros in the text of a program mean
/// two bytes for each letter, or no text at all.
std::string problem_of_bytes(const std::string& text) {
  const bool has_utf16_mark = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  const size_t zeros = static_cast<size_t>(std::count(text.begin(), text.end(), '\0'));
  const bool looks_like_utf16 =
      text.size() % 2 == 0 && 5 * zeros > 2 * text.size() && 5 * zeros < 3 * text.size();
  if (has_utf16_mark || looks_like_utf16)
    return "is written in UTF-16: save it as UTF-8 (in the editor, \"save with encoding\")";
  if (zeros > 0) return "is a binary file: an answer is the text of a C++ program";
  return "";
}

}  // namespace

std::string problem_of_source(const Exercises& exercises, const fs::path& file) {
  const std::string name = exercises.shown(file);
  const std::string advice = "; x in ./run exercise puts the stub in its place";
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return name + " does not exist" + advice;
  if (fs::is_directory(status)) return name + " is a folder and no file" + advice;
  if (!fs::is_regular_file(status)) return name + " is a device or a pipe and no file" + advice;
  const uintmax_t size = fs::file_size(file, error);
  if (size > kMostBytes)
    return fmt::format("{} has {} MB: an answer has a few KB{}", name, size >> 20, advice);
  std::ifstream in(file, std::ios::binary);
  if (!in.good()) return name + " cannot be read: its permissions do not allow it";
  const std::string problem = problem_of_bytes(read_text(file));
  return problem.empty() ? "" : name + " " + problem;
}

std::string included_solution(const Exercises& exercises, const fs::path& file,
                              const fs::path& dependencies) {
  std::error_code missing;
  for (const std::string& path : paths_in(read_text(dependencies))) {
    if (path.empty() || path.ends_with(":")) continue;
    for (const Exercise& e : exercises.all()) {
      const fs::path solution = exercises.solution(e);
      // Links to the solution count, too. The grader itself grades solutions as answers.
      const bool is_the_answer = path == file && file == solution;
      if (!is_the_answer && fs::equivalent(path, solution, missing))
        return exercises.shown(solution);
    }
  }
  return "";
}

}  // namespace gradus::grader
