#include "exercises/grader/exercise.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tensor/error.h"

namespace gradus::grader {

namespace fs = std::filesystem;

bool Exercise::is_numbered() const {
  const auto is_digit = [this](size_t i) { return folder[i] >= '0' && folder[i] <= '9'; };
  return folder.size() > 3 && is_digit(0) && is_digit(1) && folder[2] == '_';
}

std::vector<Exercise> Exercises::all() const {
  std::vector<Exercise> list;
  for (const auto& entry : fs::directory_iterator(source)) {
    const Exercise e{entry.path().filename().string()};
    if (entry.is_directory() && e.is_numbered()) list.push_back(e);
  }
  std::sort(list.begin(), list.end(),
            [](const Exercise& a, const Exercise& b) { return a.folder < b.folder; });
  return list;
}

Exercise Exercises::find(const std::string& which) const {
  std::string names;
  const Exercise folder{which};
  for (const Exercise& e : all()) {
    const bool is_folder = folder.is_numbered() && folder.name() == e.name();
    if (is_folder || which == e.name() || which == e.number() || "0" + which == e.number())
      return e;
    names += " " + e.folder;
  }
  fail("there is no exercise '{}'; the exercises are{}", which, names);
}

std::vector<Exercise> Exercises::used_by(const Exercise& e) const {
  std::vector<Exercise> list;
  const std::string text = read_text(header(e));
  for (const Exercise& other : all())
    if (other.folder != e.folder &&
        text.find("\"exercises/" + other.folder + "/") != std::string::npos)
      list.push_back(other);
  return list;
}

std::vector<fs::path> Exercises::mutants(const Exercise& e) const {
  std::vector<fs::path> list;
  if (!fs::is_directory(source / e.folder / "mutants")) return list;
  for (const auto& entry : fs::directory_iterator(source / e.folder / "mutants"))
    if (entry.path().extension() == ".cpp") list.push_back(entry.path());
  std::sort(list.begin(), list.end());
  return list;
}

std::vector<std::string> Exercises::hints(const Exercise& e) const {
  std::vector<std::string> parts;
  for (const std::string& line : lines_of(read_text(source / e.folder / "hints.md"))) {
    if (line.starts_with("# "))
      parts.emplace_back();
    else if (!parts.empty())
      parts.back() += line + "\n";
  }
  return parts;
}

std::string Exercises::shown(const fs::path& path) const {
  const fs::path from_root = path.lexically_relative(source.parent_path());
  const bool is_inside = !from_root.empty() && *from_root.begin() != "..";
  return (is_inside ? from_root : path).string();
}

bool is_taken(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  check(in.good(), "{} cannot be read", file.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  check(out.good(), "{} cannot be written", file.string());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace gradus::grader
