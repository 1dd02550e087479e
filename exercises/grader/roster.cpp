#include "exercises/grader/roster.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "exercises/grader/csv.h"
#include "exercises/grader/exercise.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// The answers may be in a folder my/: then all of it was handed in.
fs::path answers_in(const fs::path& folder) {
  const fs::path inner = folder / "my";
  if (!is_folder(inner) || fs::is_symlink(inner)) return folder;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".cpp") return folder;
  return inner;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::string small_letters(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// One row of the roster. A comma in a name that is not quoted is recognised by the folder.
Student student_of(const std::vector<std::string>& row, const std::set<std::string>& folders) {
  const std::string line = trimmed(fmt::format("{}", fmt::join(row, ",")));
  if (row.size() == 1 || folders.contains(line)) return {"", line, ""};
  return {trimmed(row[0]), trimmed(row[1]), ""};
}

/// The students of the roster, without their folders. The first line may be a head.
std::vector<Student> listed_students(const fs::path& file, const std::set<std::string>& folders) {
  const std::string name = file.string();
  check(is_file(file), "the roster {} is not a file", name);
  std::vector<Student> students;
  std::set<std::string> seen;
  size_t number = 0;
  for (const std::vector<std::string>& row : csv_rows(read_text(file))) {
    ++number;
    const Student student = student_of(row, folders);
    const std::string head = small_letters(student.id + "," + student.name);
    if (student.shown().empty()) continue;
    if (number == 1 && (head == "id,name" || head == ",name")) continue;
    const std::string key = student.id.empty() ? student.name : student.id;
    check(seen.insert(key).second,
          "the roster {}, row {}: '{}' is there twice; give each student an id, as in 17,{}", name,
          number, key, student.shown());
    students.push_back(student);
  }
  check(!students.empty(), "the roster {} has no names", name);
  return students;
}

/// Gives each student the folder with the student's id or name, and removes it from `folders`.
void find_folders(Roster& roster, const fs::path& folder, std::set<std::string>& folders) {
  std::map<std::string, int> same_name;
  for (const Student& student : roster.students)
    ++same_name[student.name];
  for (Student& student : roster.students) {
    const bool is_unique = same_name[student.name] == 1;
    std::string found;
    if (!student.id.empty() && folders.contains(student.id))
      found = student.id;
    else if (is_unique && folders.contains(student.name))
      found = student.name;
    if (!found.empty()) {
      student.answers = answers_in(folder / found);
      folders.erase(found);
    } else if (!is_unique && folders.contains(student.name)) {
      roster.notices.push_back(
          fmt::format("{} {}: this name is in the roster more than once; the folder must have the "
                      "id as its name",
                      student.id, student.name));
    } else {
      roster.notices.push_back(
          fmt::format("{}: in the roster, but has no folder", student.shown()));
    }
  }
}

}  // namespace

Roster students_of(const fs::path& folder, const fs::path& roster,
                   const std::vector<fs::path>& also) {
  check(is_folder(folder), "{} is not a folder", folder.string());
  Roster result;
  std::set<std::string> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool is_expected = std::any_of(also.begin(), also.end(), [&](const fs::path& file) {
      std::error_code missing;
      return fs::equivalent(entry.path(), file, missing);
    });
    if (is_hidden(entry.path()) || is_expected) continue;
    const std::string name = entry.path().filename().string();
    if (is_folder(entry.path()))
      folders.insert(name);
    else
      result.notices.push_back(fmt::format("{}: a file that is in no student's folder", name));
  }
  std::sort(result.notices.begin(), result.notices.end());
  check(!folders.empty(), "{} has no folders: each student needs one, with the answers in it",
        folder.string());
  if (!roster.empty()) {
    result.students = listed_students(roster, folders);
    find_folders(result, folder, folders);
  }
  for (const std::string& name : folders) {  // those that the roster does not have
    result.students.push_back({"", name, answers_in(folder / name)});
    if (!roster.empty())
      result.notices.push_back(fmt::format("{}: has a folder, but is not in the roster", name));
  }
  return result;
}

}  // namespace gradus::grader
