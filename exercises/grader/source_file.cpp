#include "exercises/grader/source_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

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

/// A file, by whatever path or link: its device and its number there.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const fs::path& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return {};
  return Identity{facts.st_dev, facts.st_ino};
}

}  // namespace

std::string problem_of_source(const Exercises& exercises, const fs::path& file) {
  const std::string name = exercises.shown(file);
  const std::string advice = "; x in ./run exercise replaces it by the stub";
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return name + " does not exist" + advice;
  if (fs::is_directory(status)) return name + " is a folder, not a file" + advice;
  if (!fs::is_regular_file(status)) return name + " is a device or a pipe, not a file" + advice;
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
  std::map<Identity, fs::path> solutions;
  for (const Exercise& e : exercises.all())
    if (const auto solution = identity_of(exercises.solution(e)))
      solutions[*solution] = exercises.solution(e);
  for (const std::string& path : paths_in(read_text(dependencies))) {
    if (path.empty() || path.ends_with(":")) continue;
    const std::optional<Identity> included = identity_of(path);
    const auto found = included ? solutions.find(*included) : solutions.end();
    // Links to the solution count, too. The grader itself grades solutions as answers.
    if (found != solutions.end() && !(path == file && file == found->second))
      return exercises.shown(found->second);
  }
  return "";
}

}  // namespace gradus::grader
